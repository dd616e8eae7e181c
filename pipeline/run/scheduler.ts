/** The scheduler: runs what is missing, what is independent side by side, and repairs what is damaged. @module */
import type { ArtifactReader } from "../language/artifact.ts";
import { artifactReader } from "../cache/artifact_store.ts";
import type { GraphNode, RuntimeRef } from "../language/builder.ts";
import type { Cache } from "../cache/cache.ts";
import { type CacheLimits, collectNowAndThen } from "../cache/gc.ts";
import type { Entry, StoredArtifact, StoredFile } from "../cache/entry.ts";
import { CorruptBlobError, InterruptedError, messageOf, StageError } from "../errors.ts";
import { Events, waitingEvent } from "./events.ts";
import { execute } from "./execute.ts";
import { type Graph, mapOutputs, namedOutputs } from "../language/graph.ts";
import { fingerprintNode, prepare, type Prepared } from "../plan/prepare.ts";
import type { Ref } from "../language/refs.ts";
import type { RemoteCache } from "../remote/remote_cache.ts";
import { type ResourceOpeners, Resources } from "./resources.ts";
import type { Team } from "./team.ts";
import { reasonOf } from "../plan/why.ts";

/** Options of {@linkcode run}. */
export interface RunOptions {
  /** The cache. */
  readonly cache: Cache;
  /** The run's seed, 0 by default; it is in the keys of seeded stages only. */
  readonly seed?: number;
  /** Stops the run: stages are told, no further one starts. */
  readonly signal?: AbortSignal;
  /** How to open the resources that stages declare; opened only if a stage that runs asks for it. */
  readonly resources?: ResourceOpeners;
  /** Where events go. */
  readonly events?: Events;
  /** Bounds of the cache, kept (at most once an hour) at the end of a run that put something in; `false` for none. */
  readonly limits?: CacheLimits | false;
  /** Facts recorded with each result: host, commit, … */
  readonly facts?: Readonly<Record<string, string>>;
  /** A store that results are looked for in before they are made, and offered to afterwards if it takes them. */
  readonly remote?: RemoteCache | undefined;
  /** Those that run stages together; this process leads them. */
  readonly team?: Team | undefined;
  /** Seconds between a stage's checkpoints; without it 30, or more where they cost over a hundredth of the time. */
  readonly checkpointEvery?: number | undefined;
  /**
   * Gives what is kept with a node's result of the course of its execution: heard of its events, and found again in each run
   * that takes the result from the cache. No part of a key.
   */
  readonly course?: (node: string) => string | undefined;
}

/** An output of a finished run. */
export interface OutputHandle<T> {
  /** Content digest of the artifact. */
  readonly digest: string;
  /** The artifact's files. */
  readonly files: ArtifactReader;
  /** Reads the value. */
  read(): Promise<T>;
}

/** The shape a pipeline's function returned, with handles for references. */
export type RunOutputs<R> = R extends Ref<infer T> ? OutputHandle<T>
  : { readonly [K in keyof R as K extends string ? K : never]: RunOutputs<R[K]> };

/** A node of a finished run. */
export interface RunNode {
  /** Instance id. */
  readonly id: string;
  /** Name of the stage. */
  readonly stage: string;
  /** Its key. */
  readonly key: string;
  /** Whether it was in the cache. */
  readonly state: "hit" | "ran";
  /** Wall seconds of the execution that made the result. */
  readonly seconds: number;
  /** What was recorded of that execution: adapter, driver, Deno, commit. */
  readonly facts: Readonly<Record<string, string>>;
  /** Output → artifact. */
  readonly outputs: Readonly<Record<string, StoredArtifact>>;
  /** What was kept of the execution's course: a blob of the cache. */
  readonly course?: StoredFile;
}

/** A finished run. */
export interface RunResult<R> {
  /** Handles, in the shape of what the pipeline returned. */
  readonly outputs: RunOutputs<R>;
  /** Nodes in the order of the graph. */
  readonly nodes: readonly RunNode[];
}

interface Settled {
  readonly entry: Entry;
  readonly state: "hit" | "ran";
}

/**
 * Runs a graph: every node whose result is not in the cache, each as soon as its inputs are there.
 * When a stage fails, what does not depend on it still ends (and is kept), then the failure is thrown.
 *
 * @throws {UserError} A mistake in code, sources, config or data, a full disk; {@linkcode InterruptedError} after an abort.
 * @throws {StageCrashError} If a stage threw anything else.
 */
