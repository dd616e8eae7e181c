/** Stages run again and held against what the cache says of them. @module */
import { join } from "node:path";
import type { GraphNode } from "../language/builder.ts";
import type { Cache, Staged } from "./cache.ts";
import type { Entry, StoredFile } from "./entry.ts";
import { CorruptBlobError, InterruptedError } from "../errors.ts";
import { Events } from "../run/events.ts";
import { executeUncached } from "../run/execute.ts";
import { type Graph, nodeOf } from "../language/graph.ts";
import { fingerprintNode, prepare, type Prepared } from "../plan/prepare.ts";
import { type ResourceOpeners, Resources } from "../run/resources.ts";

/** A file of an output that came out in other bytes, or on one side only. */
export interface DifferingFile {
  /** Name of the output. */
  readonly output: string;
  /** Name of the file in it. */
  readonly file: string;
  /** Where the cache's bytes lie; undefined if the cache has no such file. */
  readonly before: string | undefined;
  /** Where the new bytes lie, while they are looked at; undefined if there is no such file now. */
  readonly after: string | undefined;
}

/** A node that was looked at. `D` is what was said of each differing file. */
export interface VerifiedNode<D> {
  /** Instance id. */
  readonly id: string;
  /** `missing`: its result, or one it is made of, is not in the cache. */
  readonly state: "equal" | "differs" | "missing";
  /** What was recorded of the execution that the cache has. */
  readonly before: Readonly<Record<string, string>>;
  /** What was recorded of this one. */
  readonly after: Readonly<Record<string, string>>;
  /** Of each file that differs. */
  readonly differences: readonly D[];
}

/** Options of {@linkcode verifyStages}. */
export interface VerifyOptions<D> {
  /** The cache. */
  readonly cache: Cache;
  /** The run's seed, 0 by default. */
  readonly seed?: number;
  /** Instance id of the only stage to look at. */
  readonly only?: string | undefined;
  /** How to open the resources that stages declare. */
  readonly resources?: ResourceOpeners;
  /** Where events go. */
  readonly events?: Events;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Facts recorded with each execution: host, commit, … */
  readonly facts?: Readonly<Record<string, string>>;
  /** Says how far apart the two are; called while the new bytes are there. */
  readonly describe: (file: DifferingFile) => Promise<D>;
}

/**
 * Runs stages again, each on the inputs that the cache has, without reading their entries, and compares the digests. Nothing
 * is stored, and checkpoints are left alone.
 *
 * @throws {GraphError} If there is no stage `only`. {@linkcode InterruptedError} after an abort; what an execution throws.
 */
export async function verifyStages<D>(graph: Graph, options: VerifyOptions<D>): Promise<VerifiedNode<D>[]> {
  const { cache, seed = 0, only, signal = new AbortController().signal } = options;
  const chosen = only === undefined ? undefined : nodeOf(graph, only);
  const prepared = await prepare(graph, cache);
  const resources = new Resources(options.resources ?? {});
  const entries = new Map<GraphNode, Entry>();
  const found: VerifiedNode<D>[] = [];
  try {
    for (const node of graph.nodes) {
      const { parts, key } = fingerprintNode(
        prepared.get(node)!,
        (from) => entries.get(from)?.outputs,
        seed,
      );
      const entry = key === undefined ? undefined : (await cache.find(key, node.stage.outputs)).entry;
      if (entry !== undefined) entries.set(node, entry);
      if (chosen !== undefined && chosen !== node) continue;
      signal.throwIfAborted();
      found.push(
        entry === undefined
          ? { id: node.id, state: "missing", before: {}, after: {}, differences: [] }
          : await verifyNode(prepared.get(node)!, entry, parts, entries, resources, {
            ...options,
            seed,
            signal,
          }),
      );
    }
    return found;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new InterruptedError(`The verification of "${graph.name}" was interrupted`, { cause: error });
  } finally {
    await resources.close();
  }
}

