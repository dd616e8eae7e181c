/** `compare`: the same data, steps and backbone, by several methods. @module */
import { ConfigError, type Override, type Pipeline } from "../../pipeline/mod.ts";
import { methodOf } from "../../stages/co_train.ts";
import { type Configured, definitionOf } from "../../stages/methods/method.ts";
import type { Command, OptionSpec } from "../terminal/command.ts";
import { lastingName } from "../experiment/experiment.ts";
import { loadExperiment } from "../experiment/load_experiment.ts";
import { UsageError } from "../terminal/errors.ts";
import { buildBy, findMethod, methodsOf, nameOf } from "../experiment/methods.ts";
import { methodsText } from "../runs/methods_table.ts";
import { baseline } from "../../runtime/runs/lineage.ts";
import {
  cacheOf,
  experimentArgument,
  experimentName,
  overrides,
  runsOf,
  seedsOf,
  setHelp,
  shared,
  tensorboardOf,
} from "../terminal/options.ts";
import { withComparison } from "../runs/comparison.ts";
import { withSession } from "../runs/session.ts";
import { runWays, type Way } from "../runs/ways.ts";
import { notesOnly } from "../terminal/terminal.ts";

const methodsOption: OptionSpec = {
  name: "methods",
  value: "list",
  description:
    "methods to compare, e.g. supervised,ccvc,./my_method.ts (default: supervised and the experiment's own)",
};

/** The command. */
export const compare: Command = {
  name: "compare",
  summary:
    "train by several methods over seeds, labels alone unless told: mIoU, its difference to labels alone, cost",
  details:
    `All see the same data, steps and backbone. The experiment's own method has the experiment's options, another
those that the experiment's file has for it (export const methods = [cps({ weight: 0.5 })]), else its
defaults; --set co-train.method.… is for the experiment's own alone.
Images, time and memory are those of the run that trained, now or earlier.
The default is --seeds 0..2.\n\n${setHelp}`,
  arguments: [experimentArgument],
  options: [
    methodsOption,
    shared.set,
    shared.seeds,
    shared.cache,
    shared.runs,
    shared.tensorboard,
    shared.json,
  ],
  async run(input) {
    const seeds = seedsOf(input, [0, 1, 2]);
    const experiment = lastingName(experimentName(input));
    const own = ownWay(await loadExperiment(experiment), overrides(input));
    const chosen = await methodsOf(experiment);
    const given = input.text("methods")?.split(",").map((name) => name.trim()).filter((name) => name !== "");
    const others = await Promise.all((given ?? [baseline]).map((name) => findMethod(name, chosen)));
    const ways = others.map((method) => wayBy(method, own));
    if (given === undefined && !ways.includes(own)) ways.push(own);
    if (ways.length === 0) {
      throw new UsageError("Cannot compare no methods; name one at least after --methods.");
    }
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const options = {
      terminal,
      cache: cacheOf(input),
      runs: runsOf(input),
      tensorboard: tensorboardOf(input),
    };
    await withSession(options, (session) =>
      withComparison(session, async (made) => {
        const results = await runWays(ways, { experiment, seeds }, session, made);
        terminal.print(`\n${methodsText(results)}`);
        if (json) input.terminal.print(JSON.stringify({ methods: results }));
      }));
  },
};

/** The trainings of a pipeline: their ids, and the names of their methods. */
function trainingsOf(pipeline: Pipeline, overrides: readonly Override[]) {
  return pipeline.build(overrides).nodes.flatMap(({ id, stage }) => {
    const method = methodOf(stage);
    return method ? [{ id, name: definitionOf(method).name }] : [];
  });
}

/** The experiment as it is: called by its method, where it has one alone. */
function ownWay(pipeline: Pipeline, overrides: readonly Override[]): Way {
  const [name, ...more] = new Set(trainingsOf(pipeline, overrides).map(({ name }) => name));
  return { name: name === undefined || more.length > 0 ? "its own" : name, pipeline, overrides };
}

/** The experiment by a method; as it is, where that is its own. */
function wayBy(method: Configured, own: Way): Way {
  const name = nameOf(method);
  if (name === own.name) return own;
  const trainings = trainingsOf(own.pipeline, own.overrides);
  return {
    name,
    method: name,
    // Options of the experiment's method are no other's.
    overrides: own.overrides.filter(({ stage, path }) =>
      path[0] !== "method" || !trainings.some(({ id }) => id === stage)
    ),
    pipeline: {
      name: own.pipeline.name,
      build(set) {
        const { result, trainings } = buildBy(
          () => method,
          (overrides) => own.pipeline.build(overrides),
          set,
        );
        if (trainings.length > 0) return result;
        throw new ConfigError(
          `Cannot compare "${own.pipeline.name}": it has no training (coTrain) whose method could be exchanged.`,
        );
      },
    },
  };
}