export async function run<R>(graph: Graph<R>, options: RunOptions): Promise<RunResult<R>> {
  const started = performance.now();
  const events = options.events ?? new Events();
  const resources = new Resources(options.resources ?? {});
  const prepared = await prepare(graph, options.cache);
  events.emit({
    type: "planned",
    pipeline: graph.name,
    seed: options.seed ?? 0,
    nodes: graph.nodes.map((node) => ({
      id: node.id,
      stage: node.stage.name,
      after: [...new Set(node.edges.map((edge) => edge.from.id))],
    })),
  });
  const scheduler = new Scheduler(prepared, options, events, resources);
  try {
    const results = await Promise.allSettled(graph.nodes.map((node) => scheduler.settle(node)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    for (const { ref } of namedOutputs(graph.outputs)) await scheduler.checkOutput(ref);
    const settled = await Promise.all(graph.nodes.map((node) => scheduler.settle(node)));
    const entries = new Map(graph.nodes.map((node, i) => [node, settled[i]!.entry]));
    const ran = settled.filter(({ state }) => state === "ran").length;
    const grew = ran > 0 || (options.remote?.pulledBytes ?? 0) > 0;
    if (grew && options.limits !== false) {
      const keep = new Set([...options.limits?.keep ?? [], ...settled.map(({ entry }) => entry.key)]);
      for (const message of await collectNowAndThen(options.cache, { ...options.limits, keep })) {
        events.emit({ type: "notice", message: `Collection: ${message}.` });
      }
    }
    const seconds = (performance.now() - started) / 1000;
    events.emit({ type: "done", ran, hits: settled.length - ran, seconds });
    return {
      outputs: mapOutputs(graph.outputs, (ref) => handle(options.cache, ref, entries)) as RunOutputs<R>,
      nodes: graph.nodes.map((node, i) => nodeResult(node, settled[i]!)),
    };
  } catch (error) {
    if (options.signal?.aborted === true) {
      throw new InterruptedError(
        `The run of "${graph.name}" was interrupted; what had finished is in the cache`,
        {
          cause: error,
        },
      );
    }
    throw error;
  } finally {
    await resources.close();
    await options.remote?.settled();
  }
}

function nodeResult(node: GraphNode, { entry, state }: Settled): RunNode {
  const { key, outputs, recorded } = entry;
  const { seconds, facts, course } = recorded;
  return {
    id: node.id,
    stage: node.stage.name,
    key,
    state,
    seconds,
    facts,
    outputs,
    ...(course && { course }),
  };
}

function handle(
  cache: Cache,
  ref: RuntimeRef,
  entries: ReadonlyMap<GraphNode, Entry>,
): OutputHandle<unknown> {
  const artifact = entries.get(ref.node)!.outputs[ref.output]!;
  const files = artifactReader(cache, artifact);
  return { digest: artifact.digest, files, read: () => ref.node.stage.outputs[ref.output].read(files) };
}

class Scheduler {
  readonly #settled = new Map<GraphNode, Promise<Settled>>();
  /** What was found wrong with a result that is to be made again. */
  readonly #damage = new Map<GraphNode, string>();
  readonly #signal: AbortSignal;

  constructor(
    readonly prepared: ReadonlyMap<GraphNode, Prepared>,
    readonly options: RunOptions,
    readonly events: Events,
    readonly resources: Resources,
  ) {
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /** The result of a node, from the cache or by running it; settled once unless repaired. */
  settle(node: GraphNode): Promise<Settled> {
    const known = this.#settled.get(node);
    return known ?? this.#start(node);
  }

  #start(node: GraphNode): Promise<Settled> {
    const work = this.#settleNow(node);
    this.#settled.set(node, work);
    return work;
  }

  /** Checks the bytes of a pipeline's output; damaged ones are made again. */
  async checkOutput(ref: RuntimeRef): Promise<void> {
    for (let attempt = 0;; attempt++) {
      const used = this.settle(ref.node);
      const artifact = (await used).entry.outputs[ref.output]!;
      try {
        for (const file of Object.values(artifact.files)) await this.options.cache.verify(file);
        return;
      } catch (error) {
        if (!(error instanceof CorruptBlobError) || attempt === 2) throw error;
        this.#repair(ref.node, used, error);
      }
    }
  }

  async #settleNow(node: GraphNode): Promise<Settled> {
    for (let attempt = 0;; attempt++) {
      const sources = [...new Set(node.edges.map((edge) => edge.from))];
      const used = new Map(sources.map((from) => [from, this.settle(from)]));
      const entries = new Map<GraphNode, Entry>();
      for (const [from, work] of used) entries.set(from, (await work).entry);
      try {
        return await this.#findOrRun(node, entries);
      } catch (error) {
        const damaged = error instanceof CorruptBlobError && attempt < 2
          ? [...entries].filter(([, entry]) => holds(entry, error.digest))
          : [];
        if (damaged.length > 0) {
          for (const [from] of damaged) this.#repair(from, used.get(from)!, error as CorruptBlobError);
          continue;
        }
        if (!this.#signal.aborted) {
          this.events.emit({ type: "failed", node: node.id, message: messageOf(error) });
        }
        throw error;
      }
    }
  }

  /** Makes a node again whose bytes proved bad, unless another consumer has begun to. */
  #repair(node: GraphNode, used: Promise<Settled>, error: CorruptBlobError): void {
    if (this.#settled.get(node) !== used) return;
    this.#damage.set(node, error.message);
    // The caller awaits it at its next attempt; a failure is its own.
    this.#start(node).catch(() => {});
  }

  async #findOrRun(node: GraphNode, entries: ReadonlyMap<GraphNode, Entry>): Promise<Settled> {
    const { cache, seed = 0 } = this.options;
    const prepared = this.prepared.get(node)!;
    const { parts, key } = fingerprintNode(prepared, (from) => entries.get(from)?.outputs, seed);
    if (key === undefined) throw new StageError(node.id, `Stage "${node.id}" has an input without a digest`);
    this.#signal.throwIfAborted();
    const hit = await this.#hit(node, key);
    if (hit.entry !== undefined) return { entry: hit.entry, state: "hit" };
    this.#checkResources(node);
    using lease = await cache.lock(key, this.#signal, waitingEvent(this.events, node.id, key));
    // Another process may have made it while this one waited.
    const again = await this.#hit(node, key);
    if (again.entry !== undefined) return { entry: again.entry, state: "hit" };
    if (again.damage !== undefined) {
      this.events.emit({ type: "damaged", node: node.id, message: again.damage });
    }
    const pulled = await this.options.remote?.pull(key, node.stage.outputs, this.#signal);
    if (pulled !== undefined) {
      this.events.emit({ type: "hit", node: node.id, key, from: "remote" });
      return { entry: pulled, state: "hit" };
    }
    const { lines: why, short } = await reasonOf(cache, prepared, parts, again.damage);
    this.events.emit({ type: "miss", node: node.id, key, why, short });
    const release = await this.resources.acquire(node.stage.resources ?? []);
    try {
      this.#signal.throwIfAborted();
      this.events.emit({ type: "started", node: node.id, key });
      const { entry, stored } = await execute({
        prepared,
        key,
        parts,
        inputs: (from, output) => entries.get(from)!.outputs[output]!,
        cache,
        lease,
        resources: this.resources,
        events: this.events,
        signal: this.#signal,
        seed,
        facts: this.options.facts ?? {},
        team: this.options.team,
        checkpointEvery: this.options.checkpointEvery,
        course: this.options.course,
      });
      const outputs = Object.entries(entry.outputs).map(([name, { digest }]) => [name, digest]);
      this.events.emit({
        type: "finished",
        node: node.id,
        key,
        seconds: entry.recorded.seconds,
        outputs: Object.fromEntries(outputs),
        stored,
      });
      if (stored) this.options.remote?.offer(entry, this.#signal);
      return { entry, state: "ran" };
    } finally {
      release();
    }
  }

  async #hit(node: GraphNode, key: string): Promise<{ entry?: Entry; damage?: string }> {
    const found = await this.options.cache.find(key, node.stage.outputs);
    if (found.entry !== undefined) {
      await this.options.cache.touch(key);
      this.events.emit({ type: "hit", node: node.id, key });
    }
    return found;
  }

  #checkResources(node: GraphNode): void {
    for (const name of node.stage.resources ?? []) {
      if (this.resources.has(name)) continue;
      throw new StageError(
        node.id,
        `Cannot run stage "${node.id}": it needs the resource "${name}", and this run has none`,
      );
    }
  }
}

function holds(entry: Entry, digest: string): boolean {
  return Object.values(entry.outputs).some((artifact) =>
    Object.values(artifact.files).some((file) => file.digest === digest)
  );
}
