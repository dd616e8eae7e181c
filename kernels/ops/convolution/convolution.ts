import { BLOCK, gatherTilings } from "./convolution_tiles.ts";
import { ShapeError } from "../../errors.ts";
import type { GradientPair, Graph, Launch } from "../../graph.ts";
import { defineKernel, type Kernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import type { Sharing } from "../../sharing.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import { fitsTexture } from "../../shader/texture_operand.ts";
import { type Candidate, launchable } from "../../tuning/tuning.ts";
import convolutionSource from "./convolution.wgsl" with { type: "text" };
import blockedSource from "./convolution_blocked.wgsl" with { type: "text" };
import narrowSource from "./convolution_narrow.wgsl" with { type: "text" };
import transposeSource from "./transpose_weights.wgsl" with { type: "text" };
import { channelSums } from "../norm/channel_sums.ts";
import { launchWeightGradient, weightGradientKernels } from "./convolution_weight_gradient.ts";
import { bucketOf } from "./convolution_bucket.ts";

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
    first_group: "u32",
  },
  reads: { source: "vec4f", weight: "vec4f" },
  writes: { result: "vec4f" },
};

/**
 * The shaders of a gather, by what they do and how lanes run. Forward and input gradient share theirs; names of their own tell
 * them apart in a profile.
 */
const gatherKernels = {
  forward: kernelShapes("convolution"),
  measured: kernelShapes("convolution_statistics", { writes: { statistics: "vec4f" } }),
  biased: kernelShapes("convolution_bias", { reads: { bias: "vec4f" } }),
  inputGradient: kernelShapes("convolution_input_gradient"),
};

function kernelShapes(name: string, { reads, writes }: Partial<Pick<Kernel, "reads" | "writes">> = {}) {
  const shared = {
    ...convolutionKernel,
    reads: { ...convolutionKernel.reads, ...reads },
    writes: { ...convolutionKernel.writes, ...writes },
  };
  const shape = (suffix: string, source: string) =>
    defineKernel({ ...shared, name: `${name}${suffix}`, file: `convolution${suffix}.wgsl`, source });
  return {
    wide: shape("", convolutionSource),
    narrow: shape("_narrow", narrowSource),
    blocked: shape("_blocked", blockedSource),
  };
}

/** The kernels that a tuner chooses from and tiles: what it measured is of these texts. */
export const convolutionKernels: readonly Kernel[] = [...Object.values(gatherKernels), weightGradientKernels]
  .flatMap((shapes) => Object.values(shapes));

