import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./sampled_weights.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "sampled_weights",
  source,
  uniforms: { total: "u32", stride: "u32", pixels: "u32", classes: "u32", power: "f32" },
  reads: { labels: "u32", confidence: "f32", rates: "f32", draws: "f32" },
  writes: { weights: "f32" },
});

/** What weighs the pixels of {@linkcode sampledWeights}. */
export interface SampledWeightsOptions {
  /** f32 map [C]: share of a class's pixels that are kept, in [0, 1]. */
  readonly rates: Tensor;
  /** f32 map [C, H, W], uniform in [0, 1): a map of each class, which all images share. */
  readonly draws: Tensor;
  /** Of the confidence, not below 0. */
  readonly power: number;
}

/**
 * Adaptive equalization sampling with dynamic re-weighting: confidence ^ power where the draw of a pixel's class is over
 * 1 − rate, else 0. A pixel whose label is no class weighs 0. No gradient flows through it.
 *
 * @param labels u32 map [N, H, W].
 * @param confidence f32 map [N, H, W], in (0, 1].
 * @returns A f32 map [N, H, W].
 * @throws {ShapeError} If a map is of another type or shape.
 * @throws {RangeError} If the power is below 0.
 * @see Hu et al., "Semi-supervised semantic segmentation via adaptive equalization learning", NeurIPS 2021.
 */
export function sampledWeights(
  graph: Graph,
  labels: Tensor,
  confidence: Tensor,
  { rates, draws, power }: SampledWeightsOptions,
): Tensor {
  const { shape } = labels, [batch = 1, ...image] = shape, action = `sample the pixels of ${labels.label}`;
  checkMap("sample pixels", labels, "u32", shape);
  checkMap(action, confidence, "f32", shape);
  const [classes = 0] = rates.shape;
  checkMap(action, rates, "f32", [classes]);
  checkMap(action, draws, "f32", [classes, ...image]);
  if (!(power >= 0)) {
    throw new RangeError(`Cannot ${action} by confidence ^ ${power}: the power must not be below 0`);
  }
  const weights = graph.tensor({ label: `${labels.label} sampled`.slice(0, 60), shape, layout: "map" });
  const total = shape.reduce((product, extent) => product * extent, 1);
  const { groups, stride } = elementwise(total);
  graph.launch({
    kernel,
    reads: [labels, confidence, rates, draws],
    writes: [weights],
    uniforms: { total, stride, pixels: total / batch, classes, power },
    groups,
    loops: 0,
  });
  return weights;
}
