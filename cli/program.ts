/** The program: reads the command line, runs a command, and ends with its status. @module */
import { appointDeputy, CodeError, outsideCodeFollows } from "../pipeline/mod.ts";
import { runProgram } from "./terminal/commander.ts";
import type { Command } from "./terminal/command.ts";
import { bench } from "./commands/bench.ts";
import { cache } from "./commands/cache/cache.ts";
import { ccvc } from "./commands/ccvc.ts";
import { compare } from "./commands/compare.ts";
import { completions } from "./commands/completions.ts";
import { dag } from "./commands/plan/dag.ts";
import { data } from "./commands/data.ts";
import { doctor } from "./commands/doctor.ts";
import { evaluate } from "./commands/evaluate.ts";
import { exporting } from "./commands/export/export.ts";
import { next } from "./commands/next.ts";
import { parity } from "./commands/parity.ts";
import { partitions } from "./commands/partitions/partitions.ts";
import { plan } from "./commands/plan/plan.ts";
import { predict } from "./commands/predict.ts";
import { report } from "./commands/runs/report.ts";
import { runs } from "./commands/runs/runs.ts";
import { start } from "./commands/start.ts";
import { test } from "./commands/test.ts";
import { train } from "./commands/train.ts";
import { tune } from "./commands/tune.ts";
import { weights } from "./commands/weights.ts";
import { why } from "./commands/plan/why.ts";
import { asksLauncher, outputOf } from "../runtime/host/environment.ts";
import { exitStatus, interruptedStatus } from "./terminal/errors.ts";
import { DriverInstalled } from "../runtime/gpu/gpu.ts";
import { origin, version } from "../runtime/host/place.ts";
import { connect, request } from "../runtime/host/requests.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { runInTeam, sayError } from "./process/team_process.ts";

/** Those that run the tests and benches of a clone; a package has none. */
const ofClone: readonly Command[] = origin === "clone" ? [bench, test] : [];

/** All commands, in the order of the help. */
export const program: Command = {
  name: origin === "clone" ? "deno task" : "crossview",
  version,
  summary: "Crossview trains semantic segmentation from a few labeled and many unlabeled images.",
  details: `Every command takes --help.
Exit status: 0 done; 1 failed; 2 the command line or a config is wrong; 130 interrupted; 141 the reader of
its output went away.`,
  commands: [
    start,
    train,
    plan,
    why,
    dag,
    compare,
    ccvc,
    evaluate,
    predict,
    next,
    data,
    partitions,
    weights,
    exporting,
    runs,
    report,
    cache,
    doctor,
    parity,
    tune,
    completions(() => program.commands!),
    ...ofClone,
  ],
};

/**
 * Runs a command line.
 *
 * @param args As typed after `deno task`.
 * @returns The exit status.
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  outsideCodeFollows();
  try {
    return await runProgram(program, args, terminal);
  } catch (error) {
    // The launcher starts the command again, and that one's status counts.
    if (error instanceof DriverInstalled) return 1;
    await sayError(error, terminal);
    return exitStatus(error);
  }
}

/** Has done by the launcher what this process may not do. */
function useLauncher(): void {
  connect(() => Deno.exit(interruptedStatus));
  if (!asksLauncher()) return;
  const bundle = async (path: string, alsoHash: readonly string[]) => {
    try {
      return await request("bundle", path, ...alsoHash);
    } catch (error) {
      throw (error as Error).name === "CodeError" ? new CodeError((error as Error).message) : error;
    }
  };
  appointDeputy({ output: outputOf, bundle });
}

if (import.meta.main) {
  useLauncher();
  Deno.exit(await runInTeam(Deno.args, main));
}
