import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./noise_weights.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "noise_weights",
  source,
  uniforms: { batch: "u32", pixels: "u32", stride: "u32", sure: "f32" },
  reads: { confidence: "f32", clean: "u32" },
  writes: { trust: "f32", distrust: "f32" },
});

/** How {@linkcode noiseWeights} trusts. */
export interface NoiseWeightsOptions {
  /** Above this confidence, it counts as 1. */
  readonly sure: number;
  /** Whether each noisy image has the mean of the noisy images' at a place instead of its own. */
  readonly shared: boolean;
}

/** Weights of pixels, 0 in clean images; both f32 maps [N, H, W]. */
export interface NoiseWeights {
  /** Of what the network says: scale · w, in [0, N]. */
  readonly trust: Tensor;
  /** Of what the label says: scale · (1 − w). */
  readonly distrust: Tensor;
}

/**
 * How far the labels of noisy images are left to the network that learns from them: w is its confidence, 1 above `sure`. Both
 * weights are scaled by N over the number of noisy images, so that a mean over all N·H·W pixels is the mean over those of noisy
 * images. No gradient flows through it.
 *
 * @param confidence f32 map [N, H, W], in [0, 1].
 * @param clean u32 map [N, H, W]: not 0 at all pixels of an image that people have labeled, 0 at all of any other.
 * @throws {ShapeError} If the maps are of other types or shapes.
 * @see SimpleBaseline §4.
 */
export function noiseWeights(
  graph: Graph,
  confidence: Tensor,
  clean: Tensor,
  { sure, shared }: NoiseWeightsOptions,
): NoiseWeights {
  checkMap("trust labels", confidence, "f32", confidence.shape);
  checkMap(`tell clean images of ${confidence.label}`, clean, "u32", confidence.shape);
  const [batch, height, width] = confidence.shape as [number, number, number];
  const map = (label: string) => graph.tensor({ label, shape: confidence.shape, layout: "map" });
  const weights = { trust: map("trust"), distrust: map("distrust") };
  const pixels = height * width, { groups, stride } = elementwise(batch * pixels);
  graph.launch({
    kernel,
    reads: [confidence, clean],
    writes: [weights.trust, weights.distrust],
    uniforms: { batch, pixels, stride, sure },
    constants: { SHARED: Number(shared) },
    groups,
    loops: batch,
  });
  return weights;
}
