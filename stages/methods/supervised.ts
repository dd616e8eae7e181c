/** The baseline: two branches learn the labeled images, and nothing else. @module */
import { z } from "zod";
import { labeled, weak } from "../views/specs.ts";
import { supervisedTerms } from "./both.ts";
import type { Step, Terms } from "./step.ts";
import { defineMethod, type Method } from "./method.ts";
import { trained } from "./networks.ts";

/** The baseline has no switches. */
export type SupervisedOptions = Record<never, never>;

const views = { labeled: labeled({ image: weak() }) };

/** Labels alone: the same two networks, each trained by cross-entropy on the labeled images. */
export const supervised: Method<SupervisedOptions, SupervisedOptions, "branch1" | "branch2" | "average"> =
  defineMethod({
    name: "supervised",
    version: 1,
    module: import.meta.url,
    options: z.strictObject({}),
    networks: () => ({ branch1: trained(), branch2: trained() }),
    views: () => views,
    phases: { warmUp: labelsAlone },
    terms: labelsAlone,
    predictions: { branch1: "branch1", branch2: "branch2", average: { mean: ["branch1", "branch2"] } },
    headline: "average",
  });

function labelsAlone(step: Step<"branch1" | "branch2", typeof views>): Terms {
  const { image, labels } = step.views.labeled, passes = { labeled: image };
  const seen = [step.train("branch1", passes).labeled, step.train("branch2", passes).labeled] as const;
  return supervisedTerms(step, seen, labels, 1);
}
