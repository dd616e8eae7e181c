/** U²PL's parity cases. @module */
import { z } from "zod";
import { parseConfig } from "../../../pipeline/mod.ts";
import { ignoreIndex } from "../../datasets/classes.ts";
import { bindMethod, type BoundMethod, type Phase } from "../../methods/bound_method.ts";
import { definitionOf } from "../../methods/method.ts";
import type { At } from "../../methods/schedule.ts";
import { u2pl } from "../../methods/u2pl.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { boxTable } from "../../views/tables.ts";
import type { CaseAdapter, CaseSetup, Moment, Observed, Reading } from "../adapter.ts";
import { caseLabels, cornerBoxes, hashed, validityMap } from "../inputs.ts";
import { counted, publishedFloors, relativeWithin, scheduled, smallFloors } from "../rules.ts";
import { channelsFirst, type SeenStep } from "../seen.ts";
import { type CaseSettings, commonLeaves, factor } from "../settings.ts";
import {
  bankSums,
  classCounts,
  contrastTerms,
  labelSums,
  labelSumsRule,
  sumsRule,
  termsRule,
  validClasses,
} from "./u2pl_numbers.ts";

const share = z.number().min(0).max(1), percent = z.number().min(0).max(100);
const size = z.int().min(1).max(1e6);

/** What was run; the names are the file's. */
const settings = z.strictObject({
  ...commonLeaves,
  backbone: commonLeaves.backbone.default("resnet50"),
  total: commonLeaves.total.optional(),
  method: z.literal("u2pl"),
  iters_per_epoch: z.int().min(1),
  epochs: z.int().min(1),
  /** Epochs of labels alone, before the others. */
  sup_only_epoch: z.int().min(0),
  grad_step: z.int().min(0),
  /** Whether step `t` is mixed. */
  cutmix: z.array(z.union([z.literal(0), z.literal(1)])),
  drop_percent: percent,
  w_unsup: factor,
  w_contrast: factor.positive(),
  low_rank: z.int().min(0),
  high_rank: z.int().min(1),
  anchor_prob: share,
  negative_prob: share,
  low_entropy_threshold: z.number().min(0).max(50),
  negatives: size,
  anchors: size,
  temperature: z.number().positive(),
  criterion: z.enum(["CELoss", "OHEM", "ohem"]),
  ohem_thresh: share,
  ohem_min_kept: z.int().min(0),
  ema: share,
  /** Weight of the auxiliary head; 0 for none. */
  aux: factor,
  head_lr: factor,
  weight_decay: factor,
  /** Vectors that a queue starts with, class 0's with twice as many. */
  bank_init: z.int().min(0),
  /** Sizes of class 0's queue and of the others'. */
  queue: z.tuple([size, size]),
  /** Labels are lowered to multiples of it. */
  label_step: z.int().min(1).default(1),
  rule: z.enum(["published", "described"]).default("published"),
}).transform((read) => ({ ...read, total: read.total ?? read.epochs * read.iters_per_epoch }));

type U2plSettings = z.infer<typeof settings> & CaseSettings;

/** Length of a vector. */
const FEATURES = 256;

/** Which labels the numbers of a case were made of: a published one names a step, and was made without it. */
interface LabelReading extends Reading {
  /** Labels are multiples of it. */
  readonly step: number;
}

