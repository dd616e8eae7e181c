/**
 * What each command's own process may do; the tasks in deno.json grant the same, and a test holds the two together.
 *
 * A command that evaluates an experiment's file, or computes, has two processes: the task starts the launcher, which evaluates
 * nothing of the user's, and the launcher starts the command with what `isolation.ts` names. The other commands look at files
 * and write some, wherever they are told to. Nothing calls foreign code (ffi) but MPI's library, in processes that MPI has started.
 *
 * @module
 */
import { sharingVariable } from "../../runtime/host/variables.ts";

/** Variables of the command line: where it was typed, and whether in color. */
export const typed: readonly string[] = ["INIT_CWD", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"];
/**
 * Variables that the driver reads, set where the user has not set them, and those that its folders are named by. No process that
 * evaluates an experiment may set them: the driver writes where they say.
 */
const driver: readonly string[] = [
  "XDG_RUNTIME_DIR",
  "DENO_WEBGPU_BACKEND",
  "LP_NATIVE_VECTOR_WIDTH",
  "MESA_SHADER_CACHE_DIR",
  "XDG_CACHE_HOME",
  "HOME",
];
/** As a flag. */
export const environment = (...names: readonly string[]): string => `--allow-env=${names.join(",")}`;

/**
 * The launcher: it starts Deno, hands on the environment, and answers what the process that it started asks. It writes nothing,
 * and reaches no network.
 */
const launching = ["--allow-read", "--allow-env", "--allow-run", "--allow-sys=uid"];
/** For commands that look at files and write some. */
const filing = ["--allow-read", "--allow-write", environment(...typed), "--allow-sys=statfs"];

/** Commands without a launcher. */
const alone: Readonly<Record<string, readonly string[]>> = {
  runs: filing,
  report: filing,
  weights: filing,
  start: filing,
  completions: ["--allow-read", environment(...typed)],
  // Another process downloads, which may reach one host and neither files nor programs.
  partitions: [...filing, "--allow-run"],
  doctor: [
    "--allow-read",
    environment(...typed, ...driver, sharingVariable, "CROSSVIEW_INSTALL", "CROSSVIEW_DRIVER_INSTALLED"),
    "--allow-run=cat,grep",
    "--allow-sys=statfs,uid",
  ],
};

/** The project's own tests and benches: they start commands, bundle code and open the GPU. */
const developing = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys=statfs,uid"];

/** Commands that several processes can run together. */
const teamed: readonly string[] = ["train", "compare", "ccvc"];

/** Whether several processes can run a command together. */
export function isTeamed(command: string | undefined): boolean {
  return command !== undefined && teamed.includes(command);
}

/** Whether a command is started by the launcher. An unknown one is not: its error needs no second process. */
export function isLaunched(command: string | undefined): boolean {
  return command !== undefined && /^[a-z]/.test(command) && !Object.hasOwn(alone, command);
}

/**
 * Flags for `deno run`.
 *
 * @param command Name of a command; without one: what the project's own tests and benches may do.
 */
export function permissionsOf(command?: string): readonly string[] {
  const own = command === undefined
    ? developing
    : Object.hasOwn(alone, command)
    ? alone[command]!
    : launching;
  return ["--no-prompt", ...own];
}

/** Flags for `deno test`: what tests may do, and servers on this machine. */
export const testPermissions: readonly string[] = [...permissionsOf(), "--allow-net=127.0.0.1,localhost"];
