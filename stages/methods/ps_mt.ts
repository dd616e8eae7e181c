/** PS-MT: perturbed and strict mean teachers (Liu et al., CVPR 2022). @module */
import { z } from "zod";
import { assistedMean } from "../../kernels/ops/label/assisted_mean.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Features, Prediction } from "../../models/deeplabv3plus.ts";
import { schemaOf } from "../../pipeline/mod.ts";
import { areaShare, type BoxLaw, cutMix, labeled, strong, unlabeled, weak } from "../views/specs.ts";
import { adversarial } from "./adversary.ts";
import { defineMethod, type Method, MethodError } from "./method.ts";
import { minedLabels, miningLeaves, type MiningOptions } from "./mining.ts";
import { averageOf, trained } from "./networks.ts";
import { crossEntropy, everyPixel, label, meanOf, mix, only, share, supervise, where } from "./parts.ts";
import { cosineRamp } from "./schedule.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface PsMtOptions extends MiningOptions {
  /** Whose values the leaves took that were left out. */
  readonly as: "published-code" | "paper";
  /** Softmax probability of the mixed target from which a label counts, itself included. */
  readonly threshold: number;
  /** Weight of what the unlabeled images teach, after the ramp. */
  readonly weight: number;
  /** Epochs in which it rises from 0. */
  readonly rampEpochs: number;
  /** What the teacher whose turn it is keeps of itself in a step. */
  readonly decay: number;
  /** Classes of a pixel that the other teacher tells of. */
  readonly assist: number;
  /** ξ: length of the step at whose end predictions are compared, to find where to perturb features. */
  readonly xi: number;
  /** Length of the perturbation of each image's features; 0 leaves it out. */
  readonly radius: number;
  /** How boxes are drawn. */
  readonly cutMix: "square" | "three boxes";
  /** Whether the teachers' backbones start from the file of pretrained weights, too. */
  readonly pretrainedTeachers: boolean;
}

/** What an experiment writes; what is left out has the value of the preset that `as` names, the published code's unless told. */
export type PsMtInput = Partial<PsMtOptions>;

/** ξ by preset, and how it is known. */
const xi = {
  "published-code": {
    value: 1e-6,
    source: "code: the call, PS-MT §4.1; next to no perturbation comes of it",
  },
  "paper": {
    value: 0.1,
    source:
      "as described: a step that single precision holds, the default of the code's function, PS-MT §4.1",
  },
} as const;

const withoutRadius = (options: unknown) => (options as PsMtOptions).radius === 0 ? "radius is 0" : undefined;

