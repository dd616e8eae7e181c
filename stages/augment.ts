/** The stage `augment`: declares the views that training sees; they are made on the GPU, step by step. @module */
import { z } from "zod";
import {
  type ArtifactKind,
  type DeepPartial,
  defineStage,
  jsonKind,
  schemaOf,
  type Stage,
} from "../pipeline/mod.ts";
import { type ImageSet, imagesKind, type MaskSet, type SampleSet, samplesKind } from "./datasets/samples.ts";
import type { PhotometricOptions } from "./views/draws.ts";
import { operations } from "./views/rand_augment.ts";

/** How views are drawn; every leaf is described in its schema. */
export interface ViewPolicy extends PhotometricOptions {
  /** Side of the square crop that training sees, pixels. */
  readonly crop: number;
  /** Range of the resized long side, relative to the image's. */
  readonly scale: readonly [low: number, high: number];
  /** RandAugment of strong views: of the whole image, before it is resized. */
  readonly randAugment: {
    /** How many operations, each another one. */
    readonly operations: number;
  };
  /** CutMix of strong views. */
  readonly cutmix: {
    readonly probability: number;
    readonly area: readonly [low: number, high: number];
    readonly aspect: readonly [low: number, high: number];
  };
}

/** What an experiment writes for {@linkcode augment}; what is left out has the published value. */
export type ViewPolicyInput = DeepPartial<ViewPolicy>;

const probability = (value: number, what: string) =>
  z.number().min(0).max(1).default(value).describe(what).meta({ unit: "probability", source: "CCVC §4.3" });
const strength = (value: number, what: string, most = 1) =>
  z.number().min(0).max(most).default(value).describe(what).meta({ unit: "fraction", source: "CCVC §4.3" });
const range = (low: number, high: number, what: string, unit: string, source: string) =>
  z.tuple([z.number().positive(), z.number().positive()]).default([low, high])
    .refine(([from, to]) => from <= to, { message: "the first number must not be above the second" })
    .describe(what).meta({ unit, source });

const config = schemaOf<ViewPolicy>()(z.strictObject({
  crop: z.int().min(8).max(2048).default(512).describe("Side of the square crop that training sees.")
    .meta({ unit: "pixels", source: "README commands, CCVC §3.7" }),
  scale: range(0.5, 2, "Range of the resized long side, relative to the image's.", "ratio", "CCVC §4.2"),
  jitter: z.strictObject({
    probability: probability(0.8, "How often the colors of a strong view are jittered."),
    brightness: strength(0.5, "Largest relative change of brightness."),
    contrast: strength(0.5, "Largest relative change of contrast."),
    saturation: strength(0.5, "Largest relative change of saturation."),
    hue: strength(0.25, "Largest shift of hue, in turns.", 0.5),
  }).prefault({}).describe("Color jitter of strong views."),
  gray: z.strictObject({ probability: probability(0.2, "How often a strong view loses its colors.") })
    .prefault({})
    .describe("Grayscale of strong views."),
  blur: z.strictObject({
    probability: probability(0.5, "How often a strong view is blurred."),
    sigma: range(0.1, 2, "Range of the Gaussian's standard deviation.", "pixels", "CCVC §4.3"),
  }).prefault({}).describe("Gaussian blur of strong views."),
  randAugment: z.strictObject({
    operations: z.int().min(0).max(operations.length).default(0)
      .describe(
        `How many operations of a list of ${operations.length}, each another one, a strong view's whole image goes through before it ` +
          "is resized and its colors are jittered; 0: none.",
      )
      .meta({ unit: "operations", source: "published: none; SimpleBaseline §7.1: 3, and no jitter" }),
  }).prefault({}).describe("RandAugment of strong views."),
  cutmix: z.strictObject({
    probability: probability(1, "How often a strong view gets a box of another image."),
    area: range(0.02, 0.4, "Range of the box's area, relative to the crop's.", "ratio", "CCVC §4.3"),
    aspect: range(0.3, 1 / 0.3, "Range of the box's height : width.", "ratio", "CCVC §4.3"),
  }).prefault({}).describe("CutMix of strong views."),
}));

/** The policy as an artifact. */
export const policyKind: ArtifactKind<ViewPolicy> = jsonKind("view-policy", 1);

/** A data set, as `load` gives it. */
export type DataKinds = {
  readonly labeled: ArtifactKind<SampleSet>;
  readonly unlabeled: ArtifactKind<ImageSet>;
  readonly validation: ArtifactKind<SampleSet>;
};

/** A data set with the policy of its views. */
export type ViewsKinds = DataKinds & { readonly policy: ArtifactKind<ViewPolicy> };

const sets: DataKinds = { labeled: samplesKind, unlabeled: imagesKind, validation: samplesKind };
const outputs: ViewsKinds = { ...sets, policy: policyKind };

/**
 * Binds a data set to a policy of views. No pixel is touched: a view is a pure function of seed, sample, epoch and stream, so
 * it is made when a step needs it.
 *
 * @example
 * ```ts
 * import { augment, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("views", () => {
 *   const data = load({ dataset: "shapes" });
 *   return augment({ data }, { crop: 48, blur: { probability: 0 } });
 * });
 * ```
 */
export const augment: Stage<{ readonly data: DataKinds }, ViewPolicy, ViewPolicyInput, ViewsKinds> =
  defineStage(
    {
      name: "augment",
      version: 1,
      module: import.meta.url,
      config,
      inputs: { data: sets },
      outputs,
      run: ({ inputs, config }) => ({ ...inputs.data, policy: config }),
    },
  );

/** What {@linkcode augment} gives: the data with the policy. */
export interface Views {
  readonly labeled: SampleSet;
  readonly unlabeled: ImageSet;
  readonly validation: SampleSet;
  readonly policy: ViewPolicy;
  /** Labels of the unlabeled images, at the same places, where an earlier training has given them some. */
  readonly pseudoLabels?: MaskSet;
}