/** Reads them. */
export const u2plCases: CaseAdapter<U2plSettings, LabelReading> = {
  method: "u2pl",
  settings,
  *contradictions({ cutmix, steps, bank_init, queue, total, epochs, iters_per_epoch }) {
    if (cutmix.length < steps) yield `case.cutmix is of ${cutmix.length} steps, and ${steps} are run`;
    if (2 * bank_init > queue[0] || bank_init > queue[1]) {
      yield `case.bank_init is ${bank_init}, and case.queue [${queue}] holds fewer (class 0 starts with twice as many)`;
    }
    if (total !== epochs * iters_per_epoch) {
      yield `case.total is ${total}, and ${epochs} epochs of ${iters_per_epoch} steps have ${
        epochs * iters_per_epoch
      }`;
    }
  },
  readings({ label_step: step }) {
    if (step === 1) return [{ name: "labels as they are", step }];
    const remark = `case.label_step is ${step}, and its numbers were made of labels as they are`;
    return [{ name: "labels lowered", step }, { name: "labels as they are", step: 1, remark }];
  },
  tells: (term) => term.startsWith("sup"),
  setup(settings, { step: labelStep }) {
    const { backbone, dataset, batch, size, steps, rule, total, aux, grad_step } = settings;
    const classes = dataset === "pascal" ? 21 : 19, method = methodOf(settings);
    const of = (network: string, pass: string) => ({ network, pass });
    const rate = (t: number) => settings.base_lr * polyFactor(t, total, 0.9, 0);
    const small = backbone === "resnet14", floors = small ? smallFloors : publishedFloors;
    const later = grad_step > 0;
    return {
      line: `U²PL as ${rule}, ${backbone}, ${dataset}, ${batch} × ${size} × ${size}, ${steps} steps`,
      method,
      outputStride: dataset === "pascal" ? 16 : 8,
      classes,
      start: { residualGamma: 1, buffers: "unit" },
      state: bankStart(settings, classes),
      views: viewsOf(settings, classes, labelStep),
      uniform: {
        anchors: ({ t, shape, u }) => byTurn(shape, (turn) => u(`anchor:${t}:${turn}`)),
        negatives: ({ t, shape, u }) => byTurn(shape, (turn) => u(`negative:${t}:${turn}`)),
      },
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: settings.weight_decay,
        groups: { head: { rate: settings.head_lr } },
      },
      rate,
      at: (t) => atOf(settings, t),
      phase: (t) => phaseOf(settings, t),
      terms: {
        ...(aux > 0 ? { sup_main: "ce", sup_aux: "aux" } : { sup: "ce" }),
        unsup: "unsupervised",
        contrast: "contrast",
      },
      thresholded: ["unsup", "total"],
      observed: {
        lr_head: { value: ({ t }) => settings.head_lr * rate(t), rule: scheduled },
        drop_percent: {
          value: ({ t }) => method.schedules.drop!(atOf(settings, t), "method"),
          rule: scheduled,
        },
        ...observedNumbers(settings),
      },
      floors: { ...floors, ...(later && { norm: 5e-2, logits: 1e-3 }) },
      gradStep: grad_step,
      logits: {
        logits_labelled: of("student", "x"),
        logits_unlabelled: of("student", "u"),
        teacher_logits_unlabelled: of("teacher", "u"),
      },
      maps: {
        rep: { values: (seen) => features(seen, "student") },
        teacher_rep: { values: (seen) => features(seen, "teacher") },
      },
      evaluation: { eval_logits_student: "student", eval_logits_teacher: "teacher" },
      evaluationBatch: 1,
      ...(aux > 0 && { unread: { sup: "sup_main + aux · sup_aux, which are compared" } }),
    };
  },
};

function methodOf(settings: U2plSettings): BoundMethod {
  const described = settings.rule === "described";
  const options = {
    decay: settings.ema,
    copies: "epoch",
    padding: "class 0",
    dropPercent: settings.drop_percent,
    lowEntropy: settings.low_entropy_threshold,
    unsupervisedWeight: settings.w_unsup,
    contrastWeight: settings.w_contrast,
    auxiliaryWeight: settings.aux,
    criterion: settings.criterion === "CELoss" ? "cross-entropy" : "ohem",
    ohemThreshold: settings.ohem_thresh,
    ohemMinKept: settings.ohem_min_kept,
    planes: described ? "each image" : "first image",
    keys: described ? "any" : "of the class",
    pairs: described ? "by class" : "by turn",
    lowRank: settings.low_rank,
    highRank: settings.high_rank,
    anchorProbability: settings.anchor_prob,
    negativeProbability: settings.negative_prob,
    anchors: settings.anchors,
    negatives: settings.negatives,
    temperature: settings.temperature,
    features: FEATURES,
    firstQueue: settings.queue[0],
    queue: settings.queue[1],
  };
  return bindMethod(u2pl, parseConfig(definitionOf(u2pl).options, options, "parity"));
}

function phaseOf({ iters_per_epoch, sup_only_epoch }: U2plSettings, t: number): Phase {
  return Math.floor(t / iters_per_epoch) < sup_only_epoch ? "warm-up" : "method";
}

function atOf(
  { iters_per_epoch: stepsPerEpoch, epochs, sup_only_epoch: warmUpEpochs }: U2plSettings,
  t: number,
): At {
  const epoch = Math.floor(t / stepsPerEpoch);
  return {
    step: Math.max(0, t - warmUpEpochs * stepsPerEpoch),
    steps: (epochs - warmUpEpochs) * stepsPerEpoch,
    epoch: Math.max(0, epoch - warmUpEpochs),
    epochs: epochs - warmUpEpochs,
    stepsPerEpoch,
    warmUpEpochs,
  };
}

