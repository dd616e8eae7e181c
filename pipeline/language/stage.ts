/** Stages: values that say what is done to artifacts. Calling one does no work; it adds a node to the pipeline being built. @module */
import { addNode } from "./builder.ts";
import { GraphError } from "../errors.ts";
import type { AnyStage, StageDefinition, StageOptions } from "./definition.ts";
import type { InputKinds, OutputKinds, Refs, Wires } from "./refs.ts";

/** How a stage is called: without inputs the config comes first; a config without required leaves may be left out. */
export type StageCall<I extends InputKinds, CI, O extends OutputKinds> = [keyof I] extends [never]
  ? Record<never, never> extends CI ? (config?: CI, options?: StageOptions) => Refs<O>
  : (config: CI, options?: StageOptions) => Refs<O>
  : Record<never, never> extends CI ? (inputs: Wires<I>, config?: CI, options?: StageOptions) => Refs<O>
  : (inputs: Wires<I>, config: CI, options?: StageOptions) => Refs<O>;

/** A stage: called inside `pipeline()`, it adds a node and returns references to its outputs. */
export type Stage<I extends InputKinds, C, CI, O extends OutputKinds> =
  & StageCall<I, CI, O>
  & { readonly definition: StageDefinition<I, C, CI, O> };

/**
 * Defines a stage.
 *
 * @throws {GraphError} If a name is not made of letters, digits, `-`, `_`, the version is not a positive integer, or the
 *   module is not an absolute URL.
 * @example
 * ```ts
 * import { defineStage, jsonKind } from "@crossview/crossview";
 * import { z } from "zod";
 *
 * const scale = defineStage({
 *   name: "scale",
 *   version: 1,
 *   module: import.meta.url,
 *   config: z.strictObject({ by: z.number().default(2) }),
 *   inputs: { number: jsonKind<number>("number", 1) },
 *   outputs: { scaled: jsonKind<number>("number", 1) },
 *   run: ({ inputs, config }) => ({ scaled: inputs.number * config.by }),
 * });
 * ```
 */
export function defineStage<const I extends InputKinds, C, CI, const O extends OutputKinds>(
  definition: StageDefinition<I, C, CI, O>,
): Stage<I, C, CI, O> {
  checkDefinition(definition);
  const hasInputs = Object.keys(definition.inputs).length > 0;
  const call = (...args: unknown[]) => {
    const [inputs, config, options] = hasInputs ? args : [{}, ...args];
    return addNode(definition, inputs, config, options as StageOptions | undefined);
  };
  Object.defineProperty(call, "name", { value: definition.name });
  return Object.assign(call, { definition }) as Stage<I, C, CI, O>;
}

function checkDefinition(definition: AnyStage): void {
  const say = (rule: string) => new GraphError(`Cannot define stage "${definition.name}": ${rule}`);
  const word = /^[A-Za-z0-9_-]+$/;
  if (!word.test(definition.name)) throw say("its name may hold letters, digits, - and _ only");
  if (!Number.isInteger(definition.version) || definition.version < 1) {
    throw say(`its version is ${definition.version}; it must be an integer from 1`);
  }
  if (!URL.canParse(definition.module)) {
    throw say(`its module is "${definition.module}"; write module: import.meta.url`);
  }
  const names = [...Object.keys(definition.inputs), ...Object.keys(definition.outputs)];
  for (const name of names) {
    if (!word.test(name)) throw say(`input or output "${name}" may hold letters, digits, - and _ only`);
  }
}
