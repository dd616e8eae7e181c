import { ShapeError } from "../../errors.ts";
import type { GradientPair, Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { imageExtents, type Tensor } from "../../tensor.ts";
import gradientSource from "./batch_norm_gradient.wgsl" with { type: "text" };
import groupsSource from "./batch_norm_groups.wgsl" with { type: "text" };
import gradientSumsSource from "./batch_norm_gradient_sums.wgsl" with { type: "text" };
import momentsSource from "./batch_norm_moments.wgsl" with { type: "text" };
import sharedMomentsSource from "./batch_norm_moments_shared.wgsl" with { type: "text" };
import parameterGradientSource from "./batch_norm_parameter_gradient.wgsl" with { type: "text" };
import sharedParameterGradientSource from "./batch_norm_parameter_gradient_shared.wgsl" with {
  type: "text",
};
import statisticsSource from "./batch_norm_statistics.wgsl" with { type: "text" };
import source from "./batch_norm.wgsl" with { type: "text" };
import type { GroupStatistics } from "../convolution/convolution.ts";
import { channelLanes, chunkSums, perChannel, pixelChunks, PIXELS } from "./channel_lanes.ts";

const vectors = { mean: "vec4f", variance: "vec4f", weight: "vec4f", bias: "vec4f" } as const;
const chunkUniforms = {
  lanes: "u32",
  pixels: "u32",
  chunk_pixels: "u32",
  chunks: "u32",
  passes: "u32",
} as const;
const pixelUniforms = { lanes: "u32", count: "u32", stride: "u32", step: "u32", epsilon: "f32" } as const;

const pixelSums = defineKernel({
  name: "batch_norm_statistics",
  source: statisticsSource,
  uniforms: chunkUniforms,
  reads: { x: "vec4f" },
  writes: { partials: "vec4f" },
});
const groupSums = defineKernel({
  name: "batch_norm_groups",
  source: groupsSource,
  uniforms: {
    lanes: "u32",
    pixels: "u32",
    group_pixels: "u32",
    groups: "u32",
    chunk_groups: "u32",
    chunks: "u32",
    passes: "u32",
  },
  reads: { statistics: "vec4f" },
  writes: { partials: "vec4f" },
});
/** By {@linkcode chunkSums}: each invocation by itself, and together. */
const moments = [momentsSource, sharedMomentsSource].map((source, shared) =>
  defineKernel({
    name: shared ? "batch_norm_moments_shared" : "batch_norm_moments",
    source,
    uniforms: { lanes: "u32", chunks: "u32", passes: "u32", stride: "u32", pixels: "f32", momentum: "f32" },
    reads: { pivots: "vec4f", partials: "vec4f" },
    writes: {
      mean: "vec4f",
      variance: "vec4f",
      running_mean: "vec4f",
      running_variance: "vec4f",
      after_mean: "vec4f",
      after_variance: "vec4f",
    },
  })
);
const apply = defineKernel({
  name: "batch_norm",
  source,
  uniforms: { ...pixelUniforms, row: "u32" },
  reads: { x: "vec4f", residual: "vec4f", ...vectors },
  writes: { y: "vec4f" },
  recomputable: true,
});
const gradientSums = defineKernel({
  name: "batch_norm_gradient_sums",
  source: gradientSumsSource,
  uniforms: { ...chunkUniforms, epsilon: "f32" },
  reads: { dy: "vec4f", x: "vec4f", y: "vec4f", ...vectors },
  writes: { partials: "vec4f" },
});
const parameterGradient = [parameterGradientSource, sharedParameterGradientSource].map((source, shared) =>
  defineKernel({
    name: shared ? "batch_norm_parameter_gradient_shared" : "batch_norm_parameter_gradient",
    source,
    uniforms: {
      lanes: "u32",
      chunks: "u32",
      passes: "u32",
      epsilon: "f32",
      accumulate_weight: "u32",
      accumulate_bias: "u32",
    },
    reads: { partials: "vec4f", variance: "vec4f" },
    writes: { sums: "vec4f", dweight: "vec4f", dbias: "vec4f" },
  })
);
const gradientKernels = [false, true].map((residual) =>
  defineKernel({
    name: residual ? "batch_norm_residual_gradient" : "batch_norm_gradient",
    file: "batch_norm_gradient.wgsl",
    source: gradientSource,
    uniforms: { ...pixelUniforms, pixels: "f32" },
    reads: { dy: "vec4f", x: "vec4f", y: "vec4f", ...vectors, sums: "vec4f" },
    writes: { dx: "vec4f", ...(residual && { dresidual: "vec4f" }) },
  })
);

/** What a batch norm learns and remembers; each [C]. */
export interface BatchNormParameters {
  /** γ. */
  readonly weight: Tensor;
  /** β. */
  readonly bias: Tensor;
  /** With a home; updated in place by every step in training mode. */
  readonly runningMean: Tensor;
  /** With a home; updated in place, by the unbiased variance of the batch. */
  readonly runningVariance: Tensor;
}

export interface BatchNormOptions {
  /** Normalizes by the batch's own statistics and updates the running ones; else the running ones are used. */
  readonly training: boolean;
  /** Ends in max(·, 0). */
  readonly relu: boolean;
  /** [N, H, W, C], added before the ReLU. */
  readonly residual?: Tensor;
  /**
   * Parts of equal size that the batch consists of, each normalized by its own statistics; the running ones take them in order,
   * as if each had come by itself. For training; default 1.
   */
  readonly passes?: number;
  /** What the convolution that made x has left of each of the passes; without it x is read once more. For training. */
  readonly statistics?: GroupStatistics;
  /** Where to leave the running statistics as each of the passes left them: each [passes, C]. For training. */
  readonly afterEach?: { readonly mean: Tensor; readonly variance: Tensor };
  /** In evaluation mode, of running statistics that are [passes, C]: after which pass. Nothing goes back through them. */
  readonly after?: number;
  /** Share of the batch in the new running statistics. */
  readonly momentum?: number;
  readonly epsilon?: number;
}

/**
 * Batch normalization with what usually follows it, in one pass: relu(weight · (x − mean) / √(variance + epsilon) + bias
 * + residual).
 *
 * Going back keeps x, and with both a residual and a ReLU the output. In evaluation mode the running statistics are read
 * again on the way back: one graph should not update them in between.
 *
 * @param x [N, H, W, C].
 * @throws {ShapeError} If a shape does not fit, the batch does not divide into its passes, or if in training mode a channel has
 * a single value in a pass.
 * @see Ioffe, Szegedy, "Batch Normalization", ICML 2015; running statistics as PyTorch's BatchNorm2d.
 */
export function batchNorm(
  graph: Graph,
  x: Tensor,
  parameters: BatchNormParameters,
  options: BatchNormOptions,
): Tensor {
  const { weight, bias, runningMean, runningVariance } = parameters;
  const { training, relu, residual, after, statistics: measured, momentum = 0.1, epsilon = 1e-5 } = options;
  const { batch, height, width, channels } = imageExtents(x);
  checkShapes(x, parameters, residual, after);
  // Running statistics are the same for all images.
  const passes = training ? options.passes ?? 1 : 1;
  if (batch % passes !== 0) {
    throw new ShapeError(
      `Cannot normalize ${x.label} [${x.shape}] in ${passes} passes: the batch must be a multiple of them`,
    );
  }
  const pixels = batch / passes * height * width;
  if (training && pixels === 1) {
    throw new ShapeError(
      `Cannot normalize ${x.label} [${x.shape}] by its own statistics: one value per channel has no variance; ` +
        "use a batch of 2 or more images, or evaluation mode",
    );
  }
  const lanes = channelLanes(channels), count = pixels * lanes;
  const chunked = pixelChunks(passes, pixels, lanes);
  const chunkUniforms = { lanes, pixels, chunk_pixels: chunked.chunkPixels, chunks: chunked.chunks, passes };
  const partialSums = (chunks = chunked.chunks) =>
    graph.tensor({ label: `${x.label} sums`, shape: [passes, chunks, 2, channels] });
  const unusedEach = () => graph.tensor({ label: "unused", shape: [passes, channels] });
  const unused = () => graph.tensor({ label: "unused", shape: [channels] });

  let mean = runningMean, variance = runningVariance;
  if (training) {
    mean = graph.tensor({ label: `${x.label} mean`, shape: [passes, channels] });
    variance = graph.tensor({ label: `${x.label} variance`, shape: [passes, channels] });
    const each = options.afterEach ?? { mean: unusedEach(), variance: unusedEach() };
    const groups = measured?.tensor.shape[1] ?? 0;
    const summed = measured ? pixelChunks(passes, groups, lanes) : chunked;
    const partials = partialSums(summed.chunks);
    const added = chunkSums(graph.sharing, passes, summed.chunks, lanes);
    if (measured) {
      graph.launch({
        kernel: groupSums,
        reads: [measured.tensor],
        writes: [partials],
        uniforms: {
          lanes,
          pixels,
          group_pixels: measured.groupPixels,
          groups,
          chunk_groups: summed.chunkPixels,
          chunks: summed.chunks,
          passes,
        },
        groups: [Math.ceil(passes * summed.chunks * lanes / WORKGROUP), 1, 1],
        loops: summed.chunkPixels,
      });
    } else {
      graph.launch({
        kernel: pixelSums,
        reads: [x],
        writes: [partials],
        uniforms: chunkUniforms,
        constants: chunked.constants,
        groups: chunked.groups,
        loops: chunked.loops,
      });
    }
    graph.launch({
      kernel: moments[added.shared]!,
      reads: [measured?.tensor ?? x, partials],
      writes: [mean, variance, runningMean, runningVariance, each.mean, each.variance],
      uniforms: {
        lanes,
        chunks: summed.chunks,
        passes,
        stride: measured ? 2 * groups * lanes : count,
        pixels,
        momentum,
      },
      ...added.launch,
    });
  }
  const inputs = [x, weight, bias, ...(residual ? [residual] : [])];
  const y = graph.output(
    { label: `${x.label} normalized`.slice(0, 60), shape: x.shape },
    after === undefined ? inputs : [],
  );
  const { groups: [across, down], stride, step } = perChannel(count, lanes);
  const groups = [across, down, passes] as const;
  graph.launch({
    kernel: apply,
    reads: [x, residual ?? x, mean, variance, weight, bias],
    writes: [y],
    uniforms: { lanes, count, stride, step, epsilon, row: after ?? 0 },
    constants: { PIXELS, RELU: Number(relu), RESIDUAL: Number(residual !== undefined) },
    groups,
    loops: 0,
  });

  graph.record(y, (dy) => {
    const pairs: GradientPair[] = [];
    // Without a residual the sign of y follows from x, and y need not be read.
    const signs = { SIGN_FROM_X: Number(relu && !residual), SIGN_FROM_Y: Number(relu && Boolean(residual)) };
    const signed = signs.SIGN_FROM_Y ? y : x;
    const statisticsRead = [mean, variance, weight, bias];
    let sums = variance;
    if (training || weight.tracked || bias.tracked) {
      const partials = partialSums();
      const added = chunkSums(graph.sharing, passes, chunked.chunks, lanes);
      sums = graph.tensor({ label: `${x.label} gradient sums`, shape: [passes, 2, channels] });
      graph.launch({
        kernel: gradientSums,
        reads: [dy, x, signed, ...statisticsRead],
        writes: [partials],
        uniforms: { ...chunkUniforms, epsilon },
        constants: { ...signs, ...chunked.constants },
        groups: chunked.groups,
        loops: chunked.loops,
      });
      const [dweight, dbias] = [weight, bias].map((parameter) =>
        parameter.tracked ? graph.gradientOf(parameter) : { tensor: unused(), accumulate: false }
      ) as [{ tensor: Tensor; accumulate: boolean }, { tensor: Tensor; accumulate: boolean }];
      graph.launch({
        kernel: parameterGradient[added.shared]!,
        reads: [partials, variance],
        writes: [sums, dweight.tensor, dbias.tensor],
        uniforms: {
          lanes,
          chunks: chunked.chunks,
          passes,
          epsilon,
          accumulate_weight: Number(dweight.accumulate),
          accumulate_bias: Number(dbias.accumulate),
        },
        ...added.launch,
      });
    }
    const wantsResidual = residual?.tracked === true;
    const masksResidual = wantsResidual && relu;
    if (wantsResidual && !relu) pairs.push([residual, dy]);
    if (!x.tracked && !masksResidual) return pairs;
    const dx = graph.gradientLike(x);
    const dresidual = graph.gradientLike(residual ?? x);
    graph.launch({
      kernel: gradientKernels[Number(masksResidual)]!,
      reads: [dy, x, signed, ...statisticsRead, sums],
      writes: masksResidual ? [dx, dresidual] : [dx],
      uniforms: { lanes, count, stride, step, epsilon, pixels },
      constants: { PIXELS, ...signs, TRAINING: Number(training), RESIDUAL_GRADIENT: Number(masksResidual) },
      groups,
      loops: 0,
    });
    if (x.tracked) pairs.push([x, dx]);
    if (masksResidual) pairs.push([residual, dresidual]);
    return pairs;
  });
  return y;
}

function checkShapes(
  x: Tensor,
  parameters: BatchNormParameters,
  residual: Tensor | undefined,
  after: number | undefined,
): void {
  const channels = x.shape.at(-1);
  for (const [name, tensor] of Object.entries(parameters) as [string, Tensor][]) {
    const [passes = 0] = tensor.shape;
    const each = after !== undefined && name.startsWith("running");
    if (each && tensor.shape.length === 2 && tensor.shape[1] === channels && after < passes) continue;
    if (each || tensor.shape.length !== 1 || tensor.shape[0] !== channels) {
      throw new ShapeError(
        `Cannot normalize ${x.label} [${x.shape}]: ${name} (${tensor.label}) is [${tensor.shape}], and ` +
          (each
            ? `[> ${after}, ${channels}] is needed, a value per pass and channel`
            : `[${channels}] is needed, a value per channel`),
      );
    }
  }
  if (residual && `${residual.shape}` !== `${x.shape}`) {
    throw new ShapeError(
      `Cannot add residual ${residual.label} [${residual.shape}] to ${x.label} [${x.shape}]: the shapes must be equal`,
    );
  }
}
