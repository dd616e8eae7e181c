/** One execution of one stage: inputs read, the work done, outputs written and stored. @module */
import { join } from "node:path";
import type { ArtifactKind } from "../language/artifact.ts";
import { stageArtifact, type StagedArtifact } from "../cache/artifact_store.ts";
import type { GraphNode } from "../language/builder.ts";
import type { Cache, Staged } from "../cache/cache.ts";
import { adoptCheckpoints, removeCheckpoints } from "../checkpoints/checkpoint_folders.ts";
import type { StageContext } from "../language/definition.ts";
import type { Entry, StoredArtifact } from "../cache/entry.ts";
import {
  CacheError,
  CorruptBlobError,
  messageOf,
  StageCrashError,
  StageError,
  UserError,
} from "../errors.ts";
import type { Events } from "./events.ts";
import { explainWrite, makeFolderOf, stampOf } from "../files/files.ts";
import type { KeyParts } from "../plan/fingerprint.ts";
import { FolderCheckpoints } from "../checkpoints/folder_checkpoints.ts";
import type { Lease } from "../locks/leases.ts";
import { isStillLoaded } from "../code/loaded_code.ts";
import { type Prepared, sourcesOf } from "../plan/prepare.ts";
import type { Resources } from "./resources.ts";
import { readSource } from "../plan/source_reader.ts";
import { isDiskFault } from "../files/system_error.ts";
import { beginTogether } from "./follow.ts";
import { readInputs } from "./inputs.ts";
import type { Team } from "./team.ts";

/** What an execution needs. */
export interface Execution {
  /** The node, its code and sources. */
  readonly prepared: Prepared;
  /** Its key. */
  readonly key: string;
  /** Parts of the key. */
  readonly parts: KeyParts;
  /** The artifact an edge carries. */
  readonly inputs: (from: GraphNode, output: string) => StoredArtifact;
  /** The cache. */
  readonly cache: Cache;
  /** The lock of the key; undefined if nothing is to be stored. */
  readonly lease?: Lease;
  /** The run's resources; those of the stage are held. */
  readonly resources: Resources;
  /** The run's events. */
  readonly events: Events;
  /** Stops the work. */
  readonly signal: AbortSignal;
  /** The run's seed. */
  readonly seed: number;
  /** Facts to record. */
  readonly facts: Readonly<Record<string, string>>;
  /** Seconds between checkpoints; without it they are spaced by their cost. */
  readonly checkpointEvery?: number | undefined;
  /** Those that run it together. */
  readonly team?: Team | undefined;
  /** Gives what is to be kept of the execution's course, once its outputs are there. */
  readonly course?: ((node: string) => string | undefined) | undefined;
}

/**
 * Executes a stage and stores its result, unless its code or sources changed meanwhile: then the bytes are kept for this
 * run, and no entry is made.
 *
 * @throws {CorruptBlobError} If an input's bytes are damaged.
 * @throws {UserError} What the stage threw of the kind, or a full disk.
 * @throws {StageCrashError} If the stage threw anything else.
 */
export async function execute(execution: Execution): Promise<{ entry: Entry; stored: boolean }> {
  const { prepared: { node, code }, cache, lease, events } = execution;
  const fence = () => lease?.check();
  const checkpoints = join(cache.root, "checkpoints", execution.key);
  const own = await adoptCheckpoints(checkpoints, lease?.token ?? crypto.randomUUID(), fence);
  const scratch = await cache.scratch();
  try {
    if (!await isStillLoaded(node.stage, code, cache.notes)) {
      const message =
        `The code of stage "${node.id}" has been changed since this process started, which runs it as it was ` +
        "then: unless that is undone, the result will serve this run and not be kept in the cache";
      events.emit({ type: "changed", node: node.id, message });
    }
    const { entry, files, read } = await perform(execution, scratch, own);
    const changed = await whatChanged(execution, read);
    if (changed === undefined) {
      await cache.store(entry, files, fence);
      await removeCheckpoints(checkpoints, fence);
    } else {
      await cache.storeBlobs(files);
      events.emit({ type: "changed", node: node.id, message: changed });
    }
    return { entry, stored: changed === undefined };
  } finally {
    await cache.discard(scratch);
  }
}