/** Numbers of each row of draws, rows by turn. */
function byTurn(shape: readonly number[], u: (turn: number) => (k: number) => number): Float64Array {
  const [rows, ...rest] = shape as [number, ...number[]], each = rest.reduce((a, b) => a * b, 1);
  const numbers = new Float64Array(rows * each);
  for (let turn = 0; turn < rows; turn++) {
    const own = u(turn);
    for (let k = 0; k < each; k++) numbers[turn * each + k] = own(k);
  }
  return numbers;
}

function viewsOf(settings: U2plSettings, classes: number, labelStep: number): CaseSetup["views"] {
  const { salt, cutmix, batch } = settings, validity = validityMap(settings, () => false);
  const boxes = cornerBoxes(settings), none = boxes.map(() => [{ x0: 0, y0: 0, x1: 0, y1: 0 }]);
  const tables = [none, boxes].map((given) => boxTable(given, given.map((_, b) => (b + 1) % batch)));
  const labels = ({ t }: Moment) =>
    caseLabels(salt, `mask:${t}`, settings, classes).map((label) =>
      label === ignoreIndex ? label : label - label % labelStep
    );
  return {
    labeled: { image: "labelled", labels, validity },
    unlabeled: { image: "unlabelled", validity, boxes: ({ t }) => tables[cutmix[t]!]! },
  };
}

/** Queues that start with hashed vectors. */
function bankStart(
  { salt, bank_init, queue }: U2plSettings,
  classes: number,
): NonNullable<CaseSetup["state"]> {
  const lengths = Array.from({ length: classes }, (_, c) => c === 0 ? 2 * bank_init : bank_init);
  const queues = lengths.map((length, c) => {
    const u = hashed(salt, `bank:${c}`),
      values = new Float32Array((c === 0 ? queue[0] : queue[1]) * FEATURES);
    for (let i = 0; i < length * FEATURES; i++) values[i] = 2 * u(i) - 1;
    return [`keys${c}`, values] as const;
  });
  return {
    keysCursors: Uint32Array.from(lengths.flatMap((length) => [0, length])),
    ...Object.fromEntries(queues),
  };
}

function features(seen: SeenStep, network: string): Float64Array {
  return channelsFirst(seen.head(network, "x", "rep"), seen.head(network, "u", "rep"));
}

/**
 * What a step of the method records besides its losses.
 *
 * The page gives later thresholds 1e-3. In the fourth step of `u2pl_semi`, where PyTorch's own losses stray by 1e-3, one is off by
 * 1.6e-3.
 */
function observedNumbers({ rule, anchors, batch, size }: U2plSettings): Record<string, Observed> {
  const described = rule === "described", threshold = relativeWithin(1e-4, 2e-3);
  const limit = (name: string): Observed => ({
    value: (seen) => seen.noted(name).values[0]!,
    rule: threshold,
  });
  // Later, a few pixels lie on the other side of a threshold.
  const few = counted({ later: 8 }), keys = described ? counted({ first: 3, later: 8 }) : few;
  const labels = (name: string) => (seen: SeenStep) => Array.from(seen.noted(name).values);
  return {
    drop_threshold: limit("drop"),
    low_threshold: limit("low"),
    high_threshold: limit("high"),
    kept: {
      value: (seen) => labels("kept")(seen).filter((label) => label !== ignoreIndex).length,
      rule: counted({ later: { share: 8 / (batch * size * size) } }),
    },
    pseudo_label_sum: { value: labelSums, rule: labelSumsRule },
    class_pixels: { value: classCounts("sure"), rule: few },
    anchor_pixels: { value: classCounts("anchors"), rule: few },
    new_keys: { value: classCounts("keys"), rule: keys },
    bank_size: {
      value: ({ state }) => Array.from(state("keysCursors").values).filter((_, i) => i % 2 === 1),
      rule: keys,
    },
    bank_sum: { value: bankSums, rule: sumsRule },
    valid_classes: { value: validClasses, rule: counted({ later: "unsaid" }) },
    contrast_terms: { value: contrastTerms(anchors), rule: termsRule(described) },
    contrast: { value: (seen) => seen.noted("contrast").values[0]!, rule: relativeWithin(1e-4, 2e-2) },
  };
}
