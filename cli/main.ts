/** What the tasks start: a command that evaluates an experiment gets a process of its own, the others run in this one. @module */
import { tooOld } from "./process/deno_version.ts";
import { isLaunched } from "./process/permissions.ts";

/** A file that is not started needs not be loaded, and the launcher is to be quick. */
const start = async (args: readonly string[]): Promise<number> => {
  // An older Deno fails at the imports below, by what it cannot parse.
  const problem = tooOld(Deno.version.deno);
  if (problem !== undefined) {
    console.error(`error: ${problem}`);
    return 1;
  }
  if (isLaunched(args[0])) return await (await import("./process/launcher.ts")).launch(args);
  const [{ main }, { systemTerminal }] = await Promise.all([
    import("./program.ts"),
    import("./terminal/terminal.ts"),
  ]);
  return await main(args, systemTerminal());
};

if (import.meta.main) Deno.exit(await start(Deno.args));