const transposeKernel = defineKernel({
  name: "transpose_weights",
  source: transposeSource,
  uniforms: { taps: "u32", inputs: "u32", outputs: "u32", stride: "u32" },
  reads: { weight: "vec4f" },
  writes: { result: "vec4f" },
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
  return capture(graph, x, weight, options).y;
}

/**
 * A convolution that also leaves statistics of its output, while it has it in registers.
 *
 * @param options.parts Equal parts of the batch, each of which has groups of its own.
 * @returns Without statistics where they would cost more than to read the output again.
 * @throws {ShapeError} As {@linkcode convolution}.
 */
export function measuredConvolution(
  graph: Graph,
  x: Tensor,
  weight: Tensor,
  { parts, ...options }: Omit<ConvolutionOptions, "bias"> & { readonly parts: number },
): Measured {
  return capture(graph, x, weight, options, parts);
}

function capture(
  graph: Graph,
  x: Tensor,
  weight: Tensor,
  options: ConvolutionOptions,
  parts?: number,
): Measured {
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
  const gather: Gather = {
    work: bias ? "biased" : "forward",
    reads: bias ? [x, weight, bias] : [x, weight],
    result: y,
    taps,
    walk: { scale: stride, tap_step: dilation, offset: -padding, divisor: 1 },
    flops,
  };
  const measured = parts === undefined ? undefined : measuredGather(graph, gather, parts);
  graph.launch(measured?.launch ?? gatherLaunch(graph.sharing, gather).launch);
  graph.record(y, (gradient) => {
    const pairs: GradientPair[] = [];
    if (bias?.tracked) channelSums(graph, gradient, graph.gradientOf(bias));
    if (weight.tracked) {
      launchWeightGradient(graph, x, gradient, weight, { stride, padding, dilation }, flops);
    }
    if (x.tracked) {
      const dx = graph.gradientLike(x);
      const reads = [gradient, transposed(graph, weight)];
      const walk = { scale: 1, tap_step: -dilation, offset: padding, divisor: stride };
      const back = { work: "inputGradient", reads, result: dx, taps, walk, flops } as const;
      graph.launch(gatherLaunch(graph.sharing, back).launch);
      pairs.push([x, dx]);
    }
    return pairs;
  });
  return { y, ...(measured && { statistics: measured.statistics }) };
}

/** Statistics of groups of a tensor's pixels, within equal parts of its batch. */
export interface GroupStatistics {
  /** f32[parts, groups, 2, C]: mean, and sum of squared deviations from it, of each group. */
  readonly tensor: Tensor;
  /** Pixels of a group; the last one of a part may have fewer. */
  readonly groupPixels: number;
}

/** A convolution's output, perhaps with statistics. */
export interface Measured {
  /** f32[N, H', W', O]. */
  readonly y: Tensor;
  /** Of {@linkcode Measured.y}. */
  readonly statistics?: GroupStatistics;
}

/** The forward pass and the gradient by the input are one gather with other steps. */
interface Gather {
  readonly work: keyof typeof gatherKernels;
  readonly reads: readonly Tensor[];
  readonly result: Tensor;
  readonly taps: number;
  readonly walk: Readonly<Record<"scale" | "tap_step" | "offset" | "divisor", number>>;
  readonly flops: number;
}

/** What reading a pixel again for its statistics costs, in multiply-adds of a row. */
const REREAD = 8;

/**
 * The same sums, with statistics of each group of pixels; undefined where the tile leaves none, or where what the last tile of
 * a part walks in vain costs more than is saved. Parts by themselves are judged alike, so that they give the same bits.
 */
function measuredGather(
  graph: Graph,
  gather: Gather,
  parts: number,
): { readonly launch: Launch; readonly statistics: GroupStatistics } | undefined {
  const { batch, height, width, channels } = imageExtents(gather.result);
  const pixels = batch / parts * height * width;
  const { launch, wasted, group } = gatherLaunch(graph.sharing, { ...gather, work: "measured" }, parts);
  if (group === undefined || wasted > REREAD * pixels) return undefined;
  const groups = Math.ceil(pixels / group);
  const label = `${gather.result.label} statistics`;
  const tensor = graph.tensor({ label, shape: [parts, groups, 2, channels] });
  return {
    launch: { ...launch, writes: [gather.result, tensor] },
    statistics: { tensor, groupPixels: group },
  };
}

/**
 * @param parts Of the batch, of equal size, between which no tile lies; 1 where the divisor is not.
 * @returns Where its first tile can leave statistics, too: pixels of a group, and what is wasted at the end of a part, in
 *   multiply-adds of a row.
 */
function gatherLaunch(
  sharing: Sharing,
  { work, reads, result, taps, walk, flops }: Gather,
  parts = 1,
): {
  readonly launch: Launch;
  readonly group: number | undefined;
  readonly wasted: number;
} {
  const from = imageExtents(reads[0]!), to = imageExtents(result);
  const channels = padded(from.channels) / 4, outChannels = padded(to.channels) / 4;
  // The largest residue class sets the count of workgroups; those past a smaller one end at once.
  const pixels = to.batch / parts * Math.ceil(to.height / walk.divisor) * Math.ceil(to.width / walk.divisor);
  const layers = walk.divisor * walk.divisor * parts;
  const tilings = gatherTilings(sharing, {
    outputChannels: to.channels,
    pixels,
    classes: layers,
    inputs: channels,
    textures: reads.slice(0, 2).every(fitsTexture),
  });
  const [{ pixels: tile, group }] = tilings;
  const candidates = tilings.filter((one) => work !== "measured" || one.group?.pixels === group?.pixels).map(
    (tiling): Candidate => {
      const tiles = Math.ceil(pixels / tiling.pixels);
      return {
        name: tiling.name,
        kernel: gatherKernels[work][tiling.shape],
        ...(tiling.textures && { textures: tiling.textures }),
        constants: {
          ...tiling.constants,
          BIAS: Number(work === "biased"),
          STRIDED: Number(walk.divisor > 1),
          STATISTICS: Number(work === "measured"),
          ...(tiling.shape !== "blocked" && { DEPTH: Math.min(4, from.channels) }),
        },
        groups: tiling.shape === "narrow"
          ? [tiles, 1, layers]
          : [Math.ceil(outChannels / tiling.outputs), tiles, layers],
        divisible: tiling.shape === "narrow" ? 0 : 1,
        // A turn at least for each tap, and those that begin and end a block.
        loops: taps * taps * (Math.ceil(channels / tiling.channels) + Math.ceil(channels / BLOCK) + 2),
      };
    },
  );
  const choice = {
    bucket: bucketOf(work === "inputGradient" ? "input gradient" : "forward", {
      tensors: [reads[0]!, result],
      taps,
      stride: work === "inputGradient" ? walk.divisor : walk.scale,
      dilation: Math.abs(walk.tap_step),
      pixels: pixels * layers,
    }),
    candidates: launchable(candidates as [Candidate, ...Candidate[]]),
  };
  const launch = {
    ...choice.candidates[0],
    reads,
    writes: [result],
    uniforms: {
      batch: to.batch / parts,
      height: from.height,
      width: from.width,
      channels,
      out_height: to.height,
      out_width: to.width,
      out_channels: outChannels,
      taps,
      ...walk,
      first_group: 0,
    },
    flops,
    choice,
  };
  const wasted = (Math.ceil(pixels / tile) - pixels / tile) * taps * taps * channels * (group?.turn ?? 0);
  return { launch, group: group?.pixels, wasted };
}

function transposed(graph: Graph, weight: Tensor): Tensor {
  return graph.derived(weight, () => {
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
