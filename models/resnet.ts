import { maxPool } from "../kernels/ops/feature/max_pool.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { convolutionNormRelu, type ConvolutionSpec, normedConvolution, normLayer } from "./layers.ts";
import { type Forward, type Layer, type Scope, within } from "./registry.ts";

/** Extents of a ResNet, and what goes with its size. */
export interface ResNetSpec {
  /** Channels of the stem: of one 7×7 convolution, or of the three 3×3 of a deep stem. */
  readonly stem: readonly [number] | readonly [number, number, number];
  /** 1×1, 3×3 and 1×1 to four times the width; or two 3×3. */
  readonly block: "bottleneck" | "basic";
  /** Blocks of each stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Inner width of each stage's blocks. */
  readonly widths: readonly [number, number, number, number];
  /**
   * Of Crossview's own and for small images: an eighth of the decoder's channels, dilations that such images have room for, and
   * nobody has ImageNet weights of it.
   */
  readonly small?: boolean;
}

/** Name of a backbone. */
export type BackboneName =
  | "resnet50"
  | "resnet101"
  | "torchvision-resnet50"
  | "torchvision-resnet101"
  | "resnet34"
  | "resnet18"
  | "resnet14";

/** Backbones by name. */
export const BACKBONES: Readonly<Record<BackboneName, ResNetSpec>> = {
  /** He et al., CVPR 2016, with the deep stem of three 3×3 convolutions; 23.6 M parameters. */
  resnet50: {
    stem: [64, 64, 128],
    block: "bottleneck",
    blocks: [3, 4, 6, 3],
    widths: [64, 128, 256, 512],
  },
  /** The same with 23 bottlenecks in stage 3; 42.6 M parameters. */
  resnet101: {
    stem: [64, 64, 128],
    block: "bottleneck",
    blocks: [3, 4, 23, 3],
    widths: [64, 128, 256, 512],
  },
  /** The same with torchvision's stem of one 7×7 convolution: its file fits, and timm's of the same shape; 23.5 M parameters. */
  "torchvision-resnet50": {
    stem: [64],
    block: "bottleneck",
    blocks: [3, 4, 6, 3],
    widths: [64, 128, 256, 512],
  },
  /** The same with 23 bottlenecks in stage 3; 42.5 M parameters. */
  "torchvision-resnet101": {
    stem: [64],
    block: "bottleneck",
    blocks: [3, 4, 23, 3],
    widths: [64, 128, 256, 512],
  },
  /** He et al., CVPR 2016, in the names and shapes of torchvision's and timm's files; 21.3 M parameters. */
  resnet34: { stem: [64], block: "basic", blocks: [3, 4, 6, 3], widths: [64, 128, 256, 512] },
  /** The same with two blocks a stage; 11.2 M parameters. */
  resnet18: { stem: [64], block: "basic", blocks: [2, 2, 2, 2], widths: [64, 128, 256, 512] },
  /** The family of resnet50, one narrow bottleneck a stage, for small images and CPUs; 0.3 M parameters. */
  resnet14: {
    stem: [32, 32, 32],
    block: "bottleneck",
    blocks: [1, 1, 1, 1],
    widths: [32, 32, 64, 64],
    small: true,
  },
};

/** Channels that a stage gives, counted from 0: a bottleneck's are four times its inner width. */
export function stageChannels({ block, widths }: ResNetSpec, stage: number): number {
  return widths[stage]! * (block === "bottleneck" ? 4 : 1);
}

/** A stem in words. */
export function stemOf({ stem }: ResNetSpec): string {
  return stem.length === 1 ? "one 7×7 convolution" : "three 3×3 convolutions";
}

/** Where strides become dilations. */
export interface Dilations {
  /** For stages 2, 3 and 4: dilate instead of stepping by 2. */
  readonly replaceStride: readonly [boolean, boolean, boolean];
  /** Stage 4's dilation multipliers, block by block, repeated as needed. */
  readonly multiGrid?: readonly number[];
}

/** The stages that decoder and heads read. */
export interface Stages {
  /** Stage 1, at a quarter of the size. */
  readonly low: Tensor;
  /** Stage 3. */
  readonly middle: Tensor;
  /** Stage 4. */
  readonly high: Tensor;
}

/**
 * ResNet with the stride on the first 3×3 convolution of a stage ("v1.5") and dilation in place of the late strides.
 *
 * A convolution that would have had the stride reads what the stage before it gave, and keeps the dilation of that stage; those
 * behind it have the new one. So without multi-grid a dilated network computes what the strided one does, at more pixels.
 * torchvision dilates no basic blocks; here they are dilated by the same rule as bottlenecks.
 */
