import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./sampled_weights.wgsl" with { type: "text" };

const interfaceOf = {
  file: "sampled_weights.wgsl",
  source,
  uniforms: { total: "u32", stride: "u32", pixels: "u32", classes: "u32", power: "f32" },
  writes: { weights: "f32" },
} as const;
const all = defineKernel({ ...interfaceOf, name: "power_weights", reads: { confidence: "f32" } });
const sampled = defineKernel({
  ...interfaceOf,
  name: "sampled_weights",
  reads: { confidence: "f32", labels: "u32", rates: "f32", draws: "f32" },
});

/** What pixels are sampled by. */
export interface PixelSampling {
  /** u32 map [N, H, W]: the class of each; what is no class weighs 0. */
  readonly labels: Tensor;
  /** f32 map [C]: share of a class's pixels that are kept, in [0, 1]. */
  readonly rates: Tensor;
  /** f32 map [C, H, W], uniform in [0, 1): a map of each class, which all images share. */
  readonly draws: Tensor;
}

/**
 * Adaptive equalization sampling with dynamic re-weighting: confidence ^ power, and 0 where the draw of a pixel's class is not
 * over 1 − rate. No gradient flows through it.
 *
 * @param confidence f32 map [N, H, W], in (0, 1].
 * @param options.power Not below 0.
 * @param options.sampling Every pixel is kept unless told.
 * @returns A f32 map [N, H, W].
 * @throws {ShapeError} If a map is of another type or shape.
 * @throws {RangeError} If the power is below 0.
 * @see Hu et al., "Semi-supervised semantic segmentation via adaptive equalization learning", NeurIPS 2021.
 */
export function sampledWeights(
  graph: Graph,
  confidence: Tensor,
  { power, sampling }: { readonly power: number; readonly sampling?: PixelSampling | undefined },
): Tensor {
  const { shape } = confidence,
    [batch = 1, ...image] = shape,
    action = `weigh the pixels of ${confidence.label}`;
  checkMap("weigh pixels", confidence, "f32", shape);
  const [classes = 0] = sampling?.rates.shape ?? [];
  if (sampling) {
    checkMap(action, sampling.labels, "u32", shape);
    checkMap(action, sampling.rates, "f32", [classes]);
    checkMap(action, sampling.draws, "f32", [classes, ...image]);
  }
  if (!(power >= 0)) throw new RangeError(`Cannot ${action} by ^ ${power}: the power must not be below 0`);
  const weights = graph.tensor({ label: `${confidence.label} weights`.slice(0, 60), shape, layout: "map" });
  const total = shape.reduce((product, extent) => product * extent, 1);
  const { groups, stride } = elementwise(total);
  graph.launch({
    kernel: sampling ? sampled : all,
    reads: [confidence, ...(sampling ? [sampling.labels, sampling.rates, sampling.draws] : [])],
    writes: [weights],
    uniforms: { total, stride, pixels: total / batch, classes, power },
    constants: { SAMPLED: sampling ? 1 : 0 },
    groups,
    loops: 0,
  });
  return weights;
}
