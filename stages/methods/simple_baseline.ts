/** SimpleBaseline: self-training with two copies of each norm and a loss for noisy labels (Yuan et al., ICCV 2021). @module */
import { z } from "zod";
import { schemaOf } from "../../pipeline/mod.ts";
import { labeled, pseudoLabeled, strong, weak } from "../views/specs.ts";
import { defineMethod, type Method } from "./method.ts";
import { trained } from "./networks.ts";
import { noiseWeights, reverseCrossEntropy } from "./noisy_labels.ts";
import { crossEntropy, joined, only, share, supervise } from "./parts.ts";
import type { Step, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface SimpleBaselineOptions {
  /** Whose values the leaves take that are left out, where the paper and its code differ. */
  readonly as: "published-code" | "paper";
  /** Whose confidence weighs a pixel of a noisy image: the mean of the batch's noisy images at its place, or its own. */
  readonly weights: "batch" | "own";
  /** Softmax probability above which it counts as 1. */
  readonly sure: number;
  /** Weight of the cross-entropy of noisy labels. */
  readonly alpha: number;
  /** Weight of their reverse cross-entropy. */
  readonly beta: number;
  /** Epsilon of the backbone's norms. */
  readonly epsilon: number;
}

/** What may be left out of {@linkcode SimpleBaselineOptions}. */
export type SimpleBaselineInput = Partial<SimpleBaselineOptions>;

/** Where the code differs from its description, and how that is known. */
const presets = {
  "published-code": {
    value: "batch",
    source: "SimpleBaseline §4: the weights keep an axis that the losses have lost",
  },
  paper: { value: "own", source: "SimpleBaseline §4: as described" },
} as const;

const factor = (what: string) =>
  z.number().min(0).max(1e6).default(1).describe(what).meta({
    unit: "factor",
    source: "SimpleBaseline §4: as shipped",
  });

const options = schemaOf<SimpleBaselineOptions, SimpleBaselineInput>()(
  z.strictObject({
    as: z.enum(["published-code", "paper"]).default("published-code").describe(
      "whose values the leaves take that are left out, where the paper and its code differ",
    ).meta({ unit: "none", source: "SimpleBaseline §4", preset: true }),
    weights: z.enum(["batch", "own"]).optional().describe(
      "whose confidence weighs a pixel of a noisy image: the mean of the batch's noisy images at its place, or its own",
    ).meta({
      unit: "name",
      source: "by the preset",
      chosen(options: unknown) {
        const { as } = options as SimpleBaselineOptions;
        return { preset: as, ...presets[as] };
      },
    }),
    sure: z.number().min(0).max(1).default(0.8).describe(
      "softmax probability above which, strictly, the confidence counts as 1 and the label for nothing",
    ).meta({ unit: "probability", source: "SimpleBaseline §4" }),
    alpha: factor("weight of the cross-entropy of noisy labels, by 1 − confidence; 0 leaves it out"),
    beta: factor("weight of their reverse cross-entropy, by the confidence; 0 leaves it out"),
    epsilon: z.number().positive().max(1).default(1e-3).describe("epsilon of the backbone's norms").meta({
      unit: "variance",
      source: "SimpleBaseline §3",
    }),
  }).transform(({ weights, ...rest }) => ({ ...rest, weights: weights ?? presets[rest.as].value })),
);

const networks = ({ epsilon }: SimpleBaselineOptions) => ({
  student: trained({ norms: { backbone: { epsilon }, domains: ["weak", "strong"] } }),
});
const views = () => ({
  // For the warm-up alone.
  labeled: labeled({ weak: weak(), strong: strong() }),
  weak: pseudoLabeled({ image: weak() }),
  strong: pseudoLabeled({ image: strong() }, { images: "others" }),
});
type SimpleBaselineStep = Step<ReturnType<typeof networks>, ReturnType<typeof views>>;

/**
 * One round of self-training: it learns from the labeled images and from those that an earlier training has labeled, which
 * `pseudoLabel` gives. Its warm-up, if it has one, learns from the labeled images alone, in both views.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, pseudoLabel, simpleBaseline, supervised } from "@crossview/crossview";
 *
 * export default pipeline("self-training", () => {
 *   const data = load({ dataset: "shapes" });
 *   const views = augment({ data }, { crop: 48, randAugment: { operations: 3 } });
 *   const settings = { backbone: "resnet14", batch: 4 } as const;
 *   let start = coTrain({ views }, { method: supervised(), ...settings }, { as: "round-0" }).last;
 *   for (const round of [1, 2]) {
 *     const labels = pseudoLabel({ nets: { last: start }, images: data.unlabeled }, { threshold: 0 }, { as: `labels-${round}` });
 *     const given = { views, pseudoLabels: labels, start };
 *     start = coTrain(given, { method: simpleBaseline(), ...settings }, { as: `round-${round}` }).last;
 *   }
 *   return { start };
 * });
 * ```
 */
export const simpleBaseline: Method<SimpleBaselineOptions, SimpleBaselineInput, "student"> = defineMethod({
  name: "simple-baseline",
  version: 1,
  module: import.meta.url,
  options,
  networks,
  views,
  phases: {
    warmUp(step) {
      const { weak, strong, labels } = step.views.labeled;
      const seen = step.train("student", { weak, strong });
      const scores = joined(step, [seen.weak, seen.strong]);
      return { clean: { loss: supervise(step, "clean", scores, joined(step, [labels, labels])), weight: 1 } };
    },
  },
  terms,
  predictions: { student: "student" },
  headline: "student",
});

function terms(step: SimpleBaselineStep, { weights, sure, alpha, beta }: SimpleBaselineOptions): Terms {
  const { weak, strong } = step.views;
  const seen = step.train("student", { weak: weak.image, strong: strong.image });
  // Norms go by view, losses by who has labeled an image: the means of both losses are over both halves.
  const scores = joined(step, [seen.weak, seen.strong]);
  const labels = joined(step, [weak.labels, strong.labels]), clean = joined(step, [weak.clean, strong.clean]);
  const { trust, distrust } = noiseWeights(step, scores, clean, { sure, shared: weights === "batch" });
  step.tell("trust", () => share(step, trust));
  step.note("trust", trust);
  const forward = crossEntropy(step, "noisy_ce", scores, { labels, weights: distrust }, {
    denominator: "all",
  });
  const reverse = reverseCrossEntropy(step, "noisy_rce", scores, { labels, weights: trust });
  return {
    clean: { loss: supervise(step, "clean", scores, only(step, labels, clean)), weight: 1 },
    noisy_ce: { loss: forward, weight: alpha },
    noisy_rce: { loss: reverse, weight: beta },
  };
}
