/** Finds the method that is named on the command line. @module */
import { pathToFileURL } from "node:url";
import * as library from "../../mod.ts";
import {
  ConfigError,
  didYouMean,
  type Graph,
  messageOf,
  type Override,
  parseConfig,
  parseSet,
  UserError,
} from "../../pipeline/mod.ts";
import { bindMethod, drawnAs } from "../../stages/methods/bound_method.ts";
import { type Exchanged, exchangingMethods } from "../../stages/methods/binding/exchange.ts";
import { type AnyMethod, type Configured, definitionOf, isConfigured } from "../../stages/methods/method.ts";
import { UsageError } from "../terminal/errors.ts";
import { experimentExports, isExperimentPath, typedPath } from "./experiment.ts";

/** A method that needs no options: called without any, it is ready for `coTrain`. */
type NamedMethod = AnyMethod & (() => Configured);

function isMethod(value: unknown): value is NamedMethod {
  return typeof value === "function" && "definition" in value && "predictions" in value;
}

/** The name of a configured method. */
export function nameOf({ method }: Configured): string {
  return definitionOf(method).name;
}

/**
 * The methods that an experiment has options for: what its file exports as `methods`.
 * @throws {UsageError} If that is no array of methods with options, or has two of one name.
 */
export async function methodsOf(experiment: string): Promise<readonly Configured[]> {
  return methodsIn(await experimentExports(experiment), experiment);
}

/** As {@linkcode methodsOf}, of a file that is loaded. */
export function methodsIn(
  { methods = [] }: Readonly<Record<string, unknown>>,
  experiment: string,
): readonly Configured[] {
  const refuse = (rule: string) =>
    new UsageError(
      `Cannot compare by the methods of "${experiment}": its export "methods" ${rule}. ` +
        "Write export const methods = [cps({ weight: 0.5 })];",
    );
  if (!Array.isArray(methods) || !methods.every(isConfigured)) {
    throw refuse("must be an array of methods with their options");
  }
  const names = methods.map(nameOf), twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw refuse(`has "${twice}" twice, and one name stands for one row of the table`);
  return methods;
}

/**
 * Finds a method and its options.
 *
 * @param given The name of one of the library's or of `chosen`, or the path of a TypeScript file whose default export is one.
 * @param chosen Methods with the options that an experiment has for them; any other has its defaults.
 * @throws {UsageError} If there is none.
 */
export async function findMethod(given: string, chosen: readonly Configured[]): Promise<Configured> {
  if (isExperimentPath(given)) {
    const method = await methodAt(typedPath(given));
    return chosen.find((own) => own.method.definition === method.definition) ?? method();
  }
  return knownMethod(given, chosen);
}

/**
 * Finds a method that is known by its name, and its options.
 *
 * @throws {UsageError} If there is none.
 */
export function knownMethod(given: string, chosen: readonly Configured[]): Configured {
  const defaults = Object.values<unknown>(library).filter(isMethod)
    .map((method): [string, NamedMethod] => [definitionOf(method).name, method]);
  const own = chosen.find((own) => nameOf(own) === given);
  const found = own ?? new Map(defaults).get(given)?.();
  if (found !== undefined) return found;
  const names = [...new Set([...defaults.map(([name]) => name), ...chosen.map(nameOf)])].sort();
  const guess = didYouMean(given, names);
  throw new UsageError(
    `Unknown method "${given}". ${guess.startsWith("Known:") ? "" : guess + " "}Known: ${
      names.join(", ")
    }; ` +
      "or, after compare --methods, the path of a TypeScript file, e.g. ./my_method.ts.",
  );
}

/** The id of the training by labels alone that is put in front of one that learns from pseudo-labels. */
const aloneOf = (training: string) => `${training}-alone`;

/**
 * A method in the place of a training's own. One that learns from pseudo-labels is given those of the experiment or, where that
 * makes none, of the same training by labels alone, whose weights it starts from.
 */
function inPlace(configured: Configured): Exchanged {
  return {
    configured,
    earlier({ id, inputs: { views, ...given }, config }) {
      const { method, options } = configured;
      const parsed = parseConfig(definitionOf(method).options, options, nameOf(configured));
      if (drawnAs("pseudo-labeled", bindMethod(method, parsed)).length === 0) return {};
      if (given.pseudoLabels !== undefined) return given;
      const first = library.coTrain({ views }, { ...config, method: library.supervised() }, {
        as: aloneOf(id),
      });
      const labels = { nets: first, images: views.unlabeled };
      const pseudoLabels = library.pseudoLabel(labels, { threshold: 0 }, { as: `${aloneOf(id)}-labels` });
      return { pseudoLabels, start: first.last };
    },
  };
}

/**
 * Builds a pipeline with other methods in the place of those of its trainings. What is set of a training is set of the one that is
 * put in front of it, too.
 *
 * @param by The method that stands in the place of a training's own, by the training's id.
 * @returns The graph, and the trainings that another method was found for.
 */
export function buildBy(
  by: (training: string) => Configured | undefined,
  build: (overrides: readonly Override[]) => Graph,
  set: readonly (Override | string)[] = [],
): { readonly result: Graph; readonly trainings: readonly string[] } {
  const overrides = set.map((one) => typeof one === "string" ? parseSet(one) : one);
  const building = (overrides: readonly Override[]) =>
    exchangingMethods((training) => {
      const method = by(training);
      return method && inPlace(method);
    }, () => build(overrides));
  const built = building(overrides), ids = new Set(built.result.nodes.map(({ id }) => id));
  const more = overrides.filter(({ stage, path }) =>
    built.trainings.includes(stage) && ids.has(aloneOf(stage)) && path[0] !== "method"
  );
  if (more.length === 0) return built;
  return building([
    ...overrides,
    ...more.map((override) => ({ ...override, stage: aloneOf(override.stage) })),
  ]);
}

async function methodAt(path: string): Promise<NamedMethod> {
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new ConfigError(`Cannot load the method "${path}": ${messageOf(error)}`, { cause: error });
  }
  if (isMethod(module.default)) return module.default;
  throw new UsageError(`Cannot train by "${path}": its default export is no method (defineMethod).`);
}
