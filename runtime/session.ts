/** What runs share: where they say what they do, the cache, the GPU, and what stops them. @module */
import type { Cache, PipelineEvent, Plan, RemoteCache, Team } from "../pipeline/mod.ts";
import { adapterLine, type Gpu } from "./gpu/gpu.ts";
import type { Output } from "./output.ts";
import { adapterName, type Facts, gpuOf } from "./runs/provenance.ts";

/** The shared parts. */
export interface Session {
  readonly output: Output;
  readonly cache: Cache;
  /** The remote cache, if the environment names one. */
  readonly remote: RemoteCache | undefined;
  /** Folder of the runs. */
  readonly runs: string;
  /** Folder of files for TensorBoard, if they are wanted. */
  readonly tensorboard?: string | undefined;
  readonly gpu: Gpu;
  /** Stops the work in order once it is aborted. */
  readonly signal: AbortSignal;
  readonly facts: Readonly<Record<string, string>>;
  /** Processes that run it together, this one among them. */
  readonly team?: Team | undefined;
  /** Seconds between checkpoints; without it they are spaced by their cost. */
  readonly checkpointEvery?: number | undefined;
  /** Gives who hears the events of one run. */
  watch(): (event: PipelineEvent) => void;
}

/**
 * Makes the adapters known before any work: opens the GPU if a stage that needs it may run, and looks up which adapters made
 * what is in the cache; each one that is not this process's is said with its stages.
 *
 * @returns Facts about the adapter that is used, or that made the first result; undefined if no stage of the plan uses one.
 * @throws {DeviceError} If there is no adapter.
 */
export async function announceAdapter(
  plans: readonly Plan[],
  { gpu, cache, output }: Pick<Session, "gpu" | "cache" | "output">,
): Promise<Readonly<Record<string, string>> | undefined> {
  const users = plans.flatMap((plan) => plan.nodes).filter(({ resources }) => resources.includes("gpu"));
  if (users.length === 0) return undefined;
  const own = users.some(({ state }) => state !== "hit") ? await gpu.announce() : undefined;
  const recorded = new Map<string, { readonly gpu: Facts; readonly stages: string[] }>();
  for (const { id, key } of users.filter(({ state }) => state === "hit")) {
    const gpu = gpuOf((await cache.peek(key!))?.recorded.facts);
    if (gpu === undefined || own !== undefined && adapterName(gpu) === adapterName(own)) continue;
    const { stages } = recorded.get(adapterName(gpu)) ?? { stages: [] };
    recorded.set(adapterName(gpu), { gpu, stages: [...stages, id] });
  }
  for (const { gpu, stages } of recorded.values()) {
    const what = own === undefined && recorded.size === 1
      ? "recorded with the results in the cache; nothing has to run"
      : `recorded with the results of ${stages.join(", ")} in the cache`;
    output.print(`${adapterLine(gpu)} (${what})`);
  }
  return own ?? [...recorded.values()][0]?.gpu;
}
