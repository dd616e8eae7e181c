/** What a graph needs, brought from a remote store before anything is run. @module */
import type { GraphNode } from "../language/builder.ts";
import type { Entry } from "../cache/entry.ts";
import { InterruptedError } from "../errors.ts";
import { type Events, waitingEvent } from "../run/events.ts";
import type { Graph } from "../language/graph.ts";
import { fingerprintNode, prepare } from "../plan/prepare.ts";
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

/** Options of {@linkcode pull}. */
export interface PullOptions {
  /** The run's seed, 0 by default. */
  readonly seed?: number;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Told of a node whose result another process is making or bringing: it is waited for. */
  readonly events?: Events;
}

/**
 * Brings the results of a graph into the cache, as far as the store has them: those after a missing one have no key yet.
 *
 * @throws What planning throws. {@linkcode CacheError} if the disk refuses; {@linkcode InterruptedError} after an abort.
 */
export async function pull(
  graph: Graph,
  remote: RemoteCache,
  options: PullOptions = {},
): Promise<PulledNode[]> {
  const { seed = 0, signal } = options;
  const prepared = await prepare(graph, remote.cache);
  const entries = new Map<GraphNode, Entry>();
  const nodes: PulledNode[] = [];
  try {
    for (const node of graph.nodes) {
      signal?.throwIfAborted();
      const { key } = fingerprintNode(prepared.get(node)!, (from) => entries.get(from)?.outputs, seed);
      if (key === undefined) {
        nodes.push({ id: node.id, state: "missing" });
        continue;
      }
      const { entry, state } = await bring(node, key, remote, options);
      if (entry !== undefined) entries.set(node, entry);
      nodes.push({ id: node.id, state, key });
    }
    return nodes;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    const what = `The pull of "${graph.name}" was interrupted; what came through is in the cache`;
    throw new InterruptedError(what, { cause: error });
  }
}

async function bring(
  { id, stage }: GraphNode,
  key: string,
  remote: RemoteCache,
  { signal, events }: PullOptions,
): Promise<{ readonly entry: Entry | undefined; readonly state: PulledNode["state"] }> {
  const { entry: here } = await remote.cache.find(key, stage.outputs);
  if (here !== undefined) return { entry: here, state: "here" };
  // One process at a time; the next one finds it here.
  using _lock = await remote.cache.lock(key, signal, events && waitingEvent(events, id, key));
  const { entry: meanwhile } = await remote.cache.find(key, stage.outputs);
  if (meanwhile !== undefined) return { entry: meanwhile, state: "here" };
  const entry = await remote.pull(key, stage.outputs, signal);
  return { entry, state: entry === undefined ? "missing" : "pulled" };
}
