/** `compare`: the same data, steps and backbone, by several methods. @module */
import { ConfigError, type Override, type Pipeline } from "../../pipeline/mod.ts";
import { methodOf } from "../../stages/co_train.ts";
import { exchangingMethods } from "../../stages/methods/exchange.ts";
import { definitionOf } from "../../stages/methods/method.ts";
import type { Command, OptionSpec } from "../command.ts";
import { lastingName, loadExperiment } from "../experiment.ts";
import { UsageError } from "../errors.ts";
import { findMethod } from "../methods.ts";
import {
  heading,
  headlineScore,
  type Metrics,
  predictionNames,
  type SeedsSummary,
  shownName,
  summarize,
} from "../metrics.ts";
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
import { mixedRunsNotice } from "../provenance.ts";
import { runExperiment, type RunRequest } from "../run_experiment.ts";
import { type Session, withSession } from "../session.ts";
import { notesOnly } from "../terminal.ts";
import { spread, table } from "../text.ts";

const methodsOption: OptionSpec = {
  name: "methods",
  value: "list",
  description:
    "methods to compare, e.g. supervised,ccvc,./my_method.ts (default: supervised and the experiment's own)",
};

/** The command. */
export const compare: Command = {
  name: "compare",
  summary: "train by several methods over seeds, labels alone unless told: mean and spread of mIoU",
  details:
    `All see the same data, steps and backbone. The experiment's own method has the experiment's options, the others
their defaults; --set co-train.method.… is for the experiment's own alone.
The default is --seeds 0..2.\n\n${setHelp}`,
  arguments: [experimentArgument],
  options: [methodsOption, setOption, seedsOption, cacheOption, runsOption, jsonOption],
  async run(input) {
    const seeds = seedsOf(input, [0, 1, 2]);
    const set = overrides(input);
    const experiment = lastingName(experimentName(input));
    const pipeline = await loadExperiment(experiment);
    const given = input.text("methods")?.split(",").map((name) => name.trim()).filter((name) => name !== "");
    const own: Way = { name: "method", pipeline, overrides: set };
    const ways = given === undefined
      ? [await wayOf("supervised", own, "labels alone"), own]
      : await Promise.all(given.map((name) => wayOf(name, own)));
    if (ways.length === 0) {
      throw new UsageError("Cannot compare no methods; name one at least after --methods.");
    }
    // What is wrong is said before anything is trained.
    for (const { pipeline, overrides } of ways) pipeline.build(overrides);
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const options = { terminal, cache: cacheOf(input), runs: runsOf(input) };
    await withSession(options, async (session) => {
      const scores = ways.map((): Metrics[] => []);
      for (const seed of seeds) {
        for (const [i, { name, ...way }] of ways.entries()) {
          terminal.print(`\nseed ${seed}, ${name}`);
          scores[i]!.push(await scoreOf({ ...way, experiment, seed }, session));
        }
      }
      const summaries = scores.map((runs) => summarize(seeds, runs));
      if (given !== undefined) {
        const named = ways.map(({ name }, i) => ({ name, summary: summaries[i]! }));
        terminal.print(`\n${methodsText(named)}`);
        if (json) input.terminal.print(JSON.stringify({ methods: named }));
        return;
      }
      const result = comparison(summaries[0]!, summaries[1]!);
      terminal.print(`\n${comparisonText(result)}`);
      if (json) input.terminal.print(JSON.stringify(result));
    });
  },
};

/** A way to train. */
interface Way {
  /** How tables name it. */
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly overrides: readonly Override[];
  /** The method that stands in the place of the experiment's own. */
  readonly method?: string;
}

