/** What the settings, the code and the data of runs differ in, by the parts of their stages' keys. @module */
import type { ComparedRun } from "./compared_run.ts";

/** A part that is not the same in all runs. */
export interface Difference {
  /** Stage and part: `co-train.epochs`. */
  readonly name: string;
  /** Of each run; undefined where the stage or the part is not there, or nothing is known. */
  readonly values: readonly unknown[];
}

/** Differences by kind. */
export interface Differences {
  /** Leaves of configs. */
  readonly settings: readonly Difference[];
  /** Code and packages. */
  readonly code: readonly Difference[];
  /** Files that stages read. */
  readonly files: readonly Difference[];
}

/** Kinds of parts, by their names; seeds and what comes of other stages are none. */
function kindOf(part: string): keyof Differences | undefined {
  if (part.startsWith("config.")) return "settings";
  if (part === "sources") return "files";
  return part === "seed" || part.startsWith("input.") ? undefined : "code";
}

/** What runs differ in, stages in the order of their plans. */
export function differences(runs: readonly Pick<ComparedRun, "plan">[]): Differences {
  const found: Record<keyof Differences, Difference[]> = { settings: [], code: [], files: [] };
  const parts = runs.map(({ plan }) => new Map((plan?.nodes ?? []).map(({ id, parts }) => [id, parts])));
  for (const id of new Set(parts.flatMap((nodes) => [...nodes.keys()]))) {
    for (const part of new Set(parts.flatMap((nodes) => Object.keys(nodes.get(id) ?? {})))) {
      const kind = kindOf(part), values = parts.map((nodes) => nodes.get(id)?.[part]);
      if (kind === undefined || new Set(values.map((value) => JSON.stringify(value))).size === 1) continue;
      found[kind].push({ name: `${id}.${part.replace(/^config\./, "")}`, values });
    }
  }
  return found;
}

/** A value as a table shows it; what is not there is a dash. */
export function shownValue(value: unknown): string {
  return value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);
}
