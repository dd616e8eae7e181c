/** CutMix-Seg's parity cases. @module */
import { z } from "zod";
import type { Distance } from "../../../kernels/ops/loss/consistency_loss.ts";
import { mixBoxes } from "../../../kernels/reference/map/mix_boxes.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { cutMixSeg } from "../../methods/cutmix_seg.ts";
import { definitionOf } from "../../methods/method.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { boxTable } from "../../views/tables.ts";
import type { CaseAdapter, Observed } from "../adapter.ts";
import { caseValidity, type Extents, partnerValidity } from "../inputs.ts";
import { publishedFloors, share } from "../rules.ts";
import { confidences } from "../seen.ts";
import { factor, networkContradictions, networkLeaves, type NetworkSettings } from "../settings.ts";
import { toggledBoxes } from "./cps.ts";

/** What was run. */
interface CutMixSegSettings extends NetworkSettings {
  readonly optimizer: "adam" | "sgd";
  readonly momentum: number;
  readonly weight_decay: number;
  /** Multiple of the base rate for the backbone. */
  readonly backbone_lr_mult: number;
  readonly lr_sched: "none" | "poly";
  /** Decay of the teacher. */
  readonly ema: number;
  /** Whether it starts as the student's copy, or from weights of its own. */
  readonly teacher_init: "copy" | "hash";
  /** Norms that keep their statistics. */
  readonly freeze_bn: "backbone" | "none";
  /** One box of about half an image, or three that toggle. */
  readonly mask: "half" | "xor3";
  readonly cons_weight: number;
  readonly cons_loss: keyof typeof DISTANCES;
  /** Confidence threshold. */
  readonly tau: number;
  readonly conf_per_pixel: boolean;
}

/** What the published code calls them (CutMix-Seg §2.2). */
const DISTANCES = {
  var: "probabilities",
  logits_var: "logits",
  logits_smoothl1: "smooth-l1",
  bce: "binary-cross-entropy",
  kld: "kl-divergence",
} as const satisfies Record<string, Distance>;

const settings = z.strictObject({
  ...networkLeaves,
  method: z.literal("cutmix_seg"),
  optimizer: z.enum(["adam", "sgd"]),
  momentum: z.number().min(0).lt(1).default(0),
  weight_decay: factor,
  backbone_lr_mult: factor,
  lr_sched: z.enum(["none", "poly"]),
  ema: z.number().min(0).max(1),
  teacher_init: z.enum(["copy", "hash"]),
  freeze_bn: z.enum(["backbone", "none"]),
  mask: z.enum(["half", "xor3"]),
  cons_weight: factor,
  cons_loss: z.enum(Object.keys(DISTANCES) as [keyof typeof DISTANCES]),
  tau: z.number().min(0).max(1),
  conf_per_pixel: z.boolean(),
});

/** Reads them. The student sees images of their own, as with changed colors. */
export const cutMixSegCases: CaseAdapter<CutMixSegSettings> = {
  method: "cutmix_seg",
  settings,
  contradictions: networkContradictions,
  setup(settings) {
    const { backbone, dataset, classes, batch, size, steps, optimizer, tau } = settings;
    const boxes = settings.mask === "half" ? halfBoxes(settings) : toggledBoxes(settings);
    const validity = [caseValidity(settings), partnerValidity(settings)] as const;
    const of = (network: string, pass: string) => ({ network, pass });
    return {
      line: `CutMix-Seg, ${backbone}, ${dataset}, ${optimizer}, threshold ${tau} by ${
        settings.conf_per_pixel ? "pixel" : "batch"
      }, ${batch} × ${size} × ${size}, ${steps} steps`,
      method: methodOf(settings),
      outputStride: 16,
      classes,
      start: {
        residualGamma: settings.residual_gamma,
        buffers: settings.buffers,
        ...(settings.teacher_init === "copy" &&
          { hashedAs: (name) => name.replace(/^teacher\./, "student.") }),
      },
      views: {
        labeled: { image: "labelled", labels: "mask" },
        unlabeled: { image: "unlabelled", strong: "strong", validity: validity[0], boxes },
        second: { image: "unlabelled_mix", strong: "strong_mix", validity: validity[1] },
      },
      optimizer: {
        ...(optimizer === "sgd"
          ? { kind: optimizer, momentum: settings.momentum }
          : { kind: optimizer, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
        weightDecay: settings.weight_decay,
        groups: { backbone: { rate: settings.backbone_lr_mult } },
      },
      rate: (t) =>
        settings.base_lr * (settings.lr_sched === "poly" ? polyFactor(t, settings.total, 0.9, 0) : 1),
      terms: { sup: "ce", consistency: "consistency" },
      thresholded: ["consistency", "total"],
      observed: {
        conf_rate: sureShare(settings, boxes),
        valid_share: validShare(settings, boxes, validity),
      },
      floors: { ...publishedFloors, laterLosses: 3e-3 },
      logits: {
        logits_labelled: of("student", "x"),
        logits_teacher: of("teacher", "u0"),
        logits_teacher_mix: of("teacher", "u1"),
        logits_student_mixed: of("student", "v"),
      },
      evaluation: { eval_logits_student: "student", eval_logits_teacher: "teacher" },
    };
  },
};

function methodOf(settings: CutMixSegSettings): BoundMethod {
  const options = {
    decay: settings.ema,
    threshold: settings.tau,
    confidence: settings.conf_per_pixel ? "pixel" : "batch",
    distance: DISTANCES[settings.cons_loss],
    boxes: settings.mask === "half" ? 1 : 3,
    color: true,
    weight: settings.cons_weight,
    frozenNorms: settings.freeze_bn === "backbone",
  };
  return bindMethod(cutMixSeg, parseConfig(definitionOf(cutMixSeg).options, options, "parity"));
}

/** A box of about half of each image. */
function halfBoxes({ batch }: Pick<Extents, "batch">): Uint32Array<ArrayBuffer> {
  const boxes = Array.from({ length: batch }, (_, b) => {
    const x0 = 1 + 2 * b, y0 = 5 + 6 * b;
    return [{ x0, y0, x1: x0 + 44 + 4 * b, y1: y0 + 48 - 5 * b }];
  });
  return boxTable(boxes, boxes.map((_, b) => b));
}

/** Share of all pixels of which the teacher is sure, padding included. */
function sureShare({ classes, batch, size, tau }: CutMixSegSettings, boxes: Uint32Array): Observed {
  return {
    value(seen) {
      const [own, inner] = ["u0", "u1"].map((pass) => confidences(seen.logits("teacher", pass), classes)) as [
        number[],
        number[],
      ];
      const mixed = mixBoxes(own, [batch, size, size, 1], boxes, inner);
      return mixed.filter((confidence) => confidence >= tau).length / mixed.length;
    },
    rule: share(),
  };
}

/** Share of the mixed pixels that are no padding. */
function validShare(
  { batch, size }: Extents,
  boxes: Uint32Array,
  [own, inner]: readonly [Uint32Array, Uint32Array],
): Observed {
  const mixed = mixBoxes(own, [batch, size, size, 1], boxes, inner);
  const counted = mixed.filter((valid) => valid > 0).length / mixed.length;
  return { value: () => counted, rule: share() };
}
