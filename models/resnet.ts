import { maxPool } from "../kernels/ops/feature/max_pool.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { convolutionNormRelu, normedConvolution, normLayer } from "./layers.ts";
import { type Forward, type Layer, type Scope, within } from "./registry.ts";

/** Extents of a bottleneck ResNet with a deep stem. */
export interface ResNetSpec {
  /** Channels of the three stem convolutions. */
  readonly stem: readonly [number, number, number];
  /** Bottlenecks of each stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Inner width of each stage's bottlenecks; their output has four times as many channels. */
  readonly widths: readonly [number, number, number, number];
}

/** Backbones by name. */
export const BACKBONES = {
  /** He et al., CVPR 2016, with the deep stem of three 3×3 convolutions; 23.6 M parameters. */
  resnet50: { stem: [64, 64, 128], blocks: [3, 4, 6, 3], widths: [64, 128, 256, 512] },
  /** The same with 23 bottlenecks in stage 3; 42.6 M parameters. */
  resnet101: { stem: [64, 64, 128], blocks: [3, 4, 23, 3], widths: [64, 128, 256, 512] },
  /** The same family, one narrow bottleneck a stage, for small images and CPUs; 0.3 M parameters. */
  resnet14: { stem: [32, 32, 32], blocks: [1, 1, 1, 1], widths: [32, 32, 64, 64] },
} as const satisfies Record<BackboneName, ResNetSpec>;

/** Name of a backbone. */
export type BackboneName = "resnet50" | "resnet101" | "resnet14";

/** Where strides become dilations. */
export interface Dilations {
  /** For stages 2, 3 and 4: dilate instead of stepping by 2. */
  readonly replaceStride: readonly [boolean, boolean, boolean];
  /** Stage 4's dilation multipliers, block by block, repeated as needed. */
  readonly multiGrid?: readonly number[];
}

/** The stages that a decoder needs. */
export interface Stages {
  /** Stage 1: 4 · widths[0] channels at a quarter of the size. */
  readonly low: Tensor;
  /** Stage 4: 4 · widths[3] channels. */
  readonly high: Tensor;
}

/** Output channels of a bottleneck, by its inner width. */
export const EXPANSION = 4;

/**
 * ResNet with the stride on the 3×3 convolution ("v1.5") and dilation in place of the late strides.
 *
 * The first block of a dilated stage keeps the dilation of the stage before it.
 */
export function resnet(
  scope: Scope,
  spec: ResNetSpec,
  dilations: Dilations,
): (forward: Forward, x: Tensor) => Stages {
  const stem = within(scope, "conv1");
  const [first, second, third] = spec.stem;
  const head = [
    convolutionNormRelu(stem, 0, { inputs: 3, outputs: first, size: 3, stride: 2 }),
    convolutionNormRelu(stem, 3, { inputs: first, outputs: second, size: 3 }),
  ];
  const last = normedConvolution(within(stem, "6"), { inputs: second, outputs: third, size: 3 });
  const norm = normLayer(within(scope, "bn1"), third);

  let inputs: number = third;
  let dilation = 1;
  const stages = spec.blocks.map((count, s): Layer[] => {
    const width = spec.widths[s]!;
    const replaced = s > 0 && dilations.replaceStride[s - 1];
    const before = dilation;
    if (replaced) dilation *= 2;
    const stride = s === 0 || replaced ? 1 : 2;
    return Array.from({ length: count }, (_, b) => {
      const grid = s === 3 && dilations.multiGrid ? dilations.multiGrid[b % dilations.multiGrid.length]! : 1;
      const block = bottleneck(within(scope, `layer${s + 1}.${b}`), {
        inputs,
        width,
        stride: b === 0 ? stride : 1,
        dilation: (b === 0 ? before : dilation) * grid,
        project: b === 0,
      });
      inputs = width * EXPANSION;
      return block;
    });
  });

  return (forward, x) => {
    let y = norm(forward, last(forward, head.reduce((value, layer) => layer(forward, value), x)));
    y = maxPool(forward.graph, y, { size: 3, stride: 2, padding: 1 });
    const taps = stages.map((blocks) => y = blocks.reduce((value, block) => block(forward, value), y));
    return { low: taps[0]!, high: taps[3]! };
  };
}

function bottleneck(
  scope: Scope,
  { inputs, width, stride, dilation, project }: {
    inputs: number;
    width: number;
    stride: number;
    dilation: number;
    project: boolean;
  },
): Layer {
  const outputs = width * EXPANSION;
  const part = (name: string) => within(scope, name);
  const reduce = normedConvolution(part("conv1"), { inputs, outputs: width, size: 1 });
  const norm1 = normLayer(part("bn1"), width);
  const spatial = normedConvolution(part("conv2"), {
    inputs: width,
    outputs: width,
    size: 3,
    stride,
    dilation,
  });
  const norm2 = normLayer(part("bn2"), width);
  const expand = normedConvolution(part("conv3"), { inputs: width, outputs, size: 1 });
  const norm3 = normLayer(part("bn3"), outputs);
  const shortcut = project && {
    convolve: normedConvolution(part("downsample.0"), { inputs, outputs, size: 1, stride }),
    norm: normLayer(part("downsample.1"), outputs),
  };
  return (forward, x) => {
    const residual = shortcut ? shortcut.norm(forward, shortcut.convolve(forward, x), { relu: false }) : x;
    const a = norm1(forward, reduce(forward, x));
    const b = norm2(forward, spatial(forward, a));
    return norm3(forward, expand(forward, b), { residual });
  };
}
