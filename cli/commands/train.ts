/** `train`: runs an experiment. @module */
import type { Command } from "../terminal/command.ts";
import { lastingName } from "../experiment/experiment.ts";
import { loadExperiment } from "../experiment/load_experiment.ts";
import { explainOption, printExplanation } from "../experiment/explain.ts";
import { metricsText, seedsText, summarize } from "../runs/metrics.ts";
import {
  cacheOf,
  checkpointEvery,
  experimentArgument,
  experimentName,
  overrides,
  runsOf,
  seedsOf,
  setHelp,
  shared,
  tensorboardOf,
  untilOf,
} from "../terminal/options.ts";
import { type FinishedRun, runExperiment } from "../../runtime/runs/run_experiment.ts";
import { methodsText } from "../runs/methods_table.ts";
import { withComparison } from "../runs/comparison.ts";
import { withSession } from "../runs/session.ts";
import { endLine, runUntil, runWays, sweepWays } from "../runs/ways.ts";
import { sweepOf, sweepOption } from "../terminal/sweeps.ts";
import { notesOnly, type Terminal } from "../terminal/terminal.ts";

/** The command. */
export const train: Command = {
  name: "train",
  summary: "run an experiment: what is in the cache is taken from there, the rest is run",
  details:
    `Writes runs/<name>/<id>/: report.html, a page to look at from the start on; events.jsonl, plan.json,
metrics.json, curves.json, pictures/, weights/.
A run that was stopped, by Ctrl-C, a kill or a fault, goes on from its last checkpoint when the same
command is given again, and ends with the same bytes as one that was not.\n\n${setHelp}

--json prints the scores (the content of metrics.json) as the last line of stdout; with several seeds
an object with "seeds", "runs", "mean" and "standardDeviation"; with --sweep one with "sweep", a list.

--sweep co-train.baseRate=0.01,0.02 --seeds 0..2 runs every choice with every seed and ends with one table;
what the choices share is computed once.

--until co-train trains, and leaves what comes after to a later run: it finds in the cache what this one made.`,
  arguments: [experimentArgument],
  options: [
    shared.set,
    shared.seed,
    shared.seeds,
    sweepOption,
    shared.until,
    shared.cache,
    shared.runs,
    shared.tensorboard,
    shared.checkpointEvery,
    explainOption,
    shared.json,
  ],
  async run(input) {
    if (input.flag("explain")) return await printExplanation(input);
    const seeds = seedsOf(input), until = untilOf(input);
    const set = overrides(input);
    const experiment = experimentName(input);
    const pipeline = await loadExperiment(experiment);
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const options = {
      terminal,
      cache: cacheOf(input),
      runs: runsOf(input),
      tensorboard: tensorboardOf(input),
      checkpointEvery: checkpointEvery(input),
    };
    const points = sweepOf(input), ways = sweepWays(pipeline, set, points);
    if (until !== undefined) {
      const named = { experiment: lastingName(experiment), seeds, until };
      return await withSession(options, (session) => runUntil(ways, named, session));
    }
    if (points.length > 0) {
      return await withSession(options, (session) =>
        withComparison(session, async (made) => {
          const named = { experiment: lastingName(experiment), seeds };
          const results = await runWays(ways, named, session, made);
          terminal.print(`\n${methodsText(results)}`);
          if (json) input.terminal.print(JSON.stringify({ sweep: results }));
        }));
    }
    await withSession(options, (session) =>
      withComparison(session, async (made) => {
        const runs: FinishedRun[] = [];
        for (const seed of seeds) {
          if (seeds.length > 1) terminal.print(`\nseed ${seed}`);
          const request = { pipeline, experiment: lastingName(experiment), overrides: set, seed };
          const run = await runExperiment(request, session);
          report(run, terminal);
          runs.push(run);
          made(pipeline.name, run.folder);
        }
        const scores = runs.map(({ metrics }) => metrics).filter((metrics) => metrics !== undefined);
        const summary = seeds.length > 1 && scores.length === seeds.length
          ? summarize(seeds, scores)
          : undefined;
        if (summary !== undefined) terminal.print(`\n${seedsText(summary)}`);
        if (json) input.terminal.print(JSON.stringify(summary ?? scores[0] ?? {}));
      }));
  },
};

/** Tells how a run ended. */
export function report(run: FinishedRun, terminal: Terminal): void {
  if (run.metrics !== undefined) terminal.print(`\n${metricsText(run.metrics)}\n`);
  terminal.print(endLine(run));
}
