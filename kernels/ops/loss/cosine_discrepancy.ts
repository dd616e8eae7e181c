import { ShapeError } from "../../errors.ts";
import type { GradientPair, Graph, Loss } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import gradientSource from "./cosine_gradient.wgsl" with { type: "text" };
import productsSource from "./cosine_products.wgsl" with { type: "text" };
import termsSource from "./cosine_terms.wgsl" with { type: "text" };
import { finishLoss, lossChunks } from "./finish_loss.ts";

/** Interleaved parts a vector is split into; the kernels are written for this number. */
const PARTS = 4;
/** No norm counts as less, so that a vanishing vector has no infinite slope. */
const EPSILON = 1e-6;

const products = defineKernel({
  name: "cosine_products",
  source: productsSource,
  uniforms: { pixels: "u32", vectors: "u32", stride: "u32" },
  reads: { a: "vec4f", b: "vec4f" },
  writes: { products: "vec4f" },
});
const terms = defineKernel({
  name: "cosine_terms",
  source: termsSource,
  uniforms: { pixels: "u32", stride: "u32", epsilon: "f32" },
  reads: { products: "vec4f" },
  writes: { partials: "vec4f", coefficients: "vec4f" },
});
const gradient = {
  file: "cosine_gradient.wgsl",
  source: gradientSource,
  uniforms: { pixels: "u32", vectors: "u32", stride: "u32", factor: "f32" },
  reads: { a: "vec4f", b: "vec4f", coefficients: "vec4f" },
} as const;
const single = defineKernel({ ...gradient, name: "cosine_gradient", writes: { gradient_a: "vec4f" } });
const both = defineKernel({
  ...gradient,
  name: "cosine_gradients",
  writes: { gradient_a: "vec4f", gradient_b: "vec4f" },
});

/**
 * Discrepancy of two feature maps: 1 + the mean over N·H·W of the cosine over channels, in [0, 2]; in [1, 2] for
 * features that are not negative.
 *
 * The gradient to each input is half of what the value's would be: CCVC averages two equal terms, in each of which the
 * other branch's features are constants. Zero vectors have cosine 0 and get a gradient of exactly 0.
 *
 * @param a [N, H, W, C].
 * @param b [N, H, W, C].
 * @throws {ShapeError} If the shapes differ.
 * @see Wang et al., "Conflict-Based Cross-View Consistency for Semi-Supervised Semantic Segmentation", CVPR 2023.
 */
export function cosineDiscrepancy(graph: Graph, a: Tensor, b: Tensor, options: { label: string }): Loss {
  const { label } = options;
  const { batch, height, width, channels } = imageExtents(a);
  imageExtents(b);
  if (`${a.shape}` !== `${b.shape}`) {
    throw new ShapeError(
      `Cannot compare ${a.label} [${a.shape}] with ${b.label} [${b.shape}]: the shapes must be equal`,
    );
  }
  const pixels = batch * height * width;
  const vectors = padded(channels) / 4;
  const { groups, stride } = elementwise(pixels * PARTS);
  const loops = Math.ceil(vectors / PARTS);
  const parts = graph.tensor({ label: `${label} products`, shape: [batch, height, width, 4 * PARTS] });
  graph.launch({
    kernel: products,
    reads: [a, b],
    writes: [parts],
    uniforms: { pixels, vectors, stride },
    groups,
    loops,
  });
  const chunks = lossChunks(pixels);
  const partials = graph.tensor({ label: `${label} partials`, shape: [chunks, 4] });
  const coefficients = graph.tensor({ label: `${label} coefficients`, shape: [batch, height, width, 4] });
  graph.launch({
    kernel: terms,
    reads: [parts],
    writes: [partials, coefficients],
    uniforms: { pixels, stride: chunks, epsilon: EPSILON },
    groups: [chunks / WORKGROUP, 1, 1],
    loops: Math.ceil(pixels / chunks),
  });
  const { value } = finishLoss(graph, partials, { label, denominator: pixels, offset: 1 });

  const backward = (graph: Graph, weight: number): GradientPair[] => {
    const into = (tensor: Tensor) =>
      graph.tensor({
        label: `∂${label}/∂${tensor.label}`.slice(0, 60),
        shape: tensor.shape,
        dtype: tensor.dtype,
      });
    const launch = (own: Tensor, other: Tensor, writes: Tensor[], swapped: boolean) =>
      graph.launch({
        kernel: writes.length === 2 ? both : single,
        reads: [own, other, coefficients],
        writes,
        uniforms: { pixels, vectors, stride, factor: 0.5 * weight / pixels },
        constants: { BOTH: writes.length - 1, SWAPPED: swapped ? 1 : 0 },
        groups,
        loops,
      });
    const pairs = [a, b].filter((tensor) => tensor.tracked).map((tensor) => [tensor, into(tensor)] as const);
    if (pairs.length === 2) launch(a, b, [pairs[0]![1], pairs[1]![1]], false);
    else if (a.tracked) launch(a, b, [pairs[0]![1]], false);
    else if (b.tracked) launch(b, a, [pairs[0]![1]], true);
    return pairs;
  };
  return { label, value, backward };
}
