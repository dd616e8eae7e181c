/** An experiment by several methods. @module */
import { ConfigError, type Override, type Pipeline } from "../../pipeline/mod.ts";
import { methodOf } from "../../stages/co_train.ts";
import { type Configured, definitionOf } from "../../stages/methods/method.ts";
import { loadExperiment } from "../experiment/load_experiment.ts";
import { baseline } from "../../runtime/runs/lineage.ts";
import { buildBy, findMethod, methodsOf, nameOf } from "../experiment/methods.ts";
import type { CommandInput, OptionSpec } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Way } from "./ways.ts";

/** `--methods`. */
export const methodsOption: OptionSpec = {
  name: "methods",
  value: "list",
  description:
    "methods to compare, e.g. supervised,ccvc,./my_method.ts (default: supervised and the experiment's own)",
};

/**
 * What `--methods` names; undefined without it.
 * @throws {UsageError} If it names none.
 */
export function namedMethods(input: CommandInput): readonly string[] | undefined {
  const names = input.text("methods")?.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names?.length !== 0) return names;
  throw new UsageError("Cannot compare no methods; name one at least after --methods.");
}

/**
 * The experiment by each of some methods, in their order.
 *
 * @param experiment A name in `configs/`, or the path of a file.
 * @param names Of methods, or paths; without any labels alone and the experiment's own.
 * @param overrides Those of the experiment's own method are no other's.
 * @throws {UsageError} If there is no such experiment or method.
 */
export async function methodWays(
  experiment: string,
  names: readonly string[] | undefined,
  overrides: readonly Override[],
): Promise<Way[]> {
  const own = ownWay(await loadExperiment(experiment), overrides);
  const chosen = await methodsOf(experiment);
  const methods = await Promise.all((names ?? [baseline]).map((name) => findMethod(name, chosen)));
  const ways = methods.map((method) => wayBy(method, own));
  return names !== undefined || ways.includes(own) ? ways : [...ways, own];
}

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
