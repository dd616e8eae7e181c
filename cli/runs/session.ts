/** The session of a command: its terminal, and Ctrl-C. @module */
import type { Cache } from "../../pipeline/mod.ts";
import { interruptedStatus } from "../terminal/errors.ts";
import { hostFacts } from "../../runtime/host/environment.ts";
import { processTeam } from "../../runtime/team/process_team.ts";
import { Gpu } from "../../runtime/gpu/gpu.ts";
import { onPresses } from "../terminal/presses.ts";
import { remoteOf } from "../../runtime/remote.ts";
import { onStop } from "../../runtime/host/requests.ts";
import type { Session } from "../../runtime/session.ts";
import { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

/**
 * Runs `body` with a session. The first Ctrl-C stops the work in order, the second one at once; the GPU is closed at the end.
 */
export async function withSession<T>(
  options: {
    terminal: Terminal;
    cache: Cache;
    runs: string;
    tensorboard?: string | undefined;
    checkpointEvery?: number | undefined;
  },
  body: (session: Session) => Promise<T>,
): Promise<T> {
  // What comes first, code and adapter, may take a second.
  options.terminal.live("preparing");
  const controller = new AbortController();
  let heard = 0;
  /** By how often it was asked, as this process or as its launcher counts: the terminal sends Ctrl-C to both. */
  const team = processTeam();
  const stop = (times: number) => {
    // Of a team, the one that leads stops the others.
    if (times <= heard || (team !== undefined && team.rank > 0)) return;
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
    const { terminal, ...rest } = options;
    return await body({
      ...rest,
      output: terminal,
      remote: remoteOf(options.cache, terminal),
      gpu,
      ...(team && { team }),
      signal: controller.signal,
      facts: await hostFacts(),
      watch: () => {
        const progress = new Progress(terminal);
        return (event) => progress.on(event);
      },
    });
  } finally {
    unheard();
    onStop(undefined);
    await gpu.close();
  }
}