/**
 * Executes a stage from its beginning, whatever checkpoints there are, and stores nothing.
 *
 * @param examine Is given the entry that would have been stored and its files, which are gone afterwards.
 * @throws As {@linkcode execute} does.
 */
export async function executeUncached<T>(
  execution: Execution,
  examine: (entry: Entry, files: readonly Staged[]) => Promise<T>,
): Promise<T> {
  const scratch = await execution.cache.scratch();
  try {
    const { entry, files } = await perform(execution, scratch, join(scratch, "checkpoints"));
    return await examine(entry, files);
  } finally {
    await execution.cache.discard(scratch);
  }
}

async function perform(
  execution: Execution,
  scratch: string,
  checkpoints: string,
): Promise<{ entry: Entry; files: Staged[]; read: ReadonlySet<string> }> {
  const { prepared: { node, code, sources }, key, parts, cache } = execution;
  const started = new Date();
  const read = new Set<string>();
  const facts: Record<string, string> = { ...execution.facts };
  const { team } = execution;
  const inputs = await readInputs(
    node,
    cache,
    ({ from, output }) => execution.inputs(from, output),
    (read) => guarded(node.id, scratch, read),
  );
  if (team && node.stage.teamed === true) await beginTogether(team, execution.prepared, execution.inputs);
  const outputs = await guarded(node.id, scratch, () => {
    const given = context(execution, scratch, checkpoints, facts, read);
    return node.stage.run({ inputs, config: node.config, context: given });
  }).catch((error) => {
    throw error instanceof StageCrashError ? goneInput(execution, error) ?? error : error;
  });
  execution.signal.throwIfAborted();
  const staged = await guarded(node.id, scratch, () => writeOutputs(execution, outputs, scratch));
  const finished = new Date();
  const course = execution.course?.(node.id);
  const entry: Entry = {
    key,
    stage: node.stage.name,
    parts,
    outputs: Object.fromEntries(staged.map(([name, { artifact }]) => [name, artifact])),
    recorded: {
      started: started.toISOString(),
      finished: finished.toISOString(),
      seconds: (finished.getTime() - started.getTime()) / 1000,
      facts,
      modules: code.modules,
      ...(sources ? { sources: await cache.storeText(sources.manifest) } : {}),
      ...(course === undefined ? {} : { course: await cache.storeText(course) }),
    },
  };
  return { entry, files: staged.flatMap(([, { files }]) => files), read };
}

/**
 * What a collection or a hand took away of a stage's inputs while it ran, if that is why it crashed: they are made again, and
 * it goes on from its checkpoint.
 */
function goneInput({ prepared: { node }, cache, inputs }: Execution, cause: Error): Error | undefined {
  for (const { from, output } of node.edges) {
    for (const { digest, size } of Object.values(inputs(from, output).files)) {
      const path = cache.blobPath(digest);
      if (stampOf(path)?.size === size) continue;
      const message = `Cannot read "${path}": it was taken away while stage "${node.id}" read it`;
      return new CorruptBlobError(digest, message, { cause });
    }
  }
  return undefined;
}

async function writeOutputs(
  { prepared: { node }, cache }: Execution,
  outputs: Record<string, unknown>,
  scratch: string,
): Promise<[string, StagedArtifact][]> {
  const staged: [string, StagedArtifact][] = [];
  for (const [name, kind] of Object.entries(node.stage.outputs as Record<string, ArtifactKind<unknown>>)) {
    if (typeof outputs !== "object" || outputs === null || outputs[name] === undefined) {
      throw new StageError(
        node.id,
        `Stage "${node.id}" ended without its output "${name}": its run must return it`,
      );
    }
    const directory = join(scratch, "outputs", name);
    staged.push([name, await stageArtifact(kind, outputs[name], cache, scratch, directory)]);
  }
  return staged;
}

