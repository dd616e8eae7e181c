/** What a graph needs, brought from a remote store before anything is run. @module */
import type { GraphNode } from "./builder.ts";
import type { Entry } from "./entry.ts";
import { InterruptedError } from "./errors.ts";
import type { Graph } from "./graph.ts";
import { fingerprintNode, prepare } from "./prepare.ts";
import type { RemoteCache } from "./remote_cache.ts";

/** A node, and where its result is. */
export interface PulledNode {
  /** Instance id. */
  readonly id: string;
  /** `here`: was in the cache; `pulled`: is there now; `missing`: is nowhere, or waits for one that is. */
  readonly state: "here" | "pulled" | "missing";
  /** Its key, where all its inputs are known. */
  readonly key?: string;
}

/**
 * Brings the results of a graph into the cache, as far as the store has them: those after a missing one have no key yet.
 *
 * @throws What planning throws. {@linkcode CacheError} if the disk refuses; {@linkcode InterruptedError} after an abort.
 */
export async function pull(
  graph: Graph,
  remote: RemoteCache,
  options: { readonly seed?: number; readonly signal?: AbortSignal } = {},
): Promise<PulledNode[]> {
  const { cache } = remote;
  const { seed = 0, signal } = options;
  const prepared = await prepare(graph, cache);
  const entries = new Map<GraphNode, Entry>();
  const nodes: PulledNode[] = [];
  for (const node of graph.nodes) {
    if (signal?.aborted === true) throw interrupted(graph);
    const { key } = fingerprintNode(prepared.get(node)!, (from) => entries.get(from)?.outputs, seed);
    const here = key === undefined ? undefined : (await cache.find(key)).entry;
    const entry = here ??
      (key === undefined ? undefined : await pullOnce(remote, key, signal).catch((error) => {
        throw signal?.aborted === true ? interrupted(graph, error) : error;
      }));
    if (entry !== undefined) entries.set(node, entry);
    const state = entry === undefined ? "missing" : entry === here ? "here" : "pulled";
    nodes.push({ id: node.id, state, ...(key === undefined ? {} : { key }) });
  }
  return nodes;
}

function interrupted({ name }: Graph, cause?: unknown): InterruptedError {
  return new InterruptedError(`The pull of "${name}" was interrupted; what came through is in the cache`, {
    cause,
  });
}

/** One process at a time; the next one finds it here. */
async function pullOnce(
  remote: RemoteCache,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Entry | undefined> {
  using _lock = await remote.cache.lock(key, signal);
  return (await remote.cache.find(key)).entry ?? await remote.pull(key, signal);
}
