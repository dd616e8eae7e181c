/** Loads the experiment that is named on the command line. @module */
import { dirname } from "node:path";
import { ConfigError, type Override, parseSet, type Pipeline } from "../../pipeline/mod.ts";
import type { Configured } from "../../stages/methods/method.ts";
import { UsageError } from "../terminal/errors.ts";
import { experimentExports, isExperimentPath, lastingName, typedPath } from "./experiment.ts";
import { buildBy, knownMethod, methodsIn } from "./methods.ts";

/**
 * Loads an experiment. Of what it builds, `--set co-train.method=NAME` takes another method, with the options that the
 * experiment's file has for it. Relative paths in a file are relative to its folder.
 *
 * @param given A name in `configs/`, or a path of a TypeScript file whose default export is a pipeline.
 * @throws {UsageError} If there is none, or it exports no pipeline.
 */
export async function loadExperiment(given: string): Promise<Pipeline> {
  const exports = await experimentExports(given);
  const found = exports.default as Partial<Pipeline> | undefined;
  if (typeof found?.build !== "function" || typeof found.name !== "string") {
    throw new UsageError(
      `Cannot run "${
        lastingName(given)
      }": its default export is no pipeline. Write export default pipeline("name", () => { … });`,
    );
  }
  const folder = isExperimentPath(given) ? dirname(typedPath(given)) : undefined;
  return takingMethods(found as Pipeline, folder, (name) => knownMethod(name, methodsIn(exports, given)));
}

/** A pipeline whose trainings take the methods that overrides name. */
function takingMethods(
  pipeline: Pipeline,
  folder: string | undefined,
  method: (name: string) => Configured,
): Pipeline {
  return {
    ...pipeline,
    build(set = []) {
      const overrides = set.map((one) => typeof one === "string" ? parseSet(one) : one);
      const named = new Map(
        overrides.filter(namesMethod).map(({ stage, text }) => [stage, method(text)]),
      );
      if (named.size === 0) return pipeline.build(overrides, folder);
      // The name is told again as the leaf that it is, so that an explanation says who set it.
      const others = overrides.map((override) =>
        namesMethod(override) ? { ...override, path: ["method", "name"] } : override
      );
      const { result, trainings } = buildBy(
        (id) => named.get(id),
        (overrides) => pipeline.build(overrides, folder),
        others,
      );
      const unmet = [...named.keys()].find((id) => !trainings.includes(id));
      if (unmet === undefined) return result;
      throw new ConfigError(
        `Cannot set ${unmet}.method: pipeline "${pipeline.name}" has no training (coTrain) "${unmet}"`,
      );
    },
  };
}

/** Whether an override is of a whole method, and not of a leaf of its options. */
function namesMethod({ path, value }: Override): boolean {
  return path.length === 1 && path[0] === "method" && typeof value === "string";
}
