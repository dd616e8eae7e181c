/** AEL's parity cases. @module */
import { z } from "zod";
import { mixBoxes } from "../../../kernels/reference/map/mix_boxes.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { ael } from "../../methods/ael.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { definitionOf } from "../../methods/method.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { areaShare, type BoxLaw } from "../../views/specs.ts";
import { boxTable } from "../../views/tables.ts";
import type {
  CaseAdapter,
  ChoiceLaws,
  HashedNumbers,
  Observed,
  ViewSource,
  ViewSources,
} from "../adapter.ts";
import { caseImage, hashed, validityMap } from "../inputs.ts";
import {
  absoluteWithin,
  counted,
  ofLargestWithin,
  publishedFloors,
  relativeWithin,
  scheduled,
  smallFloors,
} from "../rules.ts";
import { channelsFirst, type SeenStep, type SeenTensor } from "../seen.ts";
import { type CaseSettings, commonLeaves, factor } from "../settings.ts";

/** What was run. */
interface AelSettings extends CaseSettings {
  /** Unlabeled images. */
  readonly pool: number;
  /** Share of the index that is 1 at the start. */
  readonly index_share: number;
  /** Draws of a class that is pasted. */
  readonly paste_classes: number;
  /** How often an image has no partner. */
  readonly paste_prob: number;
  readonly area_thresh: number;
  readonly area_thresh2: number;
  readonly threshold: number;
  /** Power of the confidence. */
  readonly gamma: number;
  /** Whether pixels are sampled. */
  readonly sample: 0 | 1;
  /** Of the bank. */
  readonly momentum: number;
  readonly w_cons: number;
  /** What losses are divided by. */
  readonly world_size: number;
  readonly ohem_thresh: number;
  readonly ohem_min_kept: number;
  /** Weight of the auxiliary loss. */
  readonly aux: number;
  /** Decay of the teacher. */
  readonly ema: number;
  readonly weight_decay: number;
  /** What AEL §8 tells apart. */
  readonly mixed: "one of two" | "all";
  readonly denominator: "all" | "sure";
  readonly absent: "zero" | "kept";
}

const share = z.number().min(0).max(1);

const settings = z.strictObject({
  ...commonLeaves,
  method: z.literal("ael"),
  pool: z.int().min(1).max(10_000),
  index_share: share,
  paste_classes: z.int().min(0).max(255),
  paste_prob: share,
  area_thresh: share,
  area_thresh2: share,
  threshold: share,
  gamma: z.number().min(0).max(16),
  sample: z.union([z.literal(0), z.literal(1)]),
  momentum: share,
  w_cons: factor,
  world_size: z.int().min(1).max(1024),
  ohem_thresh: z.number().positive().max(1),
  ohem_min_kept: z.int().min(0),
  aux: factor,
  ema: share,
  weight_decay: factor,
  mixed: z.enum(["one of two", "all"]).default("all"),
  denominator: z.enum(["all", "sure"]).default("all"),
  absent: z.enum(["zero", "kept"]).default("zero"),
});

/** Pixels near a threshold, or of classes that tie, may flip: so many, and later a share. */
const pixels = counted({ first: 10, later: { share: 5e-3 } });
/** Equal, later wherever PyTorch's single precision met them. */
const exact = counted({ later: "same" });

