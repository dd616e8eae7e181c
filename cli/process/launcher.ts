/**
 * Starts a command in a process of its own, with no more than it needs, and stays beside it: it answers what the command
 * asks, and hands on signals. It evaluates nothing of the user's.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { setDriverVariables } from "../../runtime/host/driver.ts";
import { mpiVariable } from "../../runtime/team/start.ts";
import { isolatedArguments, teamLibrary, UnsafeFolder } from "./isolation.ts";
import { isBrief } from "./long_tests.ts";
import { providePackages } from "./packages.ts";
import { onPresses } from "../terminal/presses.ts";
import type { ToCommand, ToLauncher } from "../../runtime/host/requests.ts";

/** Exit status of what was stopped by Ctrl-C. */
const interrupted = 130;
/** Set in the process that goes on after a driver's installation, so that it is tried once. */
const afterInstallation = { CROSSVIEW_DRIVER_INSTALLED: "1" };
/** Milliseconds between two looks whether the task is still there that started this process. */
const glance = 1000;
/** Milliseconds after a second Ctrl-C until a command that does not hear is killed. */
const patience = 2000;

/**
 * Runs a command.
 *
 * @param args As typed after `deno task`.
 * @returns Its exit status.
 */
export async function launch(args: readonly string[]): Promise<number> {
  let command: readonly string[], library: string | undefined;
  try {
    command = isolatedArguments(args);
    library = teamLibrary(args);
  } catch (error) {
    if (!(error instanceof UnsafeFolder)) throw error;
    console.error(`error: ${error.message}`);
    return 2;
  }
  if (!await providePackages()) return 1;
  const variables = library === undefined ? {} : { [mpiVariable]: library };
  const brief = isBrief(args), first = await start(command, brief, variables);
  // A driver that was installed is seen only by a process that starts afterwards.
  return first.installed ? (await start(command, brief, afterInstallation)).status : first.status;
}

/** Starts a command, the driver's variables set for it, and waits for its end. */
async function start(
  command: readonly string[],
  brief: boolean,
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly installed: boolean }> {
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  await setDriverVariables(brief);
  const child = spawn(Deno.execPath(), [...command], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  let installed = false;
  child.on("message", async (message: ToLauncher) => {
    const answer = await answerTo(message);
    if (message.ask === "driver" && !("problem" in answer)) installed = true;
    send(child, answer);
  });
  const stopHandingOn = handOnSignals(child);
  return await new Promise((resolve, reject) => {
    // The channel may break off while the command ends.
    child.on("error", (error) => child.pid === undefined ? reject(error) : undefined);
    child.on("exit", (code, signal) => {
      const stops = stopHandingOn();
      const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      resolve({ status: code === null && stops > 1 ? interrupted : status, installed });
    });
  });
}

async function answerTo({ id, ask, args }: ToLauncher): Promise<ToCommand> {
  try {
    const { answers } = await import("./answers.ts");
    if (!Object.hasOwn(answers, ask)) throw new Error(`Cannot answer "${ask}"`);
    return { id, answer: await answers[ask]!(args.map(String)) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { id, problem: { name, message } };
  }
}

function send(child: ChildProcess, message: ToCommand): void {
  if (child.connected) child.send(message, () => {});
}

/**
 * Tells a command how often this process was asked to stop. The terminal sends Ctrl-C to both, so the command takes the larger
 * of two counts, its own and this one, and not their sum. A task that is killed without a word has asked once.
 *
 * @returns What ends it, and gives the count.
 */
function handOnSignals(child: ChildProcess): () => number {
  let stops = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (times: number) => {
    send(child, { stops: stops = times });
    if (stops > 1) timer ??= setTimeout(() => child.kill("SIGKILL"), patience);
  };
  const unheard = onPresses(stop);
  const task = Deno.ppid;
  const look = () => {
    if (Deno.ppid === task) return;
    clearInterval(watch);
    stop(Math.max(stops, 1));
  };
  // Only a task sets the variable: who starts this by hand, and leaves the shell, wants it to go on.
  const watch = Deno.env.has("INIT_CWD") ? setInterval(look, glance) : undefined;
  return () => {
    unheard();
    clearInterval(watch);
    clearTimeout(timer);
    return stops;
  };
}
