/** CPS's parity cases, plain and with CutMix. @module */
import { z } from "zod";
import { mixBoxes } from "../../../kernels/reference/map/mix_boxes.ts";
import { ohemLabels } from "../../../kernels/reference/label/ohem.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { ignoreIndex } from "../../datasets/classes.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { cps } from "../../methods/cps.ts";
import { definitionOf } from "../../methods/method.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { boxTable } from "../../views/tables.ts";
import type { CaseAdapter, Observed } from "../adapter.ts";
import type { Extents } from "../inputs.ts";
import { publishedFloors, share } from "../rules.ts";
import type { SeenStep } from "../seen.ts";
import { factor, networkContradictions, networkLeaves, type NetworkSettings } from "../settings.ts";

/** What was run. */
interface CpsSettings extends NetworkSettings {
  readonly cutmix: boolean;
  readonly cps_weight: number;
  readonly criterion: "CE" | "OHEM";
  readonly ohem_thresh: number;
  readonly ohem_min_kept: number;
  readonly weight_decay: number;
}

const settings = z.strictObject({
  ...networkLeaves,
  method: z.literal("cps"),
  cutmix: z.boolean(),
  cps_weight: factor,
  criterion: z.enum(["CE", "OHEM"]),
  ohem_thresh: factor.default(0.7),
  ohem_min_kept: z.int().min(0).default(50_000),
  weight_decay: factor,
});

/** Reads them. The run is of one process, without the lag in the rates; batch norm and biases do not decay. */
export const cpsCases: CaseAdapter<CpsSettings> = {
  method: "cps",
  settings,
  contradictions: networkContradictions,
  setup(settings) {
    const { backbone, dataset, classes, cutmix, batch, size, steps, criterion } = settings;
    const boxes = toggledBoxes(settings);
    const of = (network: string, pass: string) => ({ network, pass });
    const first = cutmix ? "u0" : "u";
    return {
      line:
        `CPS ${
          cutmix ? "with CutMix" : "plain"
        }, ${backbone}, ${dataset}, ${criterion}, weight ${settings.cps_weight}, ` +
        `${batch} × ${size} × ${size}, ${steps} steps`,
      method: methodOf(settings),
      outputStride: 16,
      classes,
      start: { residualGamma: settings.residual_gamma, buffers: settings.buffers },
      views: {
        labeled: { image: "labelled", labels: "mask" },
        unlabeled: { image: "unlabelled", boxes },
        second: { image: "unlabelled_mix" },
      },
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: settings.weight_decay,
        groups: { norms: { decay: 0 }, biases: { decay: 0 } },
      },
      rate: (t) => settings.base_lr * polyFactor(t, settings.total, 0.9, 0),
      terms: { sup1: "ce1", sup2: "ce2", cps1: "cps1", cps2: "cps2" },
      thresholded: criterion === "OHEM" ? ["sup1", "sup2", "total"] : [],
      observed: {
        disagree: { value: (seen) => disagreement(seen, settings, boxes), rule: share() },
        ...(criterion === "OHEM" &&
          { ohem_kept1: kept("branch1", settings), ohem_kept2: kept("branch2", settings) }),
      },
      floors: { ...publishedFloors, laterLosses: 3e-3 },
      logits: {
        logits1_labelled: of("branch1", "x"),
        logits2_labelled: of("branch2", "x"),
        logits1_unlabelled: of("branch1", first),
        ...(cutmix
          ? {
            logits2_unlabelled_mix: of("branch2", "u1"),
            logits1_mixed: of("branch1", "v"),
            logits2_mixed: of("branch2", "v"),
          }
          : { logits2_unlabelled: of("branch2", first) }),
      },
      evaluation: { eval_logits1: "branch1", eval_logits2: "branch2" },
    };
  },
};

function methodOf({ cutmix, cps_weight, criterion, ohem_thresh, ohem_min_kept }: CpsSettings): BoundMethod {
  const options = {
    cutMix: cutmix,
    weight: cps_weight,
    criterion: criterion === "OHEM" ? "ohem" : "cross-entropy",
    ohemThreshold: ohem_thresh,
    ohemMinKept: ohem_min_kept,
  };
  return bindMethod(cps, parseConfig(definitionOf(cps).options, options, "parity"));
}

/** Three overlapping rectangles an image, which toggle; the partner is at the same place. */
export function toggledBoxes({ batch }: Pick<Extents, "batch">): Uint32Array<ArrayBuffer> {
  const boxes = Array.from({ length: batch }, (_, b) =>
    [0, 1, 2].map((k) => {
      const y0 = 4 + 5 * b + 9 * k, x0 = 3 + 7 * b + 8 * k;
      return { x0, y0, x1: x0 + 18 + 5 * k - b, y1: y0 + 24 - 3 * k + 2 * b };
    }));
  return boxTable(boxes, boxes.map((_, b) => b));
}

/** Share of the pixels where the branches' labels differ: of all images, or of the mixed ones. */
function disagreement(
  seen: SeenStep,
  { cutmix, batch, size }: CpsSettings,
  boxes: Uint32Array,
): number {
  const passes = cutmix ? ["u0", "u1"] : ["x", "u"];
  const [one, two] = ["branch1", "branch2"].map((network) => {
    const [first, second] = passes.map((pass) => seen.labels(network, pass)) as [Uint32Array, Uint32Array];
    return cutmix ? [...mixBoxes(first, [batch, size, size, 1], boxes, second)] : [...first, ...second];
  }) as [number[], number[]];
  return one.filter((label, pixel) => label !== two[pixel]).length / one.length;
}

/** Labeled pixels that mining leaves a branch. */
function kept(branch: string, { classes, batch, size, ohem_thresh, ohem_min_kept }: CpsSettings): Observed {
  const mining = { threshold: ohem_thresh, minKept: ohem_min_kept };
  return {
    value(seen) {
      const { labels } = ohemLabels(seen.logits(branch, "x"), seen.truth, classes, mining);
      return labels.filter((label) => label !== ignoreIndex).length;
    },
    rule: share(batch * size * size),
  };
}
