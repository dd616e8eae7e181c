/** What the runs of one command share: terminal, cache, GPU, and Ctrl-C. @module */
import type { Cache, Plan, RemoteCache } from "../../pipeline/mod.ts";
import { interruptedStatus } from "../terminal/errors.ts";
import { hostFacts } from "../process/environment.ts";
import { adapterLine, Gpu } from "../gpu/gpu.ts";
import { onPresses } from "../terminal/presses.ts";
import { adapterName, type Facts, gpuOf } from "./provenance.ts";
import { remoteOf } from "../experiment/remote.ts";
import { onStop } from "../process/requests.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The shared parts. */
export interface Session {
  readonly terminal: Terminal;
  readonly cache: Cache;
  /** The remote cache, if the environment names one. */
  readonly remote: RemoteCache | undefined;
  /** Folder of the runs. */
  readonly runs: string;
  readonly gpu: Gpu;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly facts: Readonly<Record<string, string>>;
  /** Seconds between checkpoints; without it they are spaced by their cost. */
  readonly checkpointEvery?: number | undefined;
}

/**
 * Runs `body` with a session. The first Ctrl-C stops the work in order, the second one at once; the GPU is closed at the end.
 */
export async function withSession<T>(
  options: { terminal: Terminal; cache: Cache; runs: string; checkpointEvery?: number | undefined },
  body: (session: Session) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let heard = 0;
  /** By how often it was asked, as this process or as its launcher counts: the terminal sends Ctrl-C to both. */
  const stop = (times: number) => {
    if (times <= heard) return;
    heard = times;
    if (controller.signal.aborted) Deno.exit(interruptedStatus);
    options.terminal.note(
      "Stopping after this step: what has finished stays in the cache, the rest in a checkpoint. Press Ctrl-C again to stop " +
        "at once.",
    );
    controller.abort();
  };
  const unheard = onPresses(stop);
  onStop(stop);
  const gpu = new Gpu(options.terminal, { cache: options.cache.root });
  try {
    const remote = remoteOf(options.cache, options.terminal);
    return await body({ ...options, remote, gpu, signal: controller.signal, facts: await hostFacts() });
  } finally {
    unheard();
    onStop(undefined);
    await gpu.close();
  }
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
  { gpu, cache, terminal }: Pick<Session, "gpu" | "cache" | "terminal">,
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
    terminal.print(`${adapterLine(gpu)} (${what})`);
  }
  return own ?? [...recorded.values()][0]?.gpu;
}
