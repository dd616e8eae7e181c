/** Finds the method that is named on the command line. @module */
import { pathToFileURL } from "node:url";
import * as library from "../mod.ts";
import { type AnyMethod, ConfigError, didYouMean, messageOf, UserError } from "../mod.ts";
import { definitionOf } from "../stages/methods/method.ts";
import { UsageError } from "./errors.ts";
import { isExperimentPath, typedPath } from "./experiment.ts";

/** A method that needs no options: called without any, it is ready for `coTrain`. */
export type NamedMethod = AnyMethod & (() => ReturnType<typeof library.ccvc>);

function isMethod(value: unknown): value is NamedMethod {
  return typeof value === "function" && "definition" in value && "predictions" in value;
}

/**
 * Finds a method.
 *
 * @param given The name of one of the library's, or the path of a TypeScript file whose default export is one.
 * @throws {UsageError} If there is none.
 */
export async function findMethod(given: string): Promise<NamedMethod> {
  if (isExperimentPath(given)) {
    const path = typedPath(given);
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
  const known = new Map(
    Object.values(library).filter(isMethod).map((method) => [definitionOf(method).name, method]),
  );
  const found = known.get(given);
  if (found) return found;
  const names = [...known.keys()], guess = didYouMean(given, names);
  throw new UsageError(
    `Unknown method "${given}". ${guess.startsWith("Known:") ? "" : guess + " "}Known: ${
      names.join(", ")
    }; ` +
      "or the path of a TypeScript file, e.g. ./my_method.ts.",
  );
}
