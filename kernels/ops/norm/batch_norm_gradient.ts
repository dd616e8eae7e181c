import type { GradientPair, Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import gradientSource from "./batch_norm_gradient.wgsl" with { type: "text" };
import gradientSumsSource from "./batch_norm_gradient_sums.wgsl" with { type: "text" };
import parameterGradientSource from "./batch_norm_parameter_gradient.wgsl" with { type: "text" };
import sharedParameterGradientSource from "./batch_norm_parameter_gradient_shared.wgsl" with {
  type: "text",
};
import {
  chunkUniforms,
  lawIncludes,
  type Moments,
  type NormLayout,
  pixelUniforms,
  vectors,
} from "./batch_norm_layout.ts";
import { partialSums } from "./batch_norm_moments.ts";
import { chunkSums, PIXELS } from "./channel_lanes.ts";
import { synchronizedCoefficients } from "./synchronized.ts";

const gradientSums = defineKernel({
  name: "batch_norm_gradient_sums",
  source: gradientSumsSource,
  includes: lawIncludes,
  uniforms: { ...chunkUniforms, epsilon: "f32" },
  reads: { dy: "vec4f", x: "vec4f", y: "vec4f", ...vectors },
  writes: { partials: "vec4f" },
  partwise: ["dy", "x", "y"],
});
const parameterGradient = [parameterGradientSource, sharedParameterGradientSource].map((source, shared) =>
  defineKernel({
    name: shared ? "batch_norm_parameter_gradient_shared" : "batch_norm_parameter_gradient",
    source,
    includes: lawIncludes,
    uniforms: {
      lanes: "u32",
      chunks: "u32",
      passes: "u32",
      pixels: "f32",
      epsilon: "f32",
      accumulate_weight: "u32",
      accumulate_bias: "u32",
    },
    reads: { partials: "vec4f", ...vectors },
    writes: { coefficients: "vec4f", dweight: "vec4f", dbias: "vec4f" },
  })
);
const gradientKernels = [false, true].map((residual) =>
  defineKernel({
    name: residual ? "batch_norm_residual_gradient" : "batch_norm_gradient",
    file: "batch_norm_gradient.wgsl",
    source: gradientSource,
    uniforms: pixelUniforms,
    reads: { dy: "vec4f", x: "vec4f", y: "vec4f", coefficients: "vec4f" },
    writes: { dx: "vec4f", ...(residual && { dresidual: "vec4f" }) },
    partwise: ["dy", "x", "y", "dx", "dresidual"],
  })
);

/** A normalization that was launched, as its gradient needs it. */
export interface Normalized {
  readonly layout: NormLayout;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly residual: Tensor | undefined;
  readonly weight: Tensor | undefined;
  readonly bias: Tensor;
  /** By which x was normalized: the batch's own in training, else the running ones. */
  readonly moments: Moments;
  readonly training: boolean;
  readonly relu: boolean;
  readonly epsilon: number;
  /** Constants of batch_norm_law.wgsl. */
  readonly law: Readonly<Record<"CLAMPED" | "WEIGHTED", number>>;
}

/** Launches the gradients of a batch norm by those of its output: of weight and bias in their places, of its images returned. */
export function batchNormGradient(graph: Graph, dy: Tensor, normalized: Normalized): GradientPair[] {
  const coefficients = parameterGradients(graph, dy, normalized);
  return imageGradients(graph, dy, { ...normalized, coefficients });
}

/** Where a ReLU has cut: without a residual the sign of y follows from x, and y need not be read. */
function signsOf({ relu, residual, x, y }: Normalized) {
  const constants = {
    SIGN_FROM_X: Number(relu && !residual),
    SIGN_FROM_Y: Number(relu && Boolean(residual)),
  };
  return { constants, signed: constants.SIGN_FROM_Y ? y : x };
}

/**
 * Launches the gradients of weight and bias; returns what those of the images need of each channel, [passes, 5, C]: in one tensor,
 * as WebGPU guarantees a launch 8 arrays.
 */
function parameterGradients(graph: Graph, dy: Tensor, normalized: Normalized): Tensor {
  const { layout, x, weight, bias, moments: { mean, variance }, epsilon, law } = normalized;
  const { passes, pixels, channels, lanes, chunked } = layout, { chunks } = chunked;
  const { constants, signed } = signsOf(normalized);
  const partials = partialSums(graph, x, layout, chunks);
  const added = chunkSums(graph.sharing, passes, chunks, lanes);
  const coefficients = graph.tensor({
    label: `${x.label} gradient coefficients`,
    shape: [passes, 5, channels],
  });
  graph.launch({
    kernel: gradientSums,
    reads: [dy, x, signed, mean, variance, weight ?? bias, bias],
    writes: [partials],
    uniforms: { ...layout.chunkValues, epsilon },
    constants: { ...law, ...constants, ...chunked.constants, LATER: 0 },
    groups: chunked.groups,
    loops: chunked.loops,
  });
  const target = (parameter: Tensor | undefined) =>
    parameter?.tracked
      ? graph.gradientOf(parameter)
      : { tensor: graph.tensor({ label: "unused", shape: [channels] }), accumulate: false };
  const dweight = target(weight), dbias = target(bias);
  graph.launch({
    kernel: parameterGradient[added.shared]!,
    reads: [partials, mean, variance, weight ?? bias, bias],
    writes: [coefficients, dweight.tensor, dbias.tensor],
    uniforms: {
      lanes,
      chunks,
      passes,
      pixels,
      epsilon,
      accumulate_weight: Number(dweight.accumulate),
      accumulate_bias: Number(dbias.accumulate),
    },
    ...added.launch,
    constants: { ...law, ...added.launch.constants },
  });
  const isShared = normalized.training && graph.options.share !== undefined;
  return isShared ? synchronizedCoefficients(graph, coefficients, layout) : coefficients;
}

/** Launches the gradients of x and of the residual, as far as they are wanted. */
function imageGradients(
  graph: Graph,
  dy: Tensor,
  normalized: Normalized & { readonly coefficients: Tensor },
): GradientPair[] {
  const { layout, x, residual, training, relu, coefficients } = normalized;
  const { constants, signed } = signsOf(normalized);
  const pairs: GradientPair[] = [];
  const wantsResidual = residual?.tracked === true;
  const masksResidual = wantsResidual && relu;
  if (wantsResidual && !relu) pairs.push([residual, dy]);
  if (!x.tracked && !masksResidual) return pairs;
  const dx = graph.gradientLike(x);
  const dresidual = graph.gradientLike(residual ?? x);
  graph.launch({
    kernel: gradientKernels[Number(masksResidual)]!,
    reads: [dy, x, signed, coefficients],
    writes: masksResidual ? [dx, dresidual] : [dx],
    uniforms: layout.pixelValues,
    constants: { PIXELS, ...constants, TRAINING: Number(training), RESIDUAL_GRADIENT: Number(masksResidual) },
    groups: layout.groups,
    loops: 0,
  });
  if (x.tracked) pairs.push([x, dx]);
  if (masksResidual) pairs.push([residual, dresidual]);
  return pairs;
}
