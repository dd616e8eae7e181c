/** `compare`: the same data, steps and backbone, by the experiment's method and by labels alone. @module */
import { ConfigError, type Pipeline } from "../../pipeline/mod.ts";
import { methodOf } from "../../stages/co_train.ts";
import { exchangingMethods } from "../../stages/methods/exchange.ts";
import { definitionOf } from "../../stages/methods/method.ts";
import { supervised } from "../../stages/methods/supervised.ts";
import type { Command } from "../command.ts";
import { lastingName, loadExperiment } from "../experiment.ts";
import { heading, type Metrics, type SeedsSummary, shownName, spreadCells, summarize } from "../metrics.ts";
import {
  cacheOf,
  cacheOption,
  experimentArgument,
  experimentName,
  jsonOption,
  overrides,
  runsOf,
  runsOption,
  seedsOf,
  seedsOption,
  setHelp,
  setOption,
} from "../options.ts";
import { runExperiment, type RunRequest } from "../run_experiment.ts";
import { type Session, withSession } from "../session.ts";
import { notesOnly } from "../terminal.ts";
import { spread, table } from "../text.ts";

/** The command. */
export const compare: Command = {
  name: "compare",
  summary: "train by the experiment's method and by labels alone, over seeds: mean and spread of mIoU",
  details:
    `Both see the same data, steps and backbone; options of the method (--set co-train.method.…) are its own, so
set others.
The default is --seeds 0..2.\n\n${setHelp}`,
  arguments: [experimentArgument],
  options: [setOption, seedsOption, cacheOption, runsOption, jsonOption],
  async run(input) {
    const seeds = seedsOf(input, [0, 1, 2]);
    const set = overrides(input);
    const experiment = lastingName(experimentName(input));
    const pipeline = await loadExperiment(experiment);
    const labels = { pipeline: baselineOf(pipeline), method: definitionOf(supervised).name };
    const trainings = pipeline.build(set).nodes.filter(({ stage }) => methodOf(stage)).map(({ id }) => id);
    const common = set.filter(({ stage, path }) => path[0] !== "method" || !trainings.includes(stage));
    // What is wrong is said before anything is trained.
    labels.pipeline.build(common);
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const options = { terminal, cache: cacheOf(input), runs: runsOf(input) };
    await withSession(options, async (session) => {
      const method: Metrics[] = [], baseline: Metrics[] = [];
      for (const seed of seeds) {
        terminal.print(`\nseed ${seed}, labels alone`);
        baseline.push(await scoreOf({ ...labels, experiment, overrides: common, seed }, session));
        terminal.print(`\nseed ${seed}, the experiment's method`);
        method.push(await scoreOf({ pipeline, experiment, overrides: set, seed }, session));
      }
      const result = comparison(summarize(seeds, baseline), summarize(seeds, method));
      terminal.print(`\n${comparisonText(result)}`);
      if (json) input.terminal.print(JSON.stringify(result));
    });
  },
};

/** The pipeline with the baseline in the place of its method. */
function baselineOf(pipeline: Pipeline): Pipeline {
  return {
    name: pipeline.name,
    build(set) {
      const { result, trainings } = exchangingMethods(supervised(), () => pipeline.build(set));
      if (trainings > 0) return result;
      throw new ConfigError(
        `Cannot compare "${pipeline.name}": it has no training (coTrain) whose method could be exchanged.`,
      );
    },
  };
}

async function scoreOf(request: RunRequest, session: Session): Promise<Metrics> {
  const { metrics } = await runExperiment(request, session);
  if (metrics !== undefined) return metrics;
  throw new ConfigError(
    `Cannot compare "${request.pipeline.name}": it returns no scores (an output of the kind "metrics").`,
  );
}

/** Two ways to train, seed by seed. */
export interface Comparison {
  readonly supervised: SeedsSummary;
  readonly method: SeedsSummary;
  /** Method − supervised, in points of mIoU. */
  readonly difference: Readonly<
    Record<string, { readonly mean: number; readonly standardDeviation: number }>
  >;
}

/** Sets two summaries of the same seeds against each other; the differences are taken seed by seed. */
export function comparison(supervised: SeedsSummary, method: SeedsSummary): Comparison {
  const difference = Object.fromEntries(
    Object.keys(method.mean.miou).map((name) => {
      const each = method.runs.map((run, i) => run.miou[name]! - supervised.runs[i]!.miou[name]!);
      return [name, spread(each)];
    }),
  );
  return { supervised, method, difference };
}

/** The comparison as a table. */
export function comparisonText({ supervised, method, difference }: Comparison): string {
  const names = Object.keys(difference);
  const rows = supervised.seeds.flatMap((seed, i) =>
    ([["labels alone", supervised], ["method", method]] as const).map(([name, { runs }]) => [
      `seed ${seed}, ${name}`,
      ...names.map((prediction) => runs[i]!.miou[prediction]!.toFixed(2)),
    ])
  );
  const sign = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  return table([heading("mIoU, percent", method.runs[0] ?? {}), ...names.map(shownName)], [
    ...rows,
    ["mean, labels alone", ...spreadCells(supervised)],
    ["mean, method", ...spreadCells(method)],
    [
      "difference",
      ...Object.values(difference).map(({ mean, standardDeviation }) =>
        `${sign(mean)} ± ${standardDeviation.toFixed(2)}`
      ),
    ],
  ]);
}
