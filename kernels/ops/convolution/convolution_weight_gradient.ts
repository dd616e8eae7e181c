import type { Graph } from "../../graph.ts";
import { defineKernel, type Kernel, MAX_LOOP_ITERATIONS } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import { fitsTexture } from "../../shader/texture_operand.ts";
import { type Candidate, launchable } from "../../tuning/tuning.ts";
import { weightSplits, type WeightTiling, weightTilings } from "./weight_tiles.ts";
import weightGradientSource from "./convolution_weight_gradient.wgsl" with { type: "text" };
import weightGradientBlockedSource from "./convolution_weight_gradient_blocked.wgsl" with {
  type: "text",
};
import weightGradientNarrowSource from "./convolution_weight_gradient_narrow.wgsl" with {
  type: "text",
};
import { bucketOf } from "./convolution_bucket.ts";
import { sumPartials } from "./sum_partials.ts";

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
    first_group: "u32",
  },
  reads: { source: "vec4f", gradient: "vec4f" },
  writes: { result: "vec4f" },
};

/** The shaders, by how lanes run. */
export const weightGradientKernels = {
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

/** Launches the gradient of a convolution by its weights, which is added up over the step. */
export function launchWeightGradient(
  graph: Graph,
  x: Tensor,
  gradient: Tensor,
  weight: Tensor,
  { stride, padding, dilation }: { stride: number; padding: number; dilation: number },
  flops: number,
): void {
  const [taps = 0] = weight.shape;
  const from = imageExtents(x), to = imageExtents(gradient);
  const channels = padded(from.channels) / 4, outChannels = padded(to.channels) / 4;
  const pixels = to.batch * to.height * to.width;
  // Pixels of a 1×1 convolution have no neighbors: rows of any length will do, and long ones waste no lanes.
  const flat = taps === 1 && stride === 1 && padding === 0;
  const shape = flat ? flatRows(pixels) : { height: to.height, width: to.width, rows: to.batch * to.height };
  const tilings = weightTilings(graph.sharing, {
    taps: taps * taps,
    inputChannels: from.channels,
    outputChannels: to.channels,
    textures: [x, gradient].every(fitsTexture),
  });
  // At most one for each row and each turn within it; what fetches for a block walks all rows by itself.
  const rowLoops = (tiling: WeightTiling) =>
    (1 + tiling.walks) * (1 + Math.ceil(shape.width / tiling.pixels));
  const mostRows = Math.max(1, Math.floor(MAX_LOOP_ITERATIONS / rowLoops(tilings[0])));
  const [across, down] = tilings[0].groups;
  const wanted = weightSplits(graph.sharing, across * down, { rows: shape.rows, pixels });
  const rowsPerSplit = Math.min(mostRows, Math.ceil(shape.rows / wanted));
  const splits = Math.ceil(shape.rows / rowsPerSplit);
  const { tensor, accumulate } = graph.gradientOf(weight);
  const partials = splits === 1 ? tensor : graph.tensor({
    label: `d ${weight.label} in parts`,
    shape: [splits, tensor.bytes / 4],
  });
  const candidates = tilings.map((tiling): Candidate => ({
    name: tiling.name,
    kernel: weightGradientKernels[tiling.shape],
    ...(tiling.textures && { textures: tiling.textures }),
    constants: tiling.constants,
    groups: [...tiling.groups, splits],
    divisible: tiling.shape === "blocked" ? 1 : 0,
    loops: rowsPerSplit * rowLoops(tiling),
  }));
  const choice = {
    bucket: bucketOf("weight gradient", { tensors: [x, gradient], taps, stride, dilation, pixels }),
    candidates: launchable(candidates as [Candidate, ...Candidate[]]),
  };
  graph.launch({
    ...choice.candidates[0],
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
      first_group: 0,
    },
    flops,
    choice,
  });
  if (splits > 1) sumPartials(graph, partials, { tensor, accumulate }, splits);
}

function flatRows(pixels: number): { height: number; width: number; rows: number } {
  const width = Math.min(64, pixels);
  const rows = Math.ceil(pixels / width);
  return { height: rows, width, rows };
}
