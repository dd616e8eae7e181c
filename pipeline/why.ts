/** Why a stage would run: its key's parts against those of the nearest earlier entry. @module */
import type { Cache } from "./cache.ts";
import { canonicalJson, type Json } from "./canonical_json.ts";
import type { Entry } from "./entry.ts";
import type { KeyParts } from "./fingerprint.ts";
import type { Prepared } from "./prepare.ts";

/** A part of the key that differs. */
export interface Difference {
  /** Name of the part, e.g. `"config.epochs"`. */
  readonly part: string;
  /** Value in the earlier entry; undefined if it had none. */
  readonly before: Json | undefined;
  /** Value now; undefined if there is none. */
  readonly after: Json | undefined;
}

/** The nearest earlier entry and what differs from it. */
export interface Reason {
  /** The entry's key; undefined if the stage has never been run with this cache. */
  readonly nearest: string | undefined;
  /** What differs, by part. */
  readonly differences: readonly Difference[];
  /** One line a part, for people. */
  readonly lines: readonly string[];
}

/** All intact entries of a stage, most recently used first. */
export async function entriesOf(cache: Cache, stage: string): Promise<Entry[]> {
  const keys = await cache.keys();
  const entries = await Promise.all(keys.map(({ key }) => cache.peek(key)));
  return entries.filter((entry) => entry !== undefined).filter((entry) => entry.stage === stage);
}

/** The parts in which two keys differ, sorted; inputs that are not known yet are no difference. */
export function differences(before: KeyParts, after: KeyParts): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const text = (value: Json | undefined) => value === undefined ? "" : canonicalJson(value);
  return names.filter((name) => text(before[name]) !== text(after[name]))
    .filter((name) => !(name.startsWith("input.") && after[name] === undefined))
    .map((part) => ({ part, before: before[part], after: after[part] }));
}

/**
 * Compares a node with the entry that has the fewest differing parts (the most recently used one of several).
 *
 * @param cache The cache.
 * @param prepared The node.
 * @param parts Parts of its key, as far as known.
 * @param damage What is wrong with the node's own entry, if there is one that cannot be used.
 */
export async function reasonOf(
  cache: Cache,
  prepared: Prepared,
  parts: KeyParts,
  damage?: string,
): Promise<Reason> {
  const stage = prepared.node.stage.name;
  if (damage !== undefined) return { nearest: undefined, differences: [], lines: [`cache: ${damage}`] };
  let best: { entry: Entry; found: Difference[] } | undefined;
  for (const entry of await entriesOf(cache, stage)) {
    const found = differences(entry.parts, parts);
    if (best === undefined || found.length < best.found.length) best = { entry, found };
  }
  if (best === undefined) {
    return { nearest: undefined, differences: [], lines: [`no earlier result of "${stage}" in this cache`] };
  }
  const lines = [];
  for (const difference of best.found) lines.push(...await describe(cache, best.entry, prepared, difference));
  return { nearest: best.entry.key, differences: best.found, lines };
}

async function describe(
  cache: Cache,
  entry: Entry,
  prepared: Prepared,
  difference: Difference,
): Promise<string[]> {
  const { part, before, after } = difference;
  if (part === "code.bundle") {
    const changed = changes(entry.recorded.modules, prepared.code.modules);
    if (changed.length > 0) return changed.map((change) => `code: ${change}`);
  }
  if (part === "sources" && entry.recorded.sources && prepared.sources) {
    const old = await readManifest(cache, entry);
    const changed = old === undefined ? [] : changes(old, JSON.parse(prepared.sources.manifest));
    const more = changed.length > 5 ? [`and ${changed.length - 5} more`] : [];
    if (changed.length > 0) return [`sources: ${[...changed.slice(0, 5), ...more].join(", ")}`];
  }
  if (part.startsWith("input.")) {
    const edge = prepared.node.edges.find((candidate) => `input.${candidate.input}` === part);
    const from = edge ? ` (output "${edge.output}" of "${edge.from.id}")` : "";
    return [`${part}: ${short(before)} → ${short(after)}${from}`];
  }
  if (part.startsWith("code.")) return [`${part}: ${short(before)} → ${short(after)}`];
  return [`${part}: ${show(before)} → ${show(after)}`];
}

/** Names that were changed, added or removed between two records. */
function changes(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => before[name] !== after[name]).map((name) =>
    `${name} ${before[name] === undefined ? "added" : after[name] === undefined ? "removed" : "changed"}`
  );
}

async function readManifest(cache: Cache, entry: Entry): Promise<Record<string, string> | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(await cache.verify(entry.recorded.sources!)));
  } catch {
    return undefined;
  }
}

const show = (value: Json | undefined) => value === undefined ? "none" : canonicalJson(value);

/** A digest by its first 12 digits; a package by its version, and by its integrity's beginning. */
function short(value: Json | undefined): string {
  if (typeof value !== "string") return show(value);
  if (/^[0-9a-f]{64}$/.test(value)) return value.slice(0, 12);
  return value.replaceAll(/sha512-(\S{8})\S*/g, "sha512-$1…");
}
