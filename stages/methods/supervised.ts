/** The baseline: both branches learn the labeled images, and nothing else. @module */
import { z } from "zod";
import { supervisedTerms } from "./losses.ts";
import type { Method } from "./method.ts";

/** The baseline has no switches: the same two networks, each trained by cross-entropy on the labeled images. */
export const supervisedOptions = z.strictObject({ name: z.literal("supervised") });

/** Its options: none but the name. */
export interface SupervisedOptions {
  /** Which method this is. */
  readonly name: "supervised";
}

/** The supervised baseline for a config. */
export function supervised(): SupervisedOptions {
  return { name: "supervised" };
}

/** The supervised baseline as a recipe. */
export const supervisedMethod: Method<SupervisedOptions> = {
  strongViews: () => false,
  networks: () => ({ branch1: {}, branch2: {} }),
  predictions: { branch1: ["branch1"], branch2: ["branch2"], average: ["branch1", "branch2"] },
  headline: "average",
  terms(step) {
    const { image, labels } = step.views.labeled, passes = { labeled: image };
    const seen = [step.train("branch1", passes).labeled, step.train("branch2", passes).labeled] as const;
    return [...supervisedTerms(step, seen, labels, 2)];
  },
};
