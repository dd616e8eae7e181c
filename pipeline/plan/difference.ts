/** What differs between two keys, part by part, in words. @module */
import { canonicalJson, type Json } from "./canonical_json.ts";
import type { KeyParts } from "./fingerprint.ts";

/** A part of the key that differs. */
export interface Difference {
  /** Name of the part, e.g. `"config.epochs"`. */
  readonly part: string;
  /** Value before; undefined if there was none. */
  readonly before: Json | undefined;
  /** Value after; undefined if there is none. */
  readonly after: Json | undefined;
}

/** A key's parts, and the modules behind its code. */
export interface KeyRecord {
  /** The parts. */
  readonly parts: KeyParts;
  /** Module → digest. */
  readonly modules: Readonly<Record<string, string>>;
}

/** What a digest stands for, as far as somebody still knows it. */
export interface Behind {
  /** Files of the manifest with this digest: name → digest. */
  sources(digest: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** What is to be said about an input whose digest changed, beyond the two digests; empty if nothing is known. */
  input(name: string, before: string, after: string): Promise<string>;
}

/** The parts in which two keys differ, sorted; inputs that are not known yet are no difference. */
export function differences(before: KeyParts, after: KeyParts): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const text = (value: Json | undefined) => value === undefined ? "" : canonicalJson(value);
  return names.filter((name) => text(before[name]) !== text(after[name]))
    .filter((name) => !(name.startsWith("input.") && after[name] === undefined))
    .map((part) => ({ part, before: before[part], after: after[part] }));
}

/** One line for each part that differs: its values, and the modules or files behind a digest. */
export async function differenceLines(
  before: KeyRecord,
  after: KeyRecord,
  behind: Behind,
): Promise<string[]> {
  return (await explained(before, after, behind)).map(({ line }) => line);
}

/** A part of the key that differs, in words. */
export interface Explained {
  /** The part and its values. */
  readonly difference: Difference;
  /** Modules or files behind a digest, each with its verb. */
  readonly names: readonly string[];
  /** All of it. */
  readonly line: string;
}

/** Each part that differs, in words. */
export async function explained(before: KeyRecord, after: KeyRecord, behind: Behind): Promise<Explained[]> {
  const found: Explained[] = [];
  for (const difference of differences(before.parts, after.parts)) {
    const { part, before: old, after: now } = difference;
    const names = await namesBehind(difference, before, after, behind);
    const input = part.startsWith("input.") && typeof old === "string" && typeof now === "string"
      ? await behind.input(part.slice("input.".length), old, now)
      : "";
    found.push({ difference, names, line: `${part}: ${values(difference)}${listed(names)}${input}` });
  }
  return found;
}

async function namesBehind(
  { part, before: old, after: now }: Difference,
  before: KeyRecord,
  after: KeyRecord,
  behind: Behind,
): Promise<string[]> {
  if (part === "code.bundle") return changes(before.modules, after.modules);
  if (part !== "sources" || typeof old !== "string" || typeof now !== "string") return [];
  const [then, today] = [await behind.sources(old), await behind.sources(now)];
  return then === undefined || today === undefined ? [] : changes(then, today);
}

/** Most characters of a value in a few words. */
const mostOfValue = 24;

/** What differs, in a few words: the part that a person would name first, and how many more there are. */
export function inShort(found: readonly Explained[]): string {
  const [first] = found.toSorted((a, b) => rank(a.difference) - rank(b.difference));
  if (first === undefined) return "";
  const more = found.length - 1;
  return `${telling(first)}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What was asked for comes before what was found, and of that a method before its leaves. */
function rank({ part, before, after }: Difference): number {
  if (part === "config.method.name") return 0;
  if (part.startsWith("config.") || part === "seed") {
    return before !== undefined && after !== undefined ? 1 : 2;
  }
  return part === "sources" ? 3 : part.startsWith("code.") ? 4 : part.startsWith("input.") ? 6 : 5;
}

function telling({ difference, names }: Explained): string {
  const { part, before, after } = difference;
  if (part.startsWith("input.")) return `another ${part.slice("input.".length)}`;
  const [name, ...others] = names;
  if (name !== undefined) return `${name}${others.length > 0 ? ` (and ${others.length} more)` : ""}`;
  const [old, now] = [before, after].map((value) => {
    const text = typeof value === "string" ? short(value).replaceAll('"', "") : short(value);
    return text.length > mostOfValue ? `${text.slice(0, mostOfValue - 1)}…` : text;
  });
  return `${part.replace(/^config\./, "").replace(/^method\.name$/, "method")} ${old} → ${now}`;
}

/** Most names that one line holds. */
const mostNames = 8;

/** Names behind a digest, as the end of a line. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return "";
  return `; ${firstOf(names, mostNames).join(", ")}`;
}

/** The first of many, and how many more there are. */
export function firstOf(texts: readonly string[], most: number): string[] {
  const more = texts.length - most;
  return more > 0 ? [...texts.slice(0, most), `and ${more} more`] : [...texts];
}

/** Names that were changed, added or removed between two records, each with its verb. */
export function changes(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  const at = (record: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(record, name) ? record[name] : undefined;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => at(before, name) !== at(after, name)).map((name) =>
    `${name} ${
      at(before, name) === undefined ? "added" : at(after, name) === undefined ? "removed" : "changed"
    }`
  );
}

/** `old → new`: digests by their first 12 digits, packages by their versions, all else as JSON. */
function values({ part, before, after }: Difference): string {
  if (/^code\.(npm|jsr):/.test(part)) {
    const [old, now] = [before, after].map((value) => typeof value === "string" ? versions(value) : "none");
    // One version with other bytes: only its integrity tells the two apart.
    if (old !== now) return `${old} → ${now}`;
  }
  return `${short(before)} → ${short(after)}`;
}

/** The versions alone; `|` stands between those that two lock files name. */
function versions(value: string): string {
  const plain = value.replaceAll(/ (?:sha\d+-[^\s,|]+|no integrity)/g, "");
  return [...new Set(plain.split(" | "))].join(" | ");
}

function short(value: Json | undefined): string {
  if (value === undefined) return "none";
  if (typeof value !== "string") return canonicalJson(value);
  if (/^[0-9a-f]{64}$/.test(value)) return value.slice(0, 12);
  if (/ sha\d+-/.test(value)) return value.replaceAll(/(sha\d+-\S{8})[^\s,|]*/g, "$1…");
  return canonicalJson(value);
}
