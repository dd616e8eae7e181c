/** How far apart two files of an artifact are: tensors by group, numbers in JSON, else bytes. @module */
import { hostTensor } from "../../models/stored_tensor.ts";
import { readWeights } from "../../models/weights_file.ts";
import type { DifferingFile } from "../../pipeline/mod.ts";

/** What was found. */
export interface FileDistance {
  /** Output and file, e.g. `"nets/weights.safetensors"`. */
  readonly file: string;
  /** One line a group of tensors, or one for the file. */
  readonly lines: readonly string[];
  /** The largest relative difference, where numbers could be compared. */
  readonly relative?: number;
}

/** Compares the bytes before with those after. */
export async function fileDistance({ output, file, before, after }: DifferingFile): Promise<FileDistance> {
  const name = `${output}/${file}`;
  if (before === undefined || after === undefined) {
    return { file: name, lines: [before === undefined ? "was not there before" : "is not there now"] };
  }
  const [old, now] = [await Deno.readFile(before), await Deno.readFile(after)];
  const numbers = file.endsWith(".safetensors")
    ? await tensorDistance(old, now)
    : file.endsWith(".json")
    ? jsonDistance(old, now)
    : undefined;
  return { file: name, ...(numbers ?? { lines: [byteDistance(old, now)] }) };
}

type Found = Pick<FileDistance, "lines" | "relative">;

/** max |a − b| / max |a| of a tensor; the largest of each group, a group being what the first two parts of a name tell. */
async function tensorDistance(
  before: Uint8Array<ArrayBuffer>,
  after: Uint8Array<ArrayBuffer>,
): Promise<Found | undefined> {
  let old, now;
  try {
    old = (await readWeights(before, "before")).tensors;
    now = (await readWeights(after, "after")).tensors;
  } catch {
    return undefined;
  }
  const groups = new Map<string, { worst: number; tensor: string }>();
  const lines: string[] = [];
  for (const name of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const a = old.get(name), b = now.get(name);
    if (a === undefined || b === undefined || `${a.shape}` !== `${b.shape}`) {
      lines.push(`${name}: ${shape(a)} before, ${shape(b)} now`);
      continue;
    }
    const relative = relativeDistance(hostTensor(a).values, hostTensor(b).values);
    const group = name.split(".").slice(0, 2).join(".");
    if (relative > (groups.get(group)?.worst ?? -1)) groups.set(group, { worst: relative, tensor: name });
  }
  for (const [group, { worst, tensor }] of groups) {
    lines.push(`${group}: ${worst === 0 ? "equal" : `${worst.toExponential(2)} at most, in ${tensor}`}`);
  }
  return { lines, relative: Math.max(0, ...[...groups.values()].map(({ worst }) => worst)) };
}

const shape = (tensor: { readonly shape: readonly number[] } | undefined) =>
  tensor === undefined ? "none" : `[${tensor.shape.join(", ")}]`;

function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0, scale = 0;
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs(a[i]! - b[i]!);
    // NaN on one side only, or infinities of two kinds, are as far apart as can be.
    if (Number.isNaN(apart)) {
      if (!Object.is(a[i], b[i])) return Infinity;
      continue;
    }
    difference = Math.max(difference, apart);
    scale = Math.max(scale, Math.abs(a[i]!));
  }
  return difference === 0 ? 0 : difference / scale;
}

function jsonDistance(before: Uint8Array, after: Uint8Array): Found | undefined {
  let old, now;
  try {
    [old, now] = [before, after].map((bytes) => new Map(leaves(JSON.parse(new TextDecoder().decode(bytes)))));
  } catch {
    return undefined;
  }
  const apart: { name: string; relative: number; text: string }[] = [];
  for (const name of [...new Set([...old!.keys(), ...now!.keys()])].sort()) {
    const [a, b] = [old!.get(name), now!.get(name)];
    if (Object.is(a, b)) continue;
    const isNumber = typeof a === "number" && typeof b === "number";
    const relative = isNumber ? Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b)) : Infinity;
    apart.push({ name, relative, text: `${name}: ${JSON.stringify(a)} before, ${JSON.stringify(b)} now` });
  }
  apart.sort((a, b) => b.relative - a.relative);
  const more = apart.length > 5 ? [`and ${apart.length - 5} more`] : [];
  return {
    lines: [...apart.slice(0, 5).map(({ text }) => text), ...more],
    relative: apart[0]?.relative ?? 0,
  };
}

function leaves(value: unknown, path = ""): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, member]) =>
    leaves(member, path === "" ? name : `${path}.${name}`)
  );
}

function byteDistance(before: Uint8Array, after: Uint8Array): string {
  if (before.length !== after.length) return `${before.length} bytes before, ${after.length} now`;
  let differing = 0;
  for (let i = 0; i < before.length; i++) differing += Number(before[i] !== after[i]);
  return `${differing} of ${before.length} bytes differ`;
}
