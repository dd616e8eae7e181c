import { gatherTiling, weightSplits, weightTiling } from "../convolution_tiles.ts";
import { ShapeError } from "../errors.ts";
import type { GradientPair, Graph } from "../graph.ts";
import { defineKernel, type Kernel, MAX_LOOP_ITERATIONS } from "../kernel.ts";
import { elementwise } from "../launch.ts";
import { imageExtents, padded, type Tensor } from "../tensor.ts";
import convolutionSource from "../wgsl/convolution.wgsl" with { type: "text" };
import blockedSource from "../wgsl/convolution_blocked.wgsl" with { type: "text" };
import narrowSource from "../wgsl/convolution_narrow.wgsl" with { type: "text" };
import weightGradientSource from "../wgsl/convolution_weight_gradient.wgsl" with { type: "text" };
import weightGradientBlockedSource from "../wgsl/convolution_weight_gradient_blocked.wgsl" with {
  type: "text",
};
import weightGradientNarrowSource from "../wgsl/convolution_weight_gradient_narrow.wgsl" with {
  type: "text",
};
import transposeSource from "../wgsl/transpose_weights.wgsl" with { type: "text" };
import { channelSums } from "./channel_sums.ts";
import { sumPartials } from "./sum_partials.ts";

const convolutionKernel: Kernel = {
  name: "convolution",
  source: convolutionSource,
  uniforms: {
    batch: "u32",
    height: "u32",
    width: "u32",
    channels: "u32",
    out_height: "u32",
    out_width: "u32",
    out_channels: "u32",
    taps: "u32",
    scale: "i32",
    tap_step: "i32",
    offset: "i32",
    divisor: "i32",
  },
  reads: ["source", "weight"],
  writes: ["result"],
};

/**
 * The shaders of a gather, by what they do and how lanes run. Forward and input gradient share theirs; names of their own tell
 * them apart in a profile.
 */
const gatherKernels = {
  forward: kernelShapes("convolution", ["source", "weight"]),
  biased: kernelShapes("convolution_bias", ["source", "weight", "bias"]),
  inputGradient: kernelShapes("convolution_input_gradient", ["source", "weight"]),
};

function kernelShapes(name: string, reads: readonly string[]) {
  return {
    wide: defineKernel({ ...convolutionKernel, name, reads }),
    narrow: defineKernel({ ...convolutionKernel, name: `${name}_narrow`, reads, source: narrowSource }),
    blocked: defineKernel({ ...convolutionKernel, name: `${name}_blocked`, reads, source: blockedSource }),
  };
}

const weightGradientKernel: Kernel = {
  name: "convolution_weight_gradient",
  source: weightGradientSource,
  uniforms: {
    height: "u32",
    width: "u32",
    channels: "u32",
    out_height: "u32",
    out_width: "u32",
    out_channels: "u32",
    rows: "u32",
    rows_per_split: "u32",
    pixels: "u32",
    taps: "u32",
    stride: "i32",
    dilation: "i32",
    padding: "i32",
    accumulate: "u32",
  },
  reads: ["source", "gradient"],
  writes: ["result"],
};

const weightGradientKernels = {
  wide: weightGradientKernel,
  narrow: defineKernel({
    ...weightGradientKernel,
    name: "convolution_weight_gradient_narrow",
    source: weightGradientNarrowSource,
  }),
  blocked: defineKernel({
    ...weightGradientKernel,
    name: "convolution_weight_gradient_blocked",
    source: weightGradientBlockedSource,
  }),
};

const transposeKernel = defineKernel({
  name: "transpose_weights",
  source: transposeSource,
  uniforms: { taps: "u32", inputs: "u32", outputs: "u32", stride: "u32" },
  reads: ["weight"],
  writes: ["result"],
});

/** How a convolution steps over its input, in pixels, equal on both axes. */
export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  /** f32[O], a parameter. */
  readonly bias?: Tensor;
}

