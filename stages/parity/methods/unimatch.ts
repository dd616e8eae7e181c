/** UniMatch's parity cases. @module */
import { z } from "zod";
import { mixBoxes } from "../../../kernels/reference/map/mix_boxes.ts";
import { ohemLabels } from "../../../kernels/reference/label/ohem.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { ignoreIndex } from "../../datasets/classes.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { definitionOf } from "../../methods/method.ts";
import { unimatch } from "../../methods/unimatch.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { boxTable } from "../../views/tables.ts";
import type { CaseAdapter, HashedChannels, Observed } from "../adapter.ts";
import { caseValidity, cornerBoxes, type Extents, partnerValidity } from "../inputs.ts";
import { publishedFloors, share } from "../rules.ts";
import { confidences } from "../seen.ts";
import { factor, networkContradictions, networkLeaves, type NetworkSettings } from "../settings.ts";

/** What was run. */
interface UniMatchSettings extends NetworkSettings {
  /** Confidence threshold. */
  readonly tau: number;
  readonly criterion: "CE" | "OHEM";
  readonly ohem_thresh: number;
  readonly ohem_min_kept: number;
  /** Multiple of the base rate for all but the backbone. */
  readonly lr_multi: number;
  readonly weight_decay: number;
}

const settings = z.strictObject({
  ...networkLeaves,
  method: z.literal("unimatch"),
  tau: z.number().min(0).max(1),
  criterion: z.enum(["CE", "OHEM"]),
  ohem_thresh: factor.default(0.7),
  ohem_min_kept: z.int().min(0).default(200_000),
  lr_multi: factor,
  weight_decay: factor,
});

/** Passes of a step, by what their logits are called in a file. */
const PASSES = {
  logits_labelled: "labeled",
  logits_unlabelled: "unlabeled",
  logits_fp: "unlabeledDropped",
  logits_strong1: "strong1",
  logits_strong2: "strong2",
  logits_mix_eval: "partner",
};

/** Reads them. The run is of one process. */
export const unimatchCases: CaseAdapter<UniMatchSettings> = {
  method: "unimatch",
  settings,
  contradictions: networkContradictions,
  setup(settings) {
    const { backbone, dataset, classes, batch, size, steps, criterion, tau } = settings;
    const mined = criterion === "OHEM";
    const boxes1 = boxTable(cornerBoxes(settings), samePlaces(batch));
    const boxes2 = boxTable(secondBoxes(settings), samePlaces(batch));
    const own = caseValidity(settings), partner = partnerValidity(settings);
    return {
      line:
        `UniMatch, ${backbone}, ${dataset}, ${criterion}, threshold ${tau}, ${batch} × ${size} × ${size}, ${steps} steps`,
      method: methodOf(settings),
      outputStride: 16,
      classes,
      start: { residualGamma: settings.residual_gamma, buffers: settings.buffers },
      views: {
        labeled: { image: "labelled", labels: "mask" },
        unlabeled: {
          image: "unlabelled",
          strong1: "strong1",
          strong2: "strong2",
          validity: own,
          boxes1,
          boxes2,
        },
        partner: {
          image: "unlabelled_mix",
          strong1: "strong1_mix",
          strong2: "strong2_mix",
          validity: partner,
        },
      },
      dropout: droppedTaps(batch),
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: settings.weight_decay,
        groups: { head: { rate: settings.lr_multi } },
      },
      rate: (t) => settings.base_lr * polyFactor(t, settings.total, 0.9),
      terms: { loss_x: "ce", loss_u_s1: "strong1", loss_u_s2: "strong2", loss_u_w_fp: "dropped" },
      thresholded: [...(mined ? ["loss_x"] : []), "loss_u_s1", "loss_u_s2", "loss_u_w_fp", "total"],
      observed: {
        mask_ratio: passing(settings, { own, partner }),
        mask_ratio_s1: passing(settings, { own, partner, boxes: boxes1 }),
        mask_ratio_s2: passing(settings, { own, partner, boxes: boxes2 }),
        ...(mined && { ohem_kept: kept(settings) }),
      },
      floors: { ...publishedFloors, laterLosses: 3e-3 },
      logits: Object.fromEntries(
        Object.entries(PASSES).map(([name, pass]) => [name, { network: "student", pass }]),
      ),
      evaluation: { eval_logits: "student" },
    };
  },
};

function methodOf({ tau, criterion, ohem_thresh, ohem_min_kept }: UniMatchSettings): BoundMethod {
  const options = {
    threshold: tau,
    criterion: criterion === "OHEM" ? "ohem" : "cross-entropy",
    ohemThreshold: ohem_thresh,
    ohemMinKept: ohem_min_kept,
  };
  return bindMethod(unimatch, parseConfig(definitionOf(unimatch).options, options, "parity"));
}

const samePlaces = (batch: number) => Array.from({ length: batch }, (_, b) => b);

/** The second box of each image; image 3 has none. */
function secondBoxes({ batch }: Pick<Extents, "batch">) {
  return Array.from({ length: batch }, (_, b) => {
    const x0 = 30 - 5 * b, y0 = 24 + 4 * b;
    return [b === 3 ? { x0: 0, y0: 0, x1: 0, y1: 0 } : { x0, y0, x1: x0 + 18 + 2 * b, y1: y0 + 22 + 3 * b }];
  });
}

/** Both taps of the labeled and then the weak images, which one hash numbers through. */
function droppedTaps(batch: number): Record<string, HashedChannels> {
  const taps = [["low", "c1"], ["high", "c4"]] as const, parts = ["labeled", "unlabeled"] as const;
  return Object.fromEntries(taps.flatMap(([tap, suffix]) =>
    parts.map((part, i) => [
      `${part}/${tap}`,
      { name: (t: number) => `drop:${t}:${suffix}`, first: i * batch },
    ])
  ));
}

/** Share of the valid pixels that reach the threshold: of the weak view, or mixed by boxes. */
function passing(
  { classes, batch, size, tau }: UniMatchSettings,
  { own, partner, boxes }: { own: Uint32Array; partner: Uint32Array; boxes?: Uint32Array },
): Observed {
  const mixed = (of: ArrayLike<number>, inner: ArrayLike<number>) =>
    boxes ? mixBoxes(of, [batch, size, size, 1], boxes, inner) : of;
  const valid = mixed(own, partner);
  return {
    value(seen) {
      const [ours, theirs] = ["unlabeled", "partner"].map((pass) =>
        confidences(seen.logits("student", pass), classes)
      ) as [number[], number[]];
      const confidence = Array.from(mixed(ours, theirs)).filter((_, pixel) => valid[pixel] !== 0);
      return confidence.filter((value) => value >= tau).length / confidence.length;
    },
    rule: share(),
  };
}

/** Share of the labeled pixels that mining leaves. */
function kept({ classes, ohem_thresh, ohem_min_kept }: UniMatchSettings): Observed {
  const mining = { threshold: ohem_thresh, minKept: ohem_min_kept };
  return {
    value(seen) {
      const { labels } = ohemLabels(seen.logits("student", "labeled"), seen.truth, classes, mining);
      const counted = (all: ArrayLike<number>) =>
        Array.from(all).filter((label) => label !== ignoreIndex).length;
      return counted(labels) / counted(seen.truth);
    },
    rule: share(),
  };
}
