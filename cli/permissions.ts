/**
 * What each command may do; the tasks in deno.json grant the same, tests run commands under it, and a test holds the two
 * together.
 *
 * Data, cache, runs and weights may lie anywhere, so reading and writing are not bound to folders. Programs are not bound to
 * names where a command bundles code or starts Deno again: esbuild lies where Deno keeps packages, and Deno itself where npx
 * put it, which no line in deno.json can know. Nothing calls foreign code (ffi). The network is reached by nobody but those who
 * need a remote cache that the environment names, and then that host alone: see {@linkcode networkPermission}.
 *
 * @module
 */

/** Variables of the command line: where it was typed, and whether in color. */
const typed = ["INIT_CWD", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"];
/** Variables of the driver. */
const driver = [
  "XDG_RUNTIME_DIR",
  "DENO_WEBGPU_BACKEND",
  "LP_NATIVE_VECTOR_WIDTH",
  "CROSSVIEW_INSTALL",
  "CROSSVIEW_DRIVER_INSTALLED",
];
const environment = (...names: readonly string[]) => `--allow-env=${names.join(",")}`;

/** For commands that compute: they bundle code (which needs esbuild, and it the environment), and may install a driver. */
const computing = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys=statfs,uid"];
/** For commands that plan: they bundle code, and keep notes in the cache. */
const planning = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys=statfs"];
/** For commands that look at files and write some. */
const filing = ["--allow-read", "--allow-write", environment(...typed), "--allow-sys=statfs"];

const permissions: Readonly<Record<string, readonly string[]>> = {
  plan: planning,
  why: planning,
  dag: planning,
  data: ["--allow-read", environment(...typed)],
  runs: filing,
  report: filing,
  weights: filing,
  // Another process downloads, which may reach one host and neither files nor programs.
  partitions: [...filing, "--allow-run"],
  doctor: [
    "--allow-read",
    environment(...typed, ...driver),
    "--allow-run=cat,grep",
    "--allow-sys=statfs,uid",
  ],
};

/**
 * Flags for `deno run`.
 *
 * @param command Name of a command; without one: what those that compute may do.
 */
export function permissionsOf(command?: string): readonly string[] {
  const own = command !== undefined && Object.hasOwn(permissions, command)
    ? permissions[command]!
    : computing;
  return ["--no-prompt", ...own];
}

/** Flags for `deno test`: what the commands may do, and servers on this machine. */
export const testPermissions: readonly string[] = [...permissionsOf(), "--allow-net=127.0.0.1,localhost"];

/**
 * The flag that a command lacks to reach a host.
 *
 * @param host With its port.
 * @returns Undefined if the host may be reached already.
 */
export function networkPermission(host: string): string | undefined {
  return Deno.permissions.querySync({ name: "net", host }).state === "granted"
    ? undefined
    : `--allow-net=${host}`;
}