/** Reads them: where the original mixes one image a process, a case has one batch. */
export const aelCases: CaseAdapter<AelSettings> = {
  method: "ael",
  settings,
  *contradictions({ mixed, batch }) {
    if (mixed === "one of two" && batch % 2 !== 0) {
      yield `case.batch is ${batch}, which one of two is kept of`;
    }
  },
  setup(settings) {
    const { backbone, dataset, batch, size, steps, total, base_lr, threshold, world_size: W } = settings;
    const pastes = settings.paste_classes > 0;
    const classes = dataset === "pascal" ? 21 : 19,
      of = (network: string, pass: string) => ({ network, pass });
    return {
      line:
        `AEL, ${backbone}, ${dataset}, threshold ${threshold}, ${settings.paste_classes} classes pasted, ${settings.mixed} mixed, ` +
        `${batch} × ${size} × ${size}, ${steps} steps`,
      method: methodOf(settings),
      outputStride: dataset === "pascal" ? 16 : 8,
      classes,
      start: { residualGamma: 1, buffers: "unit" },
      state: startOf(settings, classes),
      views: viewsOf(settings),
      choice: choiceOf(settings),
      uniform: {
        component: componentNumbers,
        consistency_labeled: classNumbers("keep_l"),
        consistency_mixed: classNumbers("keep_u"),
      },
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: settings.weight_decay,
        groups: { head: { rate: 10 } },
      },
      rate: (t) => base_lr * polyFactor(t, total, 0.9, 0),
      terms: { sup_main: "ce", sup_aux: "aux" },
      thresholded: ["cons_labelled", "cons_mixed", "total"],
      observed: {
        sup: {
          value: ({ term }) => (term("ce") + (settings.aux > 0 ? settings.aux * term("aux") : 0)) / W,
        },
        cons_labelled: consistency("consistency_labeled", settings),
        cons_mixed: consistency("consistency_mixed", settings),
        paste_classes: {
          value: ({ state }) => [...state("pasted").values].flatMap((on, k) => on === 1 ? [k] : []),
          rule: exact,
        },
        pasted_pixels: { value: ({ noted }) => pastes ? sum(noted("pasted")) : 0, rule: exact },
        mixed_label_sum: {
          value: ({ noted, truth }) => sum(pastes ? noted("labels") : { shape: [], values: truth }),
          rule: exact,
        },
        cut_classes: { value: ({ state }) => [...state("wanted").values], rule: exact },
        partners: {
          value: ({ state }) => [...state("places").values].filter((_, i) => i % 2 === 1),
          rule: exact,
        },
        boxes: { value: boxesOf, rule: exact },
        index_sum: { value: ({ state }) => rowSums(state("index")), rule: exact },
        kept_labelled: { value: countSure("consistency_labeled", threshold), rule: pixels },
        kept_mixed: { value: countSure("consistency_mixed", threshold), rule: pixels },
        sampled_labelled: { value: countDrawn("consistency_labeled"), rule: pixels },
        sampled_mixed: { value: countDrawn("consistency_mixed"), rule: pixels },
        confidence_sum: {
          value: ({ noted }) => ["labeled", "mixed"].map((of) => sum(noted(`consistency_${of} confidence`))),
          rule: relativeWithin(1e-4, 1e-3),
        },
        class_confidence: {
          value: ({ noted }) => [...noted("class confidence").values],
          rule: ofLargestWithin(3e-4),
        },
        confidence: { value: ({ state }) => [...state("confidence").values], rule: absoluteWithin(1e-4) },
        ema: { value: ({ t }) => Math.min(1 - 1 / (t + 1), settings.ema), rule: scheduled },
      },
      floors: backbone === "resnet14" ? smallFloors : publishedFloors,
      logits: {
        logits_labelled: of("student", "labeled"),
        logits_mixed: of("student", "mixed"),
        teacher_logits_labelled: of("teacher", "labeled"),
      },
      maps: { teacher_logits_mixed: { values: (seen) => mixedLogits(seen, settings, classes) } },
      evaluation: { eval_logits_student: "student", eval_logits_teacher: "teacher" },
      evaluationBatch: 1,
      unread: { confidence_start: "it is what the case starts with, from the hash" },
    };
  },
};

function methodOf(settings: AelSettings): BoundMethod {
  const options = {
    weight: 1 / settings.world_size,
    confidenceStart: 0,
    mixed: settings.mixed,
    denominator: settings.denominator,
    absent: settings.absent,
    decay: settings.ema,
    threshold: settings.threshold,
    pasted: settings.paste_classes,
    pasteProbability: 1 - settings.paste_prob,
    boxArea: settings.area_thresh,
    indexArea: settings.area_thresh2,
    momentum: settings.momentum,
    sampling: settings.sample === 1,
    power: settings.gamma,
    consistencyWeight: settings.w_cons,
    auxiliaryWeight: settings.aux,
    criterion: "ohem",
    ohemThreshold: settings.ohem_thresh,
    ohemMinKept: settings.ohem_min_kept,
  };
  return bindMethod(ael, parseConfig(definitionOf(ael).options, options, "parity"));
}

function startOf({ salt, pool, index_share }: AelSettings, classes: number) {
  const confidence = hashed(salt, "confidence"), index = hashed(salt, "index");
  return {
    confidence: Float32Array.from({ length: classes }, (_, k) => confidence(k)),
    index: Float32Array.from({ length: classes * pool }, (_, i) => index(i) < index_share ? 1 : 0),
  };
}

const mixedImages = ({ mixed, batch }: AelSettings) => mixed === "all" ? batch : batch / 2;