async function verifyNode<D>(
  prepared: Prepared,
  entry: Entry,
  parts: Entry["parts"],
  entries: ReadonlyMap<GraphNode, Entry>,
  resources: Resources,
  options: VerifyOptions<D> & { readonly seed: number; readonly signal: AbortSignal },
): Promise<VerifiedNode<D>> {
  const { cache, seed, signal, facts = {}, events = new Events() } = options;
  const { id, stage } = prepared.node;
  const release = await resources.acquire(stage.resources ?? []);
  events.emit({ type: "started", node: id, key: entry.key });
  const inputs = (from: GraphNode, output: string) => entries.get(from)!.outputs[output]!;
  const execution = {
    prepared,
    key: entry.key,
    parts,
    inputs,
    cache,
    resources,
    events,
    signal,
    seed,
    facts,
  };
  try {
    return await executeUncached(execution, async (made, files) => {
      const differences: D[] = [];
      for (const file of differing(cache, entry, made, files)) {
        // What is compared with must be what was stored.
        if (file.before !== undefined) await cache.verify(entry.outputs[file.output]!.files[file.file]!);
        differences.push(await options.describe(file));
      }
      const state = differences.length === 0 ? "equal" : "differs";
      return { id, state, before: entry.recorded.facts, after: made.recorded.facts, differences };
    });
  } finally {
    release();
  }
}

function differing(cache: Cache, before: Entry, after: Entry, staged: readonly Staged[]): DifferingFile[] {
  const names = (entry: Entry) =>
    Object.entries(entry.outputs).flatMap(([output, { files }]) =>
      Object.keys(files).map((file) => [output, file] as const)
    );
  const all = new Map([...names(before), ...names(after)].map((name) => [name.join("\n"), name]));
  const lies = new Map(staged.map(({ digest, path }) => [digest, path]));
  return [...all.values()].flatMap(([output, file]) => {
    const [was, is] = [before, after].map((entry) => entry.outputs[output]?.files[file]);
    if (was?.digest === is?.digest) return [];
    const at = (stored: StoredFile | undefined) => stored && cache.blobPath(stored.digest);
    return [{ output, file, before: at(was), after: is && (lies.get(is.digest) ?? at(is)) }];
  });
}

/** What {@linkcode verifyBlobs} found. */
export interface VerifiedBlobs {
  /** Blobs read. */
  readonly blobs: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Entries read. */
  readonly entries: number;
  /** What was wrong, a line each. */
  readonly damage: readonly string[];
}

/**
 * Reads every byte of a cache and holds it against its digest. What is wrong is taken out, so that it is made again when it is
 * wanted.
 *
 * @throws {CacheError} If the cache cannot be read at all. The signal's reason if aborted.
 */
export async function verifyBlobs(cache: Cache, signal?: AbortSignal): Promise<VerifiedBlobs> {
  const damage: string[] = [];
  let blobs = 0, bytes = 0;
  cache.check();
  cache.forgetVerified();
  for (const { name, size } of await files(join(cache.root, "cas"))) {
    signal?.throwIfAborted();
    if (!/^[0-9a-f]{64}$/.test(name)) continue; // What a writer has aside.
    blobs++;
    bytes += size;
    try {
      await cache.verify({ digest: name, size });
    } catch (error) {
      if (!(error instanceof CorruptBlobError)) throw error;
      damage.push(error.message);
    }
  }
  const keys = await cache.keys();
  for (const { key } of keys) {
    const { entry, damage: problem } = await cache.find(key);
    if (entry !== undefined) continue;
    damage.push(`Cannot use ${cache.entryPath(key)}: ${problem ?? "it is gone"}. Its stage will run again`);
    await cache.remove(key);
  }
  return { blobs, bytes, entries: keys.length, damage };
}

async function files(directory: string): Promise<{ name: string; size: number }[]> {
  const found: { name: string; size: number }[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(directory)) {
      const info = isFile ? await Deno.stat(join(directory, name)).catch(() => undefined) : undefined;
      if (info !== undefined) found.push({ name, size: info.size });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}