export function resnet(
  scope: Scope,
  spec: ResNetSpec,
  dilations: Dilations,
): (forward: Forward, x: Tensor) => Stages {
  const stem = stemLayer(scope, spec.stem);
  const stages = stageBlocks(spec, dilations).map((blocks, s) =>
    blocks.map((declared, b) => block(within(scope, `layer${s + 1}.${b}`), declared))
  );

  return (forward, x) => {
    let y = maxPool(forward.graph, stem(forward, x), { size: 3, stride: 2, padding: 1 });
    const taps = stages.map((blocks) => y = blocks.reduce((value, layer) => layer(forward, value), y));
    return { low: taps[0]!, middle: taps[2]!, high: taps[3]! };
  };
}

/** `conv1` and `bn1`; of a deep stem `conv1` is a Sequential. */
function stemLayer(scope: Scope, channels: ResNetSpec["stem"]): Layer {
  const conv1 = within(scope, "conv1");
  if (channels.length === 1) {
    const [outputs] = channels;
    const convolve = normedConvolution(conv1, { inputs: 3, outputs, size: 7, stride: 2 });
    const norm = normLayer(within(scope, "bn1"), outputs);
    return (forward, x) => norm(forward, convolve(forward, x));
  }
  const [first, second, third] = channels;
  const head = [
    convolutionNormRelu(conv1, 0, { inputs: 3, outputs: first, size: 3, stride: 2 }),
    convolutionNormRelu(conv1, 3, { inputs: first, outputs: second, size: 3 }),
  ];
  const last = normedConvolution(within(conv1, "6"), { inputs: second, outputs: third, size: 3 });
  const norm = normLayer(within(scope, "bn1"), third);
  return (forward, x) =>
    norm(forward, last(forward, head.reduce((value, layer) => layer(forward, value), x)));
}

/** A convolution before a norm. */
type NormedConvolutionSpec = Omit<ConvolutionSpec, "bias">;

/** What a residual block is made of. */
export interface BlockSpec {
  /** `conv1`, `conv2`, … with `bn1`, `bn2`, …, one after another. */
  readonly convolutions: readonly NormedConvolutionSpec[];
  /** `downsample`; absent where the shortcut is the input itself. */
  readonly projection?: NormedConvolutionSpec;
}

/** The blocks of every stage: where their strides and dilations are decided. */
export function stageBlocks(spec: ResNetSpec, dilations: Dilations): readonly (readonly BlockSpec[])[] {
  let inputs = spec.stem.at(-1)!;
  let dilation = 1;
  return spec.blocks.map((count, s) => {
    const width = spec.widths[s]!, outputs = stageChannels(spec, s);
    const replaced = s > 0 && dilations.replaceStride[s - 1];
    const before = dilation;
    if (replaced) dilation *= 2;
    return Array.from({ length: count }, (_, b): BlockSpec => {
      const grid = s === 3 && dilations.multiGrid ? dilations.multiGrid[b % dilations.multiGrid.length]! : 1;
      const stride = b > 0 || s === 0 || replaced ? 1 : 2;
      const first = { size: 3, stride, dilation: (b === 0 ? before : dilation) * grid };
      const convolutions: readonly NormedConvolutionSpec[] = spec.block === "bottleneck"
        ? [
          { inputs, outputs: width, size: 1 },
          { inputs: width, outputs: width, ...first },
          { inputs: width, outputs, size: 1 },
        ]
        : [
          { inputs, outputs: width, ...first },
          { inputs: width, outputs, size: 3, dilation: dilation * grid },
        ];
      // A stage has a projection whether its stride was replaced or not; the first needs none where the stem is as wide.
      const projects = b === 0 && (s > 0 || inputs !== outputs);
      const made = { convolutions, ...(projects && { projection: { inputs, outputs, size: 1, stride } }) };
      inputs = outputs;
      return made;
    });
  });
}

function block(scope: Scope, { convolutions, projection }: BlockSpec): Layer {
  const layers = convolutions.map((convolution, i) => ({
    convolve: normedConvolution(within(scope, `conv${i + 1}`), convolution),
    norm: normLayer(within(scope, `bn${i + 1}`), convolution.outputs),
  }));
  const shortcut = projection && {
    convolve: normedConvolution(within(scope, "downsample.0"), projection),
    norm: normLayer(within(scope, "downsample.1"), projection.outputs),
  };
  return (forward, x) => {
    const residual = shortcut ? shortcut.norm(forward, shortcut.convolve(forward, x), { relu: false }) : x;
    // The sum with the residual comes before the last ReLU.
    return layers.reduce(
      (value, { convolve, norm }, i) =>
        norm(forward, convolve(forward, value), i === layers.length - 1 ? { residual } : {}),
      x,
    );
  };
}