/**
 * 2-d cross-correlation, as deep learning calls convolution.
 *
 * @param x Input, f32[N, H, W, C].
 * @param weight A parameter, f32[k, k, C, O] in kernel layout.
 * @returns f32[N, H', W', O] with H' = ⌊(H + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1.
 * @throws {ShapeError} If the channels differ, the kernel is not square, or no output pixel remains.
 */
export function convolution(
  graph: Graph,
  x: Tensor,
  weight: Tensor,
  options: ConvolutionOptions = {},
): Tensor {
  const { stride = 1, padding = 0, dilation = 1, bias } = options;
  const { batch, height, width, channels } = imageExtents(x);
  const [taps = 0, tapsX = 0, inputs = 0, outputs = 0] = weight.shape;
  if (inputs !== channels || taps !== tapsX) {
    throw new ShapeError(
      `Cannot convolve ${x.label} [${x.shape}] with ${weight.label} [${weight.shape}]: the weights must be ` +
        `[k, k, ${channels}, out]`,
    );
  }
  const extent = (size: number) => Math.floor((size + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
  const outHeight = extent(height), outWidth = extent(width);
  if (outHeight < 1 || outWidth < 1) {
    throw new ShapeError(
      `Cannot convolve ${x.label} [${x.shape}] with ${weight.label} [${weight.shape}]: dilation ${dilation} and padding ` +
        `${padding} leave ${outHeight} × ${outWidth} pixels; use a larger image`,
    );
  }
  const y = graph.output({
    label: weight.label.replace(/\.weight$/, ""),
    shape: [batch, outHeight, outWidth, outputs],
  }, [
    x,
    weight,
  ]);
  const flops = 2 * batch * outHeight * outWidth * taps * taps * channels * outputs;
  launchGather(graph, {
    work: bias ? "biased" : "forward",
    reads: bias ? [x, weight, bias] : [x, weight],
    result: y,
    taps,
    walk: { scale: stride, tap_step: dilation, offset: -padding, divisor: 1 },
    flops,
  });
  graph.record(y, (gradient) => {
    const pairs: GradientPair[] = [];
    if (bias?.tracked) channelSums(graph, gradient, graph.gradientOf(bias));
    if (weight.tracked) {
      launchWeightGradient(graph, x, gradient, weight, { stride, padding, dilation }, flops);
    }
    if (x.tracked) {
      const dx = graph.gradientLike(x);
      launchGather(graph, {
        work: "inputGradient",
        reads: [gradient, transposed(graph, weight)],
        result: dx,
        taps,
        walk: { scale: 1, tap_step: -dilation, offset: padding, divisor: stride },
        flops,
      });
      pairs.push([x, dx]);
    }
    return pairs;
  });
  return y;
}

/** The forward pass and the gradient by the input are one gather with other steps. */
function launchGather(
  graph: Graph,
  { work, reads, result, taps, walk, flops }: {
    work: keyof typeof gatherKernels;
    reads: readonly Tensor[];
    result: Tensor;
    taps: number;
    walk: { scale: number; tap_step: number; offset: number; divisor: number };
    flops: number;
  },
): void {
  const from = imageExtents(reads[0]!), to = imageExtents(result);
  const channels = padded(from.channels) / 4, outChannels = padded(to.channels) / 4;
  // The largest residue class sets the count of workgroups; those past a smaller one end at once.
  const pixels = to.batch * Math.ceil(to.height / walk.divisor) * Math.ceil(to.width / walk.divisor);
  const classes = walk.divisor * walk.divisor;
  const tiling = gatherTiling(graph.sharing, { outputChannels: to.channels, pixels, classes });
  const tiles = Math.ceil(pixels / tiling.pixels);
  graph.launch({
    kernel: gatherKernels[work][tiling.shape],
    reads,
    writes: [result],
    uniforms: {
      batch: to.batch,
      height: from.height,
      width: from.width,
      channels,
      out_height: to.height,
      out_width: to.width,
      out_channels: outChannels,
      taps,
      ...walk,
    },
    constants: { ...tiling.constants, BIAS: work === "biased" ? 1 : 0 },
    groups: tiling.shape === "narrow"
      ? [tiles, 1, classes]
      : [Math.ceil(outChannels / tiling.outputs), tiles, classes],
    // A turn at least for each tap, and those that begin and end a block.
    loops: taps * taps * (Math.ceil(channels / tiling.channels) + Math.ceil(channels / 8) + 2),
    flops,
  });
}

function transposed(graph: Graph, weight: Tensor): Tensor {
  return graph.memo(`transposed ${weight.label}`, () => {
    const [taps = 0, , inputs = 0, outputs = 0] = weight.shape;
    const result = graph.tensor({
      label: `${weight.label}ᵀ`,
      shape: [taps, taps, outputs, inputs],
      layout: "kernel",
    });
    const counts = { taps: taps * taps, inputs: padded(inputs) / 4, outputs: padded(outputs) / 4 };
    const { groups, stride } = elementwise(counts.taps * counts.inputs * counts.outputs);
    graph.launch({
      kernel: transposeKernel,
      reads: [weight],
      writes: [result],
      uniforms: { ...counts, stride },
      groups,
      loops: 0,
    });
    return result;
  });
}

function launchWeightGradient(
  graph: Graph,
  x: Tensor,
  gradient: Tensor,
  weight: Tensor,
  { stride, padding, dilation }: { stride: number; padding: number; dilation: number },
  flops: number,
): void {
  const [taps = 0] = weight.shape;
  const from = imageExtents(x), to = imageExtents(gradient);
  const tiling = weightTiling(graph.sharing, {
    taps: taps * taps,
    inputChannels: from.channels,
    outputChannels: to.channels,
  });
  const channels = padded(from.channels) / 4, outChannels = padded(to.channels) / 4;
  const pixels = to.batch * to.height * to.width;
  // Pixels of a 1×1 convolution have no neighbors: rows of any length will do, and long ones waste no lanes.
  const flat = taps === 1 && stride === 1 && padding === 0;
  const shape = flat ? flatRows(pixels) : { height: to.height, width: to.width, rows: to.batch * to.height };
  const [across, down] = tiling.groups;
  // One for each row and each turn within it; what fetches for a block walks all rows by itself.
  const rowLoops = (1 + tiling.walks) * (1 + Math.ceil(shape.width / tiling.pixels));
  const mostRows = Math.max(1, Math.floor(MAX_LOOP_ITERATIONS / rowLoops));
  const wanted = weightSplits(graph.sharing, across * down, shape.rows);
  const rowsPerSplit = Math.min(mostRows, Math.ceil(shape.rows / wanted));
  const splits = Math.ceil(shape.rows / rowsPerSplit);
  const { tensor, accumulate } = graph.gradientOf(weight);
  const partials = splits === 1 ? tensor : graph.tensor({
    label: `d ${weight.label} in parts`,
    shape: [splits, tensor.bytes / 4],
  });
  graph.launch({
    kernel: weightGradientKernels[tiling.shape],
    reads: [x, gradient],
    writes: [partials],
    uniforms: {
      height: flat ? shape.height : from.height,
      width: flat ? shape.width : from.width,
      channels,
      out_height: shape.height,
      out_width: shape.width,
      out_channels: outChannels,
      rows: shape.rows,
      rows_per_split: rowsPerSplit,
      pixels,
      taps,
      stride,
      dilation,
      padding,
      accumulate: splits === 1 && accumulate ? 1 : 0,
    },
    constants: tiling.constants,
    groups: [across, down, splits],
    loops: rowsPerSplit * rowLoops,
    flops,
  });
  if (splits > 1) sumPartials(graph, partials, { tensor, accumulate }, splits);
}

function flatRows(pixels: number): { height: number; width: number; rows: number } {
  const width = Math.min(64, pixels);
  const rows = Math.ceil(pixels / width);
  return { height: rows, width, rows };
}