const given = z.strictObject({
  as: z.enum(["published-code", "paper"]).default("published-code").describe(
    "whose values the leaves take that are left out, where what is described and its code differ",
  ).meta({ unit: "none", source: "PS-MT §4.1", preset: true }),
  threshold: z.number().min(0).max(1).default(0.6).describe(
    "softmax probability of the mixed target from which a label counts, itself included",
  ).meta({ unit: "probability", source: "PS-MT §3, §7" }),
  weight: z.number().min(0).max(1e6).default(1.5).describe(
    "weight of what the unlabeled images teach, after the ramp; 0 leaves it out",
  ).meta({
    unit: "factor",
    source: "PS-MT §7: 1.5 blended PASCAL; 0.6 classic, 0.06 with 92 labels; 3 Cityscapes",
  }),
  rampEpochs: z.int().min(0).default(12).describe(
    "epochs E of the method in which that weight rises, by ½ (1 − cos(π · step / steps of E)); 0: it is the same throughout",
  ).meta({ unit: "epochs", source: "PS-MT §3" }),
  decay: z.number().min(0).max(1).default(0.996).describe(
    "what the teacher whose turn it is keeps of itself in a step: of weights, norms' parameters and running statistics; the " +
      "other stays as it is",
  ).meta({ unit: "factor", source: "PS-MT §6" }),
  assist: z.int().min(1).max(65_535).default(7).describe(
    "classes of a pixel that the teacher whose turn it is not tells of: those it puts highest; at most as many as there are",
  ).meta({ unit: "classes", source: "PS-MT §3" }),
  xi: z.number().min(1e-12).max(1e6).optional().describe(
    "ξ: length of the step at whose end predictions are compared, to find the direction in which features are perturbed; " +
      "below about 1e-3 single precision loses it, and the direction is noise",
  ).meta({
    unit: "feature",
    source: "by the preset",
    unread: withoutRadius,
    chosen(options: unknown) {
      const { as } = options as Pick<PsMtOptions, "as">;
      return { preset: as, ...xi[as] };
    },
  }),
  radius: z.number().min(0).max(1e6).default(2).describe(
    "length of the perturbation of each image's features, labeled and unlabeled; 0 leaves it out",
  ).meta({ unit: "feature", source: "PS-MT §4" }),
  cutMix: z.enum(["square", "three boxes"]).default("square").describe(
    "square: one of random area, which the border may cut off, its content from a permutation of the batch; three boxes: each " +
      "from any image of the batch, one pasted over another",
  ).meta({ unit: "name", source: "PS-MT §5: square PASCAL, three boxes Cityscapes" }),
  pretrainedTeachers: z.boolean().default(false).describe(
    "whether the teachers' backbones start from co-train.pretrained, too; else from random weights",
  ).meta({ unit: "yes or no", source: "PS-MT §1" }),
  ...miningLeaves({
    minKept: 50_000,
    sources: {
      criterion: "PS-MT §7.1: cross-entropy, whatever the config for Cityscapes says",
      ohemThreshold: "PS-MT §7.1",
      ohemMinKept: "PS-MT §7.1: 50,000 for each image of a process",
    },
  }),
});

const options = schemaOf<PsMtOptions>()(
  given.transform((written): PsMtOptions => ({ ...written, xi: written.xi ?? xi[written.as].value })),
);

/**
 * A square of side √(1 − λ) of the crop, λ by Beta(4, 4) once a step: the fourth of seven uniform numbers. Its centre is any pixel
 * but those of the first eighth, so that the border may cut it off.
 *
 * @see PS-MT §5
 */
export const square: BoxLaw = (stream, crop, _, batch) => {
  const [, , , lambda] = Array.from({ length: 7 }, () => batch.uniform()).sort((a, b) => a - b);
  const half = Math.floor(Math.floor(crop * Math.sqrt(1 - lambda!)) / 2), low = Math.floor(crop / 8);
  const side = () => {
    const centre = low + Math.floor(stream.uniform() * (crop - low));
    return [Math.max(centre - half, 0), Math.min(centre + half, crop)] as const;
  };
  const [y0, y1] = side(), [x0, x1] = side();
  return { x0, y0, x1, y1 };
};

const views = ({ cutMix: law }: PsMtOptions) => ({
  labeled: labeled({ image: weak(), strong: strong() }),
  unlabeled: unlabeled({
    image: weak(),
    strong: strong(),
    boxes: law === "square"
      ? cutMix({ partner: "permutation", law: square })
      : cutMix({ partner: "any", law: areaShare(0.25, 0.5), count: 3 }),
  }),
});

function networks({ decay, pretrainedTeachers }: PsMtOptions) {
  const teacher = (turn: 0 | 1) =>
    averageOf("student", {
      // 1 leaves it as it is, but for what its own passes move.
      decay: ({ epoch }) => epoch % 2 === turn ? decay : 1,
      start: pretrainedTeachers ? "own" : "random",
      learnsInWarmUp: true,
    });
  return { student: trained(), teacher1: teacher(0), teacher2: teacher(1) };
}

type PsMtStep = Step<ReturnType<typeof networks>, ReturnType<typeof views>, "weight" | "turn">;

/**
 * Two teachers label together what a student learns from perturbed features; they take turns in following it, an epoch each.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, psMt } from "@crossview/crossview";
 *
 * export default pipeline("strict-teachers", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: psMt({ assist: 3, xi: 10 }), backbone: "resnet14", warmUpEpochs: 3 });
 * });
 * ```
 */