function context(
  execution: Execution,
  scratch: string,
  checkpoints: string,
  facts: Record<string, string>,
  read: Set<string>,
): StageContext {
  const { prepared: { node }, resources, events } = execution;
  let seed = 0;
  if (node.stage.seeded === true) seed = execution.seed;
  return {
    ...(execution.team && node.stage.teamed === true && { team: execution.team }),
    seed,
    signal: execution.signal,
    async read(path, most = Infinity) {
      const { name, bytes } = await readSource(execution.prepared, path, most);
      read.add(name);
      return bytes;
    },
    scratch: (name) => within(join(scratch, "work"), name, node.id),
    checkpoints: new FolderCheckpoints(
      checkpoints,
      { every: execution.checkpointEvery },
      () => execution.lease?.check(),
    ),
    progress: (data) => events.emit({ type: "progress", node: node.id, data }),
    fact: (name, value) => facts[name] = value,
    async resource<T>(name: string) {
      if (node.stage.resources?.includes(name) !== true) {
        throw new StageError(
          node.id,
          `Stage "${node.id}" uses resource "${name}" and does not declare it in \`resources\``,
        );
      }
      const open = await resources.open(name);
      for (const [fact, value] of Object.entries(open.describe())) facts[`${name}.${fact}`] = value;
      return open.handle as T;
    },
  };
}

/** A path in a directory; what lies between is made. */
function within(directory: string, name: string, id: string): string {
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || /[\\\0]/.test(name)) {
    throw new StageError(
      id,
      `Stage "${id}" cannot have a file "${name}": a relative path with / and without .. is wanted`,
    );
  }
  const path = join(directory, ...parts);
  makeFolderOf(path);
  return path;
}

/** What changed of code and sources since the key was made, but for sources whose bytes were held against it as they were read. */
async function whatChanged(
  { prepared: { node, code, sources }, cache }: Execution,
  read: ReadonlySet<string>,
): Promise<string | undefined> {
  const held = [...sources?.files.values() ?? []].every(({ name }) => read.has(name));
  const what = !await isStillLoaded(node.stage, code, cache.notes)
    ? "code"
    : !held && await digestNow(node, cache) !== sources?.digest
    ? "sources"
    : undefined;
  if (what === undefined) return undefined;
  return `The ${what} of stage "${node.id}" changed while it ran: its result serves this run and is not kept in the cache`;
}

/** The digest of a stage's sources; none where one of them is gone by now. */
async function digestNow(node: GraphNode, cache: Cache): Promise<string | undefined> {
  try {
    return (await sourcesOf(node, cache))?.digest;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Runs a stage's own code: a user's errors pass, a failing disk is explained, all else is a crash with its cause. */
async function guarded<T>(id: string, scratch: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    const written = await sizeOf(scratch);
    if (written === undefined) {
      throw new CacheError(
        `Stage "${id}" failed: ${
          messageOf(error)
        }. Its directory "${scratch}" is gone: if the cache was moved or removed, or ` +
          "its disk unmounted, bring it back and run again",
        { cause: error },
      );
    }
    if (isDiskFault(error)) {
      const explained = explainWrite(error, scratch).message;
      throw new CacheError(
        `Stage "${id}" failed: ${explained} The stage had written ${
          written.toLocaleString("en-US")
        } bytes there.`,
        { cause: error },
      );
    }
    throw new StageCrashError(id, `Stage "${id}" failed: ${messageOf(error)}`, { cause: error });
  }
}

/** Bytes in a directory; undefined if it is not there. */
async function sizeOf(directory: string): Promise<number | undefined> {
  let size = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      const path = join(directory, name);
      size += (isDirectory ? await sizeOf(path) : stampOf(path)?.size) ?? 0;
    }
  } catch {
    return undefined;
  }
  return size;
}
