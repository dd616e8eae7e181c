/** PS-MT's parity cases. @module */
import { z } from "zod";
import { parseConfig } from "../../../pipeline/mod.ts";
import { ignoreIndex } from "../../datasets/classes.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { definitionOf } from "../../methods/method.ts";
import { psMt } from "../../methods/ps_mt.ts";
import type { At } from "../../methods/schedule.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { boxTable, pastedTable } from "../../views/tables.ts";
import type { CaseAdapter, HashedNumbers, Moment, Observed, RecordedMap } from "../adapter.ts";
import { hashed, sampledPositions } from "../inputs.ts";
import {
  absoluteWithin,
  counted,
  directionWithin,
  publishedFloors,
  relativeWithin,
  scheduled,
  smallFloors,
} from "../rules.ts";
import { channelsFirst, type SeenStep, type SeenTensor } from "../seen.ts";
import { type CaseSettings, commonLeaves, factor } from "../settings.ts";

/** What was run. */
interface PsMtSettings extends CaseSettings {
  readonly iters_per_epoch: number;
  readonly epochs: number;
  /** From 1. */
  readonly start_epoch: number;
  /** Steps of the one epoch of warm-up before. */
  readonly warm_up: number;
  readonly ramp_epochs: number;
  readonly w_unsup: number;
  readonly threshold: number;
  readonly xi: number;
  readonly eps: number;
  readonly ema: number;
  readonly permutation: readonly number[];
  readonly lambda: readonly number[];
  readonly weight_decay: number;
  readonly residual_gamma: number;
  readonly buffers: "unit" | "hash";
}

const { total: _, ...leaves } = commonLeaves;
const settings = z.strictObject({
  ...leaves,
  method: z.literal("ps_mt"),
  iters_per_epoch: z.int().min(1),
  epochs: z.int().min(1),
  start_epoch: z.int().min(1),
  warm_up: z.int().min(0).max(1000),
  ramp_epochs: z.int().min(0),
  w_unsup: factor,
  threshold: z.number().min(0).max(1),
  xi: z.number().positive(),
  eps: factor,
  ema: z.number().min(0).max(1),
  permutation: z.array(z.int().min(0)).default([]),
  lambda: z.array(z.number().min(0).max(1)).default([]),
  weight_decay: factor,
  residual_gamma: factor.default(1),
  buffers: z.enum(["unit", "hash"]).default("unit"),
}).transform((given): PsMtSettings => ({ ...given, total: given.epochs * given.iters_per_epoch }));

/** From which on single precision has the perturbation's direction. */
const HELD = 0.1;
/** Pixels that may be flipped, and what that makes in a sum of their labels. */
const FLIPPED = 10;

