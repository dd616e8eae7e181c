import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap, checkScalar, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./conflict_weights.wgsl" with { type: "text" };

const interfaceOf = {
  file: "conflict_weights.wgsl",
  source,
  uniforms: {
    count: "u32",
    stride: "u32",
    threshold: "f32",
    index: "u32",
    agree_confident: "f32",
    agree_unconfident: "f32",
    conflict_confident: "f32",
    conflict_unconfident: "f32",
  },
  writes: { weights: "vec4f" },
} as const;
const fixed = defineKernel({
  ...interfaceOf,
  name: "conflict_weights",
  reads: { labels: "vec4u", other_labels: "vec4u", confidence: "vec4f" },
});
const scheduled = defineKernel({
  ...interfaceOf,
  name: "conflict_weights_scheduled",
  reads: { labels: "vec4u", other_labels: "vec4u", confidence: "vec4f", thresholds: "f32" },
});

/** What {@linkcode conflictWeights} compares, and what it answers. */
export interface ConflictWeightsOptions {
  /**
   * A pixel is confident where its confidence is above this, strictly. A tensor (a f32 map) is looked up at every run, so
   * that a schedule moves the threshold between steps of one program.
   */
  readonly threshold: number | DeviceScalar;
  /** The weight of each of the four cases. */
  readonly weights: {
    readonly agreeConfident: number;
    readonly agreeUnconfident: number;
    readonly conflictConfident: number;
    readonly conflictUnconfident: number;
  };
}

/**
 * Weighs each pixel by whether two labelings agree and whether the labeling branch is confident.
 *
 * Every weighting of conflict-based pseudo-labels is a choice of the four weights. In the order agree-confident,
 * agree-unconfident, conflict-confident, conflict-unconfident: CCVC's own is (1, 1, ω, 1), plain cross pseudo supervision
 * (1, 1, 1, 1), thresholded labels (1, 0, 1, 0).
 *
 * @param maps.labels u32 map [N, H, W]: the labels that are to be learned.
 * @param maps.otherLabels u32 map [N, H, W]: the other branch's.
 * @param maps.confidence f32 map [N, H, W]: how sure the labeling branch is; a logit or a probability.
 * @returns A f32 map [N, H, W].
 * @throws {ShapeError} If the maps differ in shape, or there is no threshold at the index.
 */
export function conflictWeights(
  graph: Graph,
  maps: { labels: Tensor; otherLabels: Tensor; confidence: Tensor },
  options: ConflictWeightsOptions,
): Tensor {
  const { labels, otherLabels, confidence } = maps;
  const { threshold, weights } = options;
  const { shape } = labels;
  checkMap("weigh conflicts", labels, "u32", shape);
  checkMap(`weigh conflicts with ${labels.label}`, otherLabels, "u32", shape);
  checkMap(`weigh conflicts of ${labels.label}`, confidence, "f32", shape);
  const schedule = typeof threshold === "number" ? undefined : threshold;
  if (schedule) checkScalar("threshold", schedule);
  const result = graph.tensor({ label: `${labels.label} weights`, shape, layout: "map" });
  const count = labels.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: schedule ? scheduled : fixed,
    reads: [labels, otherLabels, confidence, ...(schedule ? [schedule.tensor] : [])],
    writes: [result],
    uniforms: {
      count,
      stride,
      threshold: typeof threshold === "number" ? threshold : 0,
      index: schedule?.index ?? 0,
      agree_confident: weights.agreeConfident,
      agree_unconfident: weights.agreeUnconfident,
      conflict_confident: weights.conflictConfident,
      conflict_unconfident: weights.conflictUnconfident,
    },
    constants: { SCHEDULED: schedule ? 1 : 0 },
    groups,
    loops: 0,
  });
  return result;
}