function viewsOf(settings: AelSettings): ViewSources {
  const { salt, batch, size } = settings, count = mixedImages(settings);
  const valid = (images: number) => validityMap({ batch: images, size }, () => false);
  const pool = (draw: string): ViewSource => ({ chosen }) => {
    const images = chosen(draw).map((n) => caseImage(salt, `pool:${n}`, { batch: 1, size }));
    const all = new Float32Array(images.length * images[0]!.length);
    images.forEach((image, b) => all.set(image, b * image.length));
    return all;
  };
  const law = areaShare(0.5);
  const boxes: ViewSource = ({ t }) => {
    const drawn = Array.from(
      { length: count },
      (_, b) => [halfBox(law, size, hashed(salt, `box:${t}:${b}`))],
    );
    return boxTable(drawn, drawn.map((_, b) => b));
  };
  return {
    labeled: { image: "labelled", labels: "mask", validity: valid(batch) },
    partner: { image: "paste", labels: "paste_mask", validity: valid(batch) },
    first: { image: pool("first"), validity: valid(count) },
    second: { image: pool("second"), validity: valid(count), boxes },
  };
}

/** A box of half an image by three numbers: aspect, row, column. */
function halfBox(law: BoxLaw, size: number, u: (index: number) => number) {
  // The law draws a share of the area first, of which there is one alone.
  let at = -1;
  const numbers = { uniform: () => at < 0 ? (at++, 0) : u(at++) };
  return law(numbers, size, 1, numbers);
}

function choiceOf(settings: AelSettings): ChoiceLaws {
  const { batch, pool } = settings;
  const places = Array.from({ length: batch }, (_, b) => b);
  return {
    sizes: { labeled: batch, unlabeled: pool },
    walks: (t) => ({ labeled: places, unlabeled: places.map((b) => (batch * t + b) % pool) }),
    numbers: (t, u) => (stream, index) => u(`${stream}:${t}`)(index),
  };
}

const componentNumbers: HashedNumbers = ({ t, shape: [images, most], u }) =>
  Array.from({ length: images! }, (_, b) => {
    // Components are numbered from 1.
    const own = u(`component:${t}:${b}`);
    return Array.from({ length: most! }, (_, number) => own(number + 1));
  }).flat();

const classNumbers = (name: string): HashedNumbers => ({ t, shape: [classes, height, width], u }) =>
  Array.from({ length: classes! }, (_, k) => {
    const own = u(`${name}:${t}:${k}`);
    return Array.from({ length: height! * width! }, (_, pixel) => own(pixel));
  }).flat();

function sum({ values }: SeenTensor): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function rowSums({ shape: [rows, columns], values }: SeenTensor): number[] {
  return Array.from(
    { length: rows! },
    (_, row) => sum({ shape: [], values: values.subarray(row * columns!, (row + 1) * columns!) }),
  );
}

/** Rows, then columns, the ends outside. */
function boxesOf({ noted }: SeenStep): number[][] {
  const { shape: [, images], values } = noted("boxes");
  return Array.from({ length: images! }, (_, b) => {
    const [x0, y0, x1, y1] = values.subarray(8 * b, 8 * b + 4) as unknown as [number, number, number, number];
    return [y0, x0, y1, x1];
  });
}

/** A term that a weight of 0 leaves out says nothing. */
function consistency(name: string, { w_cons, world_size }: AelSettings): Observed {
  if (w_cons === 0) return { value: () => 0, rule: { kind: "loss", compare: () => undefined } };
  return { value: ({ term }) => term(name) / world_size };
}

const countSure = (name: string, threshold: number): Observed["value"] => ({ noted }) =>
  noted(`${name} confidence`).values.filter((confidence) => confidence >= Math.fround(threshold)).length;

const countDrawn = (name: string): Observed["value"] => ({ noted }) =>
  noted(`${name} weights`).values.filter((weight) => weight > 0).length;

/** The teacher's logits, mixed as the images are, in PyTorch's order. */
function mixedLogits(seen: SeenStep, settings: AelSettings, classes: number): Float64Array {
  const { size } = settings, shape = [mixedImages(settings), size, size, classes] as const;
  const [own, inner] = ["first", "second"].map((pass) => seen.logits("teacher", pass)) as [
    Float32Array,
    Float32Array,
  ];
  return channelsFirst({
    shape,
    values: Float32Array.from(mixBoxes(own, shape, seen.noted("boxes").values, inner)),
  });
}
