/** What the runs of one command share: terminal, cache, GPU, and Ctrl-C. @module */
import type { Cache, Plan, RemoteCache } from "../pipeline/mod.ts";
import { interruptedStatus } from "./errors.ts";
import { hostFacts } from "./environment.ts";
import { adapterLine, Gpu } from "./gpu.ts";
import { onPresses } from "./presses.ts";
import { remoteOf } from "./remote.ts";
import { onStop } from "./requests.ts";
import type { Terminal } from "./terminal.ts";

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
 * Makes the adapter known before any work: opens the GPU if a stage that needs it may run, else looks up which adapter made
 * the results in the cache.
 *
 * @returns Facts about the adapter; undefined if no stage of the plan uses one.
 * @throws {DeviceError} If there is no adapter.
 */
export async function announceAdapter(
  plans: readonly Plan[],
  { gpu, cache, terminal }: Pick<Session, "gpu" | "cache" | "terminal">,
): Promise<Readonly<Record<string, string>> | undefined> {
  const users = plans.flatMap((plan) => plan.nodes).filter(({ resources }) => resources.includes("gpu"));
  if (users.length === 0) return undefined;
  if (users.some(({ state }) => state !== "hit")) return await gpu.announce();
  for (const { key } of users) {
    const facts = (await cache.peek(key!))?.recorded.facts ?? {};
    if (facts["gpu.adapter"] === undefined) continue;
    const recorded = Object.fromEntries(
      Object.entries(facts).filter(([name]) => name.startsWith("gpu."))
        .map(([name, value]) => [name.slice("gpu.".length), value]),
    );
    terminal.print(`${adapterLine(recorded)} (recorded with the results in the cache; nothing has to run)`);
    return recorded;
  }
  return undefined;
}
