/** Why a stage would run: its key's parts against those of the nearest earlier entry. @module */
import type { Cache } from "../cache/cache.ts";
import {
  type Behind,
  changes,
  type Difference,
  differenceLines,
  differences,
  explained,
  firstOf,
  inShort,
  type KeyRecord,
  listed,
} from "./difference.ts";
import type { Entry, StoredArtifact } from "../cache/entry.ts";
import type { KeyParts } from "./fingerprint.ts";
import { stampOf } from "../files/files.ts";
import type { Prepared } from "./prepare.ts";
import type { SourcesDigest } from "./sources.ts";

/** The nearest earlier entry and what differs from it. */
export interface Reason {
  /** The entry's key; undefined if the stage has never been run with this cache. */
  readonly nearest: string | undefined;
  /** What differs, by part. */
  readonly differences: readonly Difference[];
  /** One line a part, for people. */
  readonly lines: readonly string[];
  /** All of it in a few words. */
  readonly short: string;
}

/** An artifact in the cache, and what made it. */
interface Made {
  readonly entry: Entry;
  readonly output: string;
  readonly artifact: StoredArtifact;
}

/** Most parts that are named behind one input; `why` has a line for each of them at the stage where they differ. */
const mostCauses = 3;

/** All that a cache has kept, read once: what was run before, and what lies behind a digest. */
export class History implements Behind {
  #entries: Promise<readonly Entry[]> | undefined;
  readonly #manifests = new Map<string, string>();

  /**
   * The history of a cache, as it is when it is first asked.
   *
   * @param cache The cache.
   */
  constructor(readonly cache: Cache) {}

  /** Makes a manifest known that is not in the cache yet: that of files as they are now. */
  remember({ digest, manifest }: SourcesDigest): void {
    this.#manifests.set(digest, manifest);
  }

  /** All intact entries, most recently used first. */
  entries(): Promise<readonly Entry[]> {
    return this.#entries ??= this.#read();
  }

  async #read(): Promise<readonly Entry[]> {
    const found = await Promise.all((await this.cache.keys()).map(({ key }) => this.cache.peek(key)));
    return found.filter((entry) => entry !== undefined);
  }

  /** Files of a manifest of sources: name → digest; undefined if it is no longer there. */
  async sources(digest: string): Promise<Readonly<Record<string, string>> | undefined> {
    try {
      const known = this.#manifests.get(digest);
      if (known !== undefined) return JSON.parse(known);
      const stamp = stampOf(this.cache.blobPath(digest));
      if (stamp === undefined) return undefined;
      return JSON.parse(await Deno.readTextFile(await this.cache.verify({ digest, size: stamp.size })));
    } catch {
      return undefined;
    }
  }

  /** Names the stage that made an input, the files of it that changed, and what made them change. */
  async input(_name: string, before: string, after: string): Promise<string> {
    const now = await this.#made(after);
    if (now === undefined) return "";
    const from = ` (output "${now.output}" of "${now.entry.stage}")`;
    const then = await this.#made(before);
    if (then === undefined) return from;
    const names = changes(digests(then.artifact), digests(now.artifact));
    const causes = then.entry.stage === now.entry.stage ? await this.#causes(then.entry, now.entry) : [];
    return `${from}${listed(names)}${
      causes.length > 0 ? `; from ${firstOf(causes, mostCauses).join("; ")}` : ""
    }`;
  }

  /**
   * What differs at the beginning of the chain of inputs, each part with its stage.
   *
   * @param seen Pairs of entries that were compared: inputs often come from one stage, and equal values may lead in a circle.
   */
  async #causes(then: Entry, now: Entry, seen = new Set<string>()): Promise<string[]> {
    const pair = `${then.key} ${now.key}`;
    if (seen.has(pair)) return [];
    seen.add(pair);
    const found = differences(then.parts, now.parts);
    const lines = await differenceLines(ownParts(then), ownParts(now), this);
    const causes = lines.map((line) => `${now.stage}.${line}`);
    for (const { part, before, after } of found.filter(({ part }) => part.startsWith("input."))) {
      if (typeof before !== "string" || typeof after !== "string") continue;
      const [old, made] = [await this.#made(before), await this.#made(after)];
      if (old === undefined || made === undefined || old.entry.stage !== made.entry.stage) {
        causes.push(`${now.stage}.${part}`);
      } else {
        causes.push(...await this.#causes(old.entry, made.entry, seen));
      }
    }
    return [...new Set(causes)];
  }

  /** The entry with this output; one that made it before any that hands on what it was given. */
  async #made(digest: string): Promise<Made | undefined> {
    let handedOn: Made | undefined;
    for (const entry of await this.entries()) {
      for (const [output, artifact] of Object.entries(entry.outputs)) {
        if (artifact.digest !== digest) continue;
        if (!handsOn(entry, digest)) return { entry, output, artifact };
        handedOn ??= { entry, output, artifact };
      }
    }
    return handedOn;
  }
}

const digests = ({ files }: StoredArtifact) =>
  Object.fromEntries(Object.entries(files).map(([name, { digest }]) => [name, digest]));

/** Whether an output of this digest is one of the entry's inputs, unchanged. */
function handsOn({ parts }: Entry, digest: string): boolean {
  return Object.entries(parts).some(([part, value]) => part.startsWith("input.") && value === digest);
}

/** An entry without its inputs: what it changed by itself. */
function ownParts(entry: Entry): KeyRecord {
  const own = Object.entries(entry.parts).filter(([part]) => !part.startsWith("input."));
  return { parts: Object.fromEntries(own), modules: entry.recorded.modules };
}

/**
 * Compares a node with the entry that has the fewest differing parts (the most recently used one of several).
 *
 * @param cache The cache.
 * @param prepared The node.
 * @param parts Parts of its key, as far as known.
 * @param damage What is wrong with the node's own entry, if there is one that cannot be used.
 * @param history What the cache holds, where several nodes are asked about at once.
 */
export async function reasonOf(
  cache: Cache,
  prepared: Prepared,
  parts: KeyParts,
  damage?: string,
  history: History = new History(cache),
): Promise<Reason> {
  const stage = prepared.node.stage.name;
  const only = (line: string) => ({ nearest: undefined, differences: [], lines: [line], short: line });
  if (damage !== undefined) return only(`cache: ${damage}`);
  if (prepared.sources !== undefined) history.remember(prepared.sources);
  let best: { entry: Entry; found: Difference[] } | undefined;
  for (const entry of await history.entries()) {
    if (entry.stage !== stage) continue;
    const found = differences(entry.parts, parts);
    if (best === undefined || found.length < best.found.length) best = { entry, found };
  }
  if (best === undefined) return only(`no earlier result of "${stage}" in this cache`);
  const before = { parts: best.entry.parts, modules: best.entry.recorded.modules };
  const found = await explained(before, { parts, modules: prepared.code.modules }, history);
  const lines = found.map(({ line }) => line);
  return { nearest: best.entry.key, differences: best.found, lines, short: inShort(found) };
}
