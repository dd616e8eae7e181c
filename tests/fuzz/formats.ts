/** Damage that goes past a format's first defenses: checksums are made right again over what was changed. @module */
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { join } from "../support/weights/bytes.ts";
import { below, mutate, pick, type Random } from "./mutations.ts";

const text = new TextEncoder();

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0);
  return bytes;
}

/** A PNG's chunks: types and contents. */
function chunksOf(png: Uint8Array): { type: string; content: Uint8Array }[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks = [];
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    chunks.push({ type, content: png.slice(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

/** Changes chunks of a PNG, or the pixels under their compression; lengths and checksums are right. */
export function mutatePng(png: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let chunks = chunksOf(png);
  const kind = below(random, 5);
  if (kind === 0) {
    const header = chunks[0]!.content;
    const sizes = [0, 1, 16, 255, 4096, 16384, 32768, 65535, 2 ** 31 - 1, 2 ** 32 - 1];
    header.set(word(pick(random, sizes)), pick(random, [0, 4]));
    if (random() < 0.5) header[8 + below(random, 5)] = pick(random, [0, 1, 2, 3, 4, 6, 7, 8, 16, 255]);
  } else if (kind === 1) {
    const chunk = pick(random, chunks);
    chunk.content = mutate(chunk.content, random, [chunk.content]);
  } else if (kind === 2) {
    const idat = chunks.find(({ type }) => type === "IDAT");
    if (idat !== undefined) {
      const data = join(chunks.filter(({ type }) => type === "IDAT").map(({ content }) => content));
      const raw = new Uint8Array(inflateSync(data));
      const zeros = pick(random, [0, 0, 1000, 1 << 20, 1 << 24]);
      idat.content = deflateSync(zeros > 0 ? new Uint8Array(zeros) : mutate(raw, random, [raw]));
      chunks = chunks.filter((chunk) => chunk.type !== "IDAT" || chunk === idat);
    }
  } else if (kind === 3) {
    chunks.splice(
      below(random, chunks.length + 1),
      random() < 0.5 ? 1 : 0,
      pick(random, chunksOf(pick(random, others))),
    );
  } else {
    const order = chunks.splice(below(random, chunks.length), 1);
    chunks.splice(below(random, chunks.length + 1), 0, ...order);
  }
  return join([
    png.subarray(0, 8),
    ...chunks.flatMap(({ type, content }) => {
      const body = join([text.encode(type).subarray(0, 4), content]);
      return [word(content.length), body, word(crc32(body))];
    }),
  ]);
}

/** Changes bytes within the entries of a stored (not compressed) zip archive, whose checksums are right again. */
export function mutateZip(zip: Uint8Array, random: Random): Uint8Array {
  const out = zip.slice();
  const view = new DataView(out.buffer);
  const central: { at: number; data: number; size: number }[] = [];
  for (let at = 0; at + 46 <= out.length; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const local = view.getUint32(at + 42, true);
    if (local + 30 > out.length) continue;
    const data = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    central.push({ at, data, size: view.getUint32(at + 20, true) });
  }
  if (central.length === 0) return out;
  // The pickle lies in front, and is what a reader believes most.
  const { at, data, size } = random() < 0.7 ? central[0]! : pick(random, central);
  const content = mutate(out.slice(data, data + size), random, [zip]).subarray(0, size);
  out.set(content, data);
  const checksum = crc32(out.subarray(data, data + size));
  view.setUint32(at + 16, checksum, true);
  view.setUint32(view.getUint32(at + 42, true) + 14, checksum, true);
  return out;
}

/** Sets the size in a JPEG's frame header, its sampling factors or its tables' numbers to extremes. */
export function mutateJpeg(jpeg: Uint8Array, random: Random): Uint8Array {
  const out = jpeg.slice();
  const frames = [...out.keys()].filter((at) =>
    out[at] === 0xff && [0xc0, 0xc1, 0xc2].includes(out[at + 1]!)
  );
  const at = pick(random, frames.length > 0 ? frames : [0]);
  if (random() < 0.6) {
    const size = pick(random, [0, 1, 17, 256, 4096, 16384, 65500, 65535]);
    const side = at + pick(random, [5, 7]);
    out[side] = size >> 8;
    out[side + 1] = size & 255;
  } else {
    out[at + 4 + below(random, 14)] = pick(random, [0, 1, 0x11, 0x22, 0x44, 0x41, 3, 4, 0xff]);
  }
  return out;
}

/** Values that a reader of JSON may not be prepared for. */
function odd(random: Random): unknown {
  return pick<() => unknown>(random, [
    () => null,
    () => true,
    () => -1,
    () => 0.5,
    () => 2 ** 53,
    () => 1e308,
    () => "",
    () => "../../../etc/passwd",
    () => "/etc/passwd",
    () => "C:\\Windows",
    () => "\ud800",
    () => "\0",
    () => "\u001b[2J",
    () => "x".repeat(1 << pick(random, [4, 10, 16])),
    () => [],
    () => ({}),
    () => ({ __proto__: null, constructor: 1, length: 7 }),
    () => Array(1000).fill(0),
    () => "f".repeat(64),
  ])();
}

/** Sets a member, even one called `__proto__`. */
function set(holder: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Replaces, removes, renames or doubles a member somewhere in a value. */
export function mutateJson(value: unknown, random: Random): unknown {
  const copy = structuredClone(value);
  const holders: (Record<string, unknown> | unknown[])[] = [];
  const walk = (at: unknown) => {
    if (typeof at !== "object" || at === null) return;
    holders.push(at as Record<string, unknown>);
    for (const inner of Object.values(at)) walk(inner);
  };
  walk(copy);
  for (let times = pick(random, [1, 1, 2]); times > 0; times--) {
    const holder = pick(random, holders) as Record<string, unknown>;
    const names = Object.keys(holder);
    if (names.length === 0) return odd(random);
    const name = pick(random, names);
    const kind = below(random, 6);
    if (kind === 0) delete holder[name];
    else if (kind === 1) {
      const other = pick(random, ["__proto__", "constructor", "../x", "", "toString", "a\nb"]);
      set(holder, other, holder[name]);
    } else if (kind === 2) set(holder, name, structuredClone(pick(random, Object.values(holder))));
    else if (kind === 3 && typeof holder[name] === "string") {
      const old = holder[name] as string;
      const at = below(random, old.length + 1);
      const changed = old.slice(0, at) + pick(random, ["/", "..", "\\", "0", "é", "\0"]) + old.slice(at + 1);
      set(holder, name, changed);
    } else set(holder, name, odd(random));
  }
  return copy;
}

/** JSON with a member changed, or with its text damaged: nested without end, numbers too large, names twice. */
export function mutateJsonText(json: string, random: Random): string {
  if (random() < 0.8) return JSON.stringify(mutateJson(JSON.parse(json), random)) ?? "null";
  const deep = pick(random, [10, 1000, 100_000]);
  const insert = pick(random, [
    "[".repeat(deep) + "]".repeat(deep),
    '{"a":'.repeat(deep),
    "1e999",
    "-0",
    '"\\ud800"',
    ",",
    "\u0000",
  ]);
  const at = below(random, json.length + 1);
  const end = json.indexOf(pick(random, [",", "}", ":"]), at);
  return json.slice(0, at) + insert + json.slice(random() < 0.5 || end < 0 ? at : end);
}

/** A safetensors file with a header that was changed and a length that fits, mostly. */
export function mutateSafetensors(file: Uint8Array, random: Random): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(file.subarray(8, 8 + length));
  const changed = text.encode(mutateJsonText(header, random));
  const size = new Uint8Array(8);
  const lie = pick(random, [changed.length, changed.length, changed.length, changed.length + 1, 2 ** 30]);
  new DataView(size.buffer).setBigUint64(0, BigInt(lie), true);
  return join([size, changed, file.subarray(8 + length)]);
}

/** An id list with lines, separators and paths that do harm. */
export function mutateList(list: string, random: Random): string {
  const lines = list.split("\n");
  const at = below(random, lines.length);
  const line = lines[at]!;
  const bad = [
    "../../etc/passwd.jpg a.png",
    "/etc/passwd.jpg a.png",
    "C:/a.jpg b.png",
    "a\\..\\b.jpg c.png",
    "a/./b.jpg c.png",
    "a//b.jpg c.png",
    "a\0.jpg b.png",
    "a.jpg b.png c.jpg d.png",
    `${"a/".repeat(pick(random, [10, 3000, 40_000]))}a.jpg b.png`,
    `${"a ".repeat(pick(random, [10, 3000, 40_000]))}a.jpg b.png`,
    `${"a.jpg ".repeat(pick(random, [3, 300, 5000]))}`,
    "a.jpg",
    "\u202egpj.a b.png",
    "\u001b[2J.jpg b.png",
    " ",
    "__proto__.jpg constructor.png",
    "ａ.jpg ｂ.png",
    line.replaceAll("/", "\u2215"),
    line.toUpperCase(),
    line.replace(" ", "\t"),
    line + "\r",
    line.repeat(3),
  ];
  lines[at] = pick(random, bad);
  if (random() < 0.2) lines.push(pick(random, lines));
  return lines.join(pick(random, ["\n", "\n", "\n", "\r\n", "\r", "\u2028"]));
}

/** A YAML mapping with anchors, tags, nesting and values that do harm. */
export function mutateYaml(yaml: string, random: Random): string {
  const deep = pick(random, [5, 5, 200, 200, 2000, 20_000]);
  const bombs = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
  const values = [
    "!!js/function 'x'",
    "!!python/object/apply:os.system ['x']",
    "&a [*a]",
    "*nobody",
    "[".repeat(deep),
    "[".repeat(deep) + "]".repeat(deep),
    "{a: ".repeat(deep) + "}".repeat(deep),
    "- ".repeat(deep),
    "? ".repeat(deep),
    "0o17",
    "1e999",
    ".nan",
    "-.inf",
    "0x7fffffffffffffffff",
    "2026-01-01",
    "12:30:45",
    "yes",
    "~",
    "",
    "|\n  text\n text",
    '"\\ud800"',
    '"\\x00\\e[2J"',
    "!!binary AAAA",
    "!!set {a, b}",
    "<<: *a",
    "9".repeat(deep),
    "'".repeat(deep),
  ];
  const lines = yaml.split("\n");
  const at = below(random, lines.length);
  const kind = below(random, 6);
  const key = lines[at]!.split(":")[0]!;
  if (kind < 3) lines[at] = `${key}: ${pick(random, values)}`;
  else if (kind === 3) {
    lines.splice(at, 0, pick(random, [...lines, "---", "...", "%YAML 1.3", "\t", "__proto__: 1"]));
  } else if (kind === 4) lines.splice(at, 0, "a0: &a0 x", ...bombs);
  else lines[at] = pick(random, ["  ", "\t", "- ", "? ", ": "]) + lines[at]!;
  return lines.join(pick(random, ["\n", "\n", "\r\n", "\r"]));
}
