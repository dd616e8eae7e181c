/** The methods by name; a config's `method` is one of their options. @module */
import { z } from "zod";
import type { NetworkVariant } from "../../models/networks.ts";
import { type CcvcInput, ccvcMethod, type CcvcOptions, ccvcOptions } from "./ccvc.ts";
import type { Predictions } from "../predictions.ts";
import type { Method } from "./method.ts";
import type { Step, Term } from "./step.ts";
import { supervisedMethod, type SupervisedOptions, supervisedOptions } from "./supervised.ts";

/** Options of any method, told apart by `name`. */
export const methodOptions = z.discriminatedUnion("name", [ccvcOptions, supervisedOptions]);

/** Parsed options of any method. */
export type MethodOptions = CcvcOptions | SupervisedOptions;

/** What an experiment writes for a method. */
export type MethodInput = CcvcInput | SupervisedOptions;

/** A method with its options filled in. */
export interface BoundMethod {
  readonly strongViews: boolean;
  readonly risingThreshold: number | undefined;
  readonly networks: Readonly<Record<string, NetworkVariant>>;
  readonly predictions: Predictions;
  readonly headline: string;
  terms(step: Step): readonly Term[];
}

/** Finds the recipe that options name. */
export function bindMethod(options: MethodOptions): BoundMethod {
  switch (options.name) {
    case "ccvc":
      return bind(ccvcMethod, options);
    case "supervised":
      return bind(supervisedMethod, options);
  }
}

function bind<O>(method: Method<O>, options: O): BoundMethod {
  return {
    strongViews: method.strongViews(options),
    risingThreshold: method.risingThreshold?.(options),
    networks: method.networks(options),
    predictions: method.predictions,
    headline: method.headline,
    terms: (step) => method.terms(step, options),
  };
}