/** Reads them. The run is of one process, of output stride 16 for both data sets, which differ in CutMix alone. */
export const psMtCases: CaseAdapter<PsMtSettings> = {
  method: "ps_mt",
  settings,
  *contradictions({ dataset, batch, steps, permutation, lambda, start_epoch, epochs }) {
    if (start_epoch > epochs) yield `case.start_epoch is ${start_epoch}, and case.epochs ${epochs}`;
    if (dataset !== "pascal") return;
    const places = [...permutation].sort((a, b) => a - b);
    if (places.length !== batch || places.some((place, i) => place !== i)) {
      yield `case.permutation is [${permutation}], and must hold each of ${batch} places once`;
    }
    if (lambda.length < steps) yield `case.lambda has ${lambda.length} numbers, and there are ${steps} steps`;
  },
  setup(settings) {
    const { backbone, dataset, batch, size, steps, salt, xi, warm_up, base_lr, weight_decay } = settings;
    const classes = dataset === "pascal" ? 21 : 19, method = methodOf(settings);
    const at = (t: number) => atOf(settings, t), isHeld = xi >= HELD;
    const isSmall = backbone === "resnet14";
    const rates = relativeWithin(1e-3);
    const perturbation = (stream: "x" | "v"): RecordedMap => ({
      values: (seen) => channelsFirst(perturbationOf(seen, stream, settings)),
      entries: "sample:r_adv",
      rule: directionWithin(1e-3),
    });
    const features = (stream: "x" | "v"): RecordedMap => ({
      values: (seen) => channelsFirst(seen.noted(`features ${stream}`)),
      entries: "sample:features",
    });
    const ofFeatures = (stream: "x" | "v"): Observed => ({
      value: (seen) => normsOf(seen.noted(`features ${stream}`)),
      rule: relativeWithin(isSmall ? 1e-5 : 1e-4, 1e-3),
    });
    // What is noise need not be the same noise.
    const ofPerturbation = (stream: "x" | "v"): Observed => ({
      value: (seen) => normsOf(perturbationOf(seen, stream, settings)),
      rule: isHeld ? rates : absoluteWithin(0.1),
    });
    const noise = "below what single precision holds, the direction is noise";
    return {
      line: `PS-MT, ${backbone}, ${dataset}, ξ ${xi}, ${batch} × ${size} × ${size}, ${
        warm_up > 0 ? `${warm_up} steps of warm-up, ` : ""
      }${steps} steps`,
      method,
      outputStride: 16,
      classes,
      start: { residualGamma: settings.residual_gamma, buffers: settings.buffers },
      views: {
        labeled: { strong: "labelled", labels: "mask" },
        unlabeled: { image: "unlabelled", strong: "strong", boxes: ({ t }: Moment) => boxesOf(settings, t) },
      },
      uniform: { x: numbers("vat_l"), v: numbers("vat_u") },
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: weight_decay,
        groups: { norms: { decay: 0 }, biases: { decay: 0 } },
      },
      rate(t) {
        const { step, steps } = at(t);
        return base_lr * polyFactor(step, steps, 0.9, 0);
      },
      at,
      ...(warm_up > 0 && {
        warmUp: {
          steps: warm_up,
          rate: () => base_lr,
          views: { labeled: { image: "warm_weak", strong: "warm_strong", labels: "warm_mask" } },
          terms: { teacher1: "ce_teacher1", teacher2: "ce_teacher2", student: "ce_student" },
        },
      }),
      terms: { sup: "ce", unsup: "pseudo" },
      thresholded: ["unsup", "total"],
      observed: {
        unsup_weight: { value: ({ t }) => method.schedules.weight!(at(t), "method"), rule: scheduled },
        teacher: { value: ({ t }) => teacherOf(at(t)), rule: counted() },
        kept: {
          value: (seen) => sum(seen.noted("kept").values, (label) => Number(label !== ignoreIndex)),
          rule: counted({ first: FLIPPED, later: FLIPPED }),
        },
        confidence_sum: {
          value: (seen) => sum(seen.noted("confidence").values),
          rule: relativeWithin(1e-4, 1e-3),
        },
        label_sum: {
          value: (seen) => sum(seen.noted("labels").values),
          rule: counted({ first: FLIPPED * classes, later: FLIPPED * classes }),
        },
        r_norm_l: ofPerturbation("x"),
        r_norm_u: ofPerturbation("v"),
        feature_norm_l: ofFeatures("x"),
        feature_norm_u: ofFeatures("v"),
        ema_probe: {
          value(seen) {
            const values = seen.parameter(`teacher${teacherOf(at(seen.t))}.classifier.weight`);
            return sampledPositions(salt, "sample:ema_probe", 4, values.length).map((place) =>
              values[place]!
            );
          },
          rule: absoluteWithin(1e-6),
          reads: ["teacher1.classifier.weight", "teacher2.classifier.weight"],
        },
      },
      floors: isSmall ? smallFloors : publishedFloors,
      logits: {
        teacher1_logits_unlabelled: { network: "teacher1", pass: "u" },
        teacher2_logits_unlabelled: { network: "teacher2", pass: "u" },
        logits_labelled: { network: "student", pass: "x" },
        logits_unlabelled: { network: "student", pass: "v" },
      },
      maps: {
        assisted_logits: { values: (seen) => channelsFirst(assistedOf(seen, at(seen.t))) },
        target_logits_mixed: { values: (seen) => channelsFirst(seen.noted("goal")) },
        features_l: features("x"),
        features_u: features("v"),
        ...(isHeld && { r_adv_l: perturbation("x"), r_adv_u: perturbation("v") }),
      },
      evaluation: {
        eval_logits_teacher1: "teacher1",
        eval_logits_teacher2: "teacher2",
        eval_logits_mean: ["teacher1", "teacher2"],
        eval_logits_student: "student",
      },
      evaluationBatch: 1,
      unread: {
        unsup_weighted: "the product of two that are compared",
        ...(!isHeld && { r_adv_l: noise, r_adv_u: noise }),
      },
    };
  },
};

function methodOf({ dataset, threshold, w_unsup, ramp_epochs, ema, xi, eps }: PsMtSettings): BoundMethod {
  const options = {
    threshold,
    weight: w_unsup,
    rampEpochs: ramp_epochs,
    decay: ema,
    xi,
    radius: eps,
    cutMix: dataset === "pascal" ? "square" : "three boxes",
  };
  return bindMethod(psMt, parseConfig(definitionOf(psMt).options, options, "parity"));
}