export const psMt: Method<PsMtOptions, PsMtInput, "student" | "teacher1" | "teacher2" | "teachers"> =
  defineMethod({
    name: "ps-mt",
    version: 1,
    module: import.meta.url,
    options,
    networks,
    views,
    schedules: ({ weight, rampEpochs }: PsMtOptions) => ({
      weight: cosineRamp(weight, rampEpochs),
      turn: ({ epoch }) => epoch % 2,
    }),
    phases: { warmUp },
    terms,
    predictions: {
      student: "student",
      teacher1: "teacher1",
      teacher2: "teacher2",
      teachers: { mean: ["teacher1", "teacher2"] },
    },
    headline: "teachers",
  });

/** PS-MT §2: the three learn the labels, each by itself. */
function warmUp(step: PsMtStep, options: PsMtOptions): Terms {
  const { image, strong, labels } = step.views.labeled;
  const learn = (network: "student" | "teacher1" | "teacher2", image: Tensor) =>
    labelsTerm(step, `ce_${network}`, step.train(network, { x: image }).x, labels, options);
  return {
    ce_teacher1: learn("teacher1", image),
    ce_teacher2: learn("teacher2", image),
    ce_student: learn("student", strong),
  };
}

/** PS-MT §3. */
function terms(step: PsMtStep, options: PsMtOptions): Terms {
  const { labeled: { strong: x, labels }, unlabeled } = step.views;
  const goal = mix(step, target(step, unlabeled.image, options), unlabeled.boxes);
  const told = label(step, { logits: goal, size: sizeOf(goal) });
  const sure = where(step, told.confidence, "at least", options.threshold);
  step.tell("confident", () => share(step, sure, { mask: mix(step, unlabeled.validity, unlabeled.boxes) }));
  const kept = only(step, told.labels, sure);
  for (const [name, tensor] of Object.entries({ goal, ...told, kept })) step.note(name, tensor);
  const clean = step.features("student", { x, v: mix(step, unlabeled.strong, unlabeled.boxes) });
  const seen = step.train("student", {
    x: perturbed(step, "x", clean.x, options),
    v: perturbed(step, "v", clean.v, options),
  });
  const pseudo = crossEntropy(step, "pseudo", seen.v, { labels: kept, weights: told.confidence });
  return {
    ce: labelsTerm(step, "ce", seen.x, labels, options),
    pseudo: { loss: pseudo, weight: options.weight === 0 ? 0 : step.schedules.weight },
  };
}

/** What the teachers say of the weak view, in logits. They pass it in training mode: their own statistics move. */
function target(step: PsMtStep, image: Tensor, { assist }: PsMtOptions): Tensor {
  const [one, two] = [step.train("teacher1", { u: image }).u, step.train("teacher2", { u: image }).u];
  const classes = one.logits.shape[3]!;
  if (assist > classes) {
    throw new MethodError(
      `Cannot train by method "ps-mt": co-train.method.assist is ${assist}, and there are ${classes} classes; set it to ` +
        `${classes} at most`,
    );
  }
  const { graph, schedules: { turn } } = step;
  const target = assistedMean(graph, everyPixel(step, one), everyPixel(step, two), { kept: assist, turn });
  step.note("target", target);
  return target;
}

/** PS-MT §4: features moved to where the teachers' decoders differ most from what they say now. */
function perturbed(
  step: PsMtStep,
  stream: "x" | "v",
  clean: Features,
  { xi, radius }: PsMtOptions,
): Features {
  step.note(`features ${stream}`, clean.values);
  if (radius === 0) return clean;
  const decode = (features: Features) =>
    meanOf(step, step.evaluate("teacher1", features), step.evaluate("teacher2", features));
  return adversarial(step, clean, decode, { stream, xi, radius });
}

function labelsTerm(
  step: PsMtStep,
  name: string,
  seen: Prediction,
  labels: Tensor,
  options: PsMtOptions,
): Term {
  return { loss: supervise(step, name, seen, minedLabels(step, seen, labels, options)), weight: 1 };
}

function sizeOf({ shape: [, height, width] }: Tensor): { height: number; width: number } {
  return { height: height!, width: width! };
}
