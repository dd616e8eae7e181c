/** A method is a value: networks and a step by name, and the options that move them. @module */
import { type Schema, UserError } from "../../pipeline/mod.ts";
import type { Draws } from "../views/specs.ts";
import type { ImageChoice } from "./choice.ts";
import type { MethodNetworks } from "./networks.ts";
import type { Schedule } from "./schedule.ts";
import type { Sizes, StateSpecs } from "./state.ts";
import type { AfterUpdate, Step, Terms } from "./step.ts";

/** What is scored: a network, or the arg-max of the mean logits of several. */
export type Scored<K extends string = string> = K | { readonly mean: readonly [K, K, ...K[]] };

/** What a method is. The order matters to the type checker: what a step uses stands before it. */
export interface MethodDefinition<
  O,
  I,
  N extends MethodNetworks,
  V extends Draws,
  P extends string,
  S extends string,
  T extends StateSpecs = StateSpecs,
  R extends string = string,
> {
  /** Lower-case letters, digits, `-`. */
  readonly name: string;
  /** Raised by the author when results change on purpose though the code would not tell. */
  readonly version: number;
  /** `import.meta.url` of the method's module, whose bundle is part of the training's key. */
  readonly module: string;
  /** A strict object: types, `--set`, `--explain` and presets come from it. */
  readonly options: Schema<O, I>;
  /** Networks by name. What they are may depend on the options; what they are called may not. */
  networks(options: O): N;
  /** What the steps may ask for: draws by name, views by name. */
  views(options: O): V;
  /** Numbers that move from step to step, by name. */
  schedules?(options: O): { readonly [K in S]: Schedule };
  /** Tensors that outlive a step, by name: the engine allocates, plans, saves and resumes them. */
  state?(options: O, sizes: Sizes): T;
  /** Chooses images by the state, for draws of chosen ones. */
  readonly choice?: ImageChoice<O, T, R>;
  /** Other steps than the main one: `warmUp` takes the place of the engine's, where each network learns labels alone. */
  readonly phases?: { readonly warmUp?: (step: Step<N, V, S, T>, options: O) => Terms };
  /** Captures the main step: its passes, and the weighted terms of the loss. */
  terms(step: Step<N, V, S, T>, options: O): Terms;
  /**
   * Captures what comes last in a main step, once for all micro-batches, after the optimizer's update and the averages. What it
   * reads of the step's passes, they have left in the state.
   */
  afterUpdate?(step: AfterUpdate<S, T>, options: O): void;
  /** What is scored, by the names that metrics, pictures and files carry. */
  readonly predictions: { readonly [K in P]: Scored<NoInfer<keyof N & string>> };
  /** The prediction that stands for the run. */
  readonly headline: NoInfer<P>;
}

/** What the engine sees of a definition: names as strings. */
export interface ErasedDefinition<P extends string = string> extends
  Omit<
    MethodDefinition<unknown, unknown, MethodNetworks, Draws, P, string>,
    "choice" | "phases" | "terms" | "afterUpdate"
  > {
  /** See {@linkcode MethodDefinition.choice}. */
  readonly choice?: ImageChoice;
  /** See {@linkcode MethodDefinition.phases}. */
  readonly phases?: { readonly warmUp?: (step: Step, options: unknown) => Terms };
  /** See {@linkcode MethodDefinition.terms}. */
  terms(step: Step, options: unknown): Terms;
  /** See {@linkcode MethodDefinition.afterUpdate}. */
  afterUpdate?(step: AfterUpdate, options: unknown): void;
}

/** A method whose options are forgotten. */
export interface AnyMethod<P extends string = string> {
  /** Names of what is scored. */
  readonly predictions: readonly P[];
  /** What it is, for the engine; its types are forgotten. */
  readonly definition: object;
}

/** What a method is, to the engine. */
export function definitionOf<P extends string>({ definition }: AnyMethod<P>): ErasedDefinition<P> {
  // defineMethod makes no other.
  return definition as ErasedDefinition<P>;
}

/** A method with options, as an experiment gives it to `coTrain`. */
export interface Configured<P extends string = string> {
  /** Whose options they are. */
  readonly method: AnyMethod<P>;
  /** As written: defaults come with the stage's config. */
  readonly options: unknown;
}

/** Whether a value is a method with options, and not the method itself. */
export function isConfigured(value: unknown): value is Configured {
  const { method } = (value ?? {}) as Partial<Configured>;
  return typeof method?.definition === "object";
}

/** A method: called with options, it is ready for `coTrain`. */
export interface Method<O, I, P extends string> extends AnyMethod<P> {
  /** Gives it options; what is left out has its default. */
  (...options: Record<never, never> extends I ? [options?: I] : [options: I]): Configured<P>;
  /** Carries the type; there is nothing at run time. */
  readonly "~options"?: O;
}

/** A method is not defined as it must be. */
export class MethodError extends UserError {
  /** Class name, for logs. */
  override readonly name = "MethodError";
}

/**
 * Defines a method; nothing is registered.
 *
 * @throws {MethodError} If a name, the version or the module is not what it must be, or the headline is not scored.
 */
export function defineMethod<
  O,
  I,
  N extends MethodNetworks,
  V extends Draws,
  const P extends string,
  S extends string = never,
  T extends StateSpecs = Record<never, never>,
  const R extends string = never,
>(
  definition: MethodDefinition<O, I, N, V, P, S, T, R>,
): Method<O, I, P> {
  // The one cast: what a step is given is made of the definition's own names.
  const erased = definition as unknown as ErasedDefinition<P>;
  checkDefinition(erased);
  const predictions = Object.keys(definition.predictions) as P[];
  const method: AnyMethod<P> = { predictions, definition: erased };
  const configure = (...[options]: [options?: I]): Configured<P> => ({ method, options: options ?? {} });
  Object.defineProperty(configure, "name", { value: erased.name });
  return Object.assign(configure, method);
}

/** Put together here, as code that has these words in it is refused: what is reached that way would escape its hash. */
const OWN_URL = ["import", "meta", "url"].join(".");

/** Pictures that stand beside those of the predictions. */
const TAKEN = ["image", "truth", "conflict"];

function checkDefinition({ name, version, module, predictions, headline }: ErasedDefinition): void {
  const refuse = (rule: string) => new MethodError(`Cannot define method "${name}": ${rule}`);
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw refuse("its name may hold lower-case letters, digits and - only, a letter first");
  }
  if (!Number.isInteger(version) || version < 1) {
    throw refuse(`its version is ${version}; it must be an integer from 1`);
  }
  if (!URL.canParse(module)) throw refuse(`its module is "${module}"; write module: ${OWN_URL}`);
  const names = Object.keys(predictions);
  const seen = new Set<string>();
  for (const prediction of names) {
    if (!isName(prediction)) {
      throw refuse(`prediction "${prediction}" may hold letters and digits only, a letter first`);
    }
    const file = prediction.toLowerCase();
    if (TAKEN.includes(file) || seen.has(file)) {
      throw refuse(`two pictures would be called ${prediction}.png; call the prediction otherwise`);
    }
    seen.add(file);
  }
  if (!names.includes(headline)) {
    throw refuse(`its headline "${headline}" is none of its predictions, ${names.join(", ")}`);
  }
}

/** Whether networks and predictions can be called so: what is in front of a dot in the names of weights, and names of files. */
export function isName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(text);
}