/** The experiment by a method; as it is, where that is its own. */
async function wayOf(given: string, own: Way, shown?: string): Promise<Way> {
  const method = await findMethod(given), { name } = definitionOf(method);
  const trainings = own.pipeline.build(own.overrides).nodes.flatMap(({ id, stage }) => {
    const trained = methodOf(stage);
    return trained ? [{ id, name: definitionOf(trained).name }] : [];
  });
  if (trainings.length > 0 && trainings.every((training) => training.name === name)) {
    return { ...own, name: shown ?? name };
  }
  return {
    name: shown ?? name,
    method: name,
    // Options of the experiment's method are no other's.
    overrides: own.overrides.filter(({ stage, path }) =>
      path[0] !== "method" || !trainings.some(({ id }) => id === stage)
    ),
    pipeline: {
      name: own.pipeline.name,
      build(set) {
        const { result, trainings } = exchangingMethods(method(), () => own.pipeline.build(set));
        if (trainings > 0) return result;
        throw new ConfigError(
          `Cannot compare "${own.pipeline.name}": it has no training (coTrain) whose method could be exchanged.`,
        );
      },
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

/** A score that two methods may share: a prediction's by its name, or that of the headline, whatever it is called. */
const HEADLINE = "headline";

const scoreIn = (run: Metrics, name: string) => name === HEADLINE ? headlineScore(run)! : run.miou[name]!;

/** Sets two summaries of the same seeds against each other; the differences are taken seed by seed. */
export function comparison(supervised: SeedsSummary, method: SeedsSummary): Comparison {
  const theirs = supervised.runs[0]!;
  const common = predictionNames(method.runs[0]!).filter((name) => theirs.miou[name] !== undefined);
  const names = common.length > 0 ? common : [HEADLINE];
  const difference = Object.fromEntries(names.map((name) => {
    const each = method.runs.map((run, i) => scoreIn(run, name) - scoreIn(supervised.runs[i]!, name));
    return [name, spread(each)];
  }));
  return { supervised, method, difference };
}

const spreadText = ({ mean, standardDeviation }: ReturnType<typeof spread>) =>
  `${mean.toFixed(2)} ± ${standardDeviation.toFixed(2)}`;

/** The comparison as a table. */
export function comparisonText({ supervised, method, difference }: Comparison): string {
  const names = Object.keys(difference);
  const rows = supervised.seeds.flatMap((seed, i) =>
    ([["labels alone", supervised], ["method", method]] as const).map(([name, { runs }]) => [
      `seed ${seed}, ${name}`,
      ...names.map((prediction) => scoreIn(runs[i]!, prediction).toFixed(2)),
    ])
  );
  const means = ([["labels alone", supervised], ["method", method]] as const).map(([name, { runs }]) => [
    `mean, ${name}`,
    ...names.map((prediction) => spreadText(spread(runs.map((run) => scoreIn(run, prediction))))),
  ]);
  const sign = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  const mixed = mixedRunsNotice([...supervised.runs, ...method.runs]);
  const scores = table([heading("mIoU, percent", method.runs[0] ?? {}), ...names.map(shownName)], [
    ...rows,
    ...means,
    [
      "difference",
      ...Object.values(difference).map(({ mean, standardDeviation }) =>
        `${sign(mean)} ± ${standardDeviation.toFixed(2)}`
      ),
    ],
  ]);
  return mixed === undefined ? scores : `${mixed}\n${scores}`;
}

/** Methods as a table: mIoU of each one's headline, mean and spread, then seed by seed. */
export function methodsText(
  methods: readonly { readonly name: string; readonly summary: SeedsSummary }[],
): string {
  const { seeds, runs: [first] } = methods[0]!.summary;
  const rows = methods.map(({ name, summary: { runs } }) => {
    const scores = runs.map((run) => headlineScore(run)!);
    const prediction = predictionNames(runs[0]!).at(-1)!;
    return [
      name,
      shownName(prediction),
      spreadText(spread(scores)),
      ...scores.map((score) => score.toFixed(2)),
    ];
  });
  const head = [
    heading("mIoU, percent", first ?? {}),
    "prediction",
    "mean",
    ...seeds.map((seed) => `seed ${seed}`),
  ];
  return table(head, rows);
}
