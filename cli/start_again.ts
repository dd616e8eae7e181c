/** This very command in a process of its own, where the present one lacks what only a new one can have. @module */

/**
 * Starts the command again and waits for its end. Signals go to it: it decides what they mean.
 *
 * @param permissions Flags for `deno run`.
 * @param env Variables beside those of this process.
 * @returns Its exit status.
 */
export async function startAgain(
  permissions: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const config = new URL("../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", config, ...permissions, Deno.mainModule, ...Deno.args],
    env: { ...env },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  // The terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
  const ignore = () => {};
  const pass = () => child.kill("SIGTERM");
  const unix = Deno.build.os !== "windows";
  Deno.addSignalListener("SIGINT", ignore);
  if (unix) Deno.addSignalListener("SIGTERM", pass);
  try {
    return (await child.status).code;
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
    if (unix) Deno.removeSignalListener("SIGTERM", pass);
  }
}