/** Where the main epochs are in step `t`. */
function atOf({ start_epoch, iters_per_epoch: stepsPerEpoch, epochs, total }: PsMtSettings, t: number): At {
  const step = (start_epoch - 1) * stepsPerEpoch + t;
  return { step, steps: total, epoch: Math.floor(step / stepsPerEpoch), epochs, stepsPerEpoch };
}

/** The teacher that moves: the first in odd epochs, counted from 1. */
function teacherOf({ epoch }: At): 1 | 2 {
  return epoch % 2 === 0 ? 1 : 2;
}

/** Boxes of step `t`, as published. */
function boxesOf(settings: PsMtSettings, t: number): Uint32Array<ArrayBuffer> {
  const { dataset, batch, size, salt, permutation, lambda } = settings;
  const u = (name: string) => hashed(salt, `${name}:${t}`);
  const images = Array.from({ length: batch }, (_, b) => b);
  if (dataset === "pascal") {
    const half = Math.floor(Math.floor(size * Math.sqrt(1 - lambda[t]!)) / 2), low = Math.floor(size / 8);
    const [down, across] = [u("cx"), u("cy")];
    const side = (number: (index: number) => number, b: number) => {
      const centre = low + Math.floor(number(b) * (size - low));
      return [Math.max(centre - half, 0), Math.min(centre + half, size)] as const;
    };
    return boxTable(
      images.map((b) => {
        const [y0, y1] = side(down, b), [x0, x1] = side(across, b);
        return [{ x0, y0, x1, y1 }];
      }),
      permutation,
    );
  }
  const [area, aspect, place, partner] = [u("area"), u("aspect"), u("place"), u("partner")];
  const each = <T>(make: (b: number, n: number, i: number) => T) =>
    images.map((b) => [0, 1, 2].map((n) => make(b, n, 3 * b + n)));
  const boxes = each((_, __, i) => {
    const share = 0.25 + 0.25 * area(i), one = Math.exp(aspect(i) * Math.log(share)), other = share / one;
    // Its first axis is that of columns.
    const [width, height] = [one, other].map((part) => halfToEven(part * Math.sqrt(1 / 3) * size)) as [
      number,
      number,
    ];
    const x0 = halfToEven((size - width) * place(2 * i)), y0 = halfToEven((size - height) * place(2 * i + 1));
    return { x0, y0, x1: x0 + width, y1: y0 + height };
  });
  return pastedTable(boxes, each((b, n) => Math.floor(partner(n * batch + b) * batch)));
}

function halfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + floor % 2 : Math.round(value);
}

/** Where the search for the perturbation starts: numbered as PyTorch's features are, [B, C, H, W]. */
function numbers(name: string): HashedNumbers {
  return ({ t, shape, u }) => {
    const [, height, width, channels] = shape as [number, number, number, number];
    const draw = u(`${name}:${t}`), length = shape.reduce((product, extent) => product * extent, 1);
    return Float32Array.from({ length }, (_, i) => {
      const c = i % channels, pixel = Math.floor(i / channels), plane = height * width;
      return draw((Math.floor(pixel / plane) * channels + c) * plane + pixel % plane);
    });
  };
}

/** What features are moved by. */
function perturbationOf(seen: SeenStep, stream: "x" | "v", { xi, eps }: PsMtSettings): SeenTensor {
  const { shape, values } = seen.noted(`slope ${stream}`), norms = normsOf({ shape, values });
  const size = values.length / norms.length;
  const moved = Float32Array.from(
    values,
    (value, i) => eps * value / (norms[Math.floor(i / size)]! + 1e-8 / xi),
  );
  return { shape, values: moved };
}

/** What the assisting teacher tells: the target is half of that, and half of what the other one does. */
function assistedOf(seen: SeenStep, at: At): SeenTensor {
  const { shape, values } = seen.noted("target"), core = seen.logits(`teacher${teacherOf(at)}`, "u");
  return { shape, values: Float32Array.from(values, (value, i) => 2 * value - core[i]!) };
}

/** Of each image. */
function normsOf({ shape, values }: SeenTensor): number[] {
  const [batch = 1] = shape, size = values.length / batch;
  return Array.from(
    { length: batch },
    (_, n) => Math.sqrt(sum(values.subarray(n * size, (n + 1) * size), (value) => value * value)),
  );
}

function sum(values: ArrayLike<number>, of: (value: number) => number = (value) => value): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += of(values[i]!);
  return total;
}
