/** Which convolutions a network is made of. */
import { Graph } from "../../../kernels/graph.ts";
import { makeTensor } from "../../../kernels/tensor.ts";
import { predict } from "../../../models/deeplabv3plus.ts";
import { declaredTensors } from "../../support/declared_tensors.ts";
import type { BackboneName } from "../../../models/resnet.ts";
import { pascalClasses } from "../../../stages/datasets/classes.ts";
import { buildNetworks } from "../../../stages/weights/network.ts";
import { usefulShare } from "./useful_flops.ts";

/** One shape of convolution. */
export interface ConvolutionCase {
  /** [N, H, W, C]. */
  readonly input: readonly number[];
  readonly outputs: number;
  /** Side of the kernel. */
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
  /** How often the network has it. */
  readonly count: number;
  /** Whether the input is the image, by which nobody differentiates. */
  readonly ofImage: boolean;
}

/**
 * The distinct convolutions of a DeepLabV3+ for 21 classes at output stride 16, in the order of their first use; read off a captured
 * forward pass, so that the list is the network's and no copy of it.
 *
 * @param options.branch Which of CCVC's branches: the second one has a mapping, and is the default.
 */
export function networkConvolutions(
  backbone: BackboneName,
  { batch, crop, branch = "branch2" }: { batch: number; crop: number; branch?: "branch1" | "branch2" },
): ConvolutionCase[] {
  const { registry, byName } = buildNetworks({
    backbone,
    outputStride: 16,
    networks: { branch1: {}, branch2: { mapping: { norm: true, dropout: 0 } } },
    classes: pascalClasses,
  });
  const tensors = declaredTensors(registry, { tracked: true });
  const graph = new Graph(0);
  const x = makeTensor({ label: "image", shape: [batch, crop, crop, 3] });
  predict(byName[branch]!, { graph, training: true, tensor: (name) => tensors.get(name)!, parts: [""] }, x);
  const found = new Map<string, ConvolutionCase>();
  for (const { kernel, reads: [input, weight], uniforms } of graph.dispatches) {
    if (!kernel.name.startsWith("convolution")) continue;
    const shape = {
      input: input!.shape,
      outputs: weight!.shape[3]!,
      taps: weight!.shape[0]!,
      stride: uniforms.scale!,
      dilation: uniforms.tap_step!,
      padding: -uniforms.offset!,
      ofImage: !input!.tracked,
    };
    const key = JSON.stringify(shape);
    found.set(key, { ...shape, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** Multiply-adds × 2 of a forward pass, in GFLOP: as is customary, and without what meets only padding. */
export function forwardGigaflop(
  { input, outputs, taps, stride, dilation, padding }: ConvolutionCase,
): { counted: number; useful: number } {
  const [batch = 0, height = 0, width = 0, channels = 0] = input;
  const extent = (size: number) => Math.floor((size + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
  const result = { out_height: extent(height), out_width: extent(width) };
  const walk = { scale: stride, tap_step: dilation, offset: -padding, divisor: 1 };
  const counted = 2 * batch * result.out_height * result.out_width * taps ** 2 * channels * outputs / 1e9;
  const share = usefulShare({
    kernel: { name: "convolution" },
    uniforms: { height, width, taps, ...result, ...walk },
  });
  return { counted, useful: counted * share };
}

/**
 * The convolutions of a CCVC step without strong views, in GFLOP: both branches on labeled and unlabeled images, forward and
 * backward; the image has no gradient.
 */
export function ccvcGigaflop(
  { backbone, crop, batch }: { backbone: BackboneName; crop: number; batch: number },
): { counted: number; useful: number } {
  const sum = { counted: 0, useful: 0 };
  for (const branch of ["branch1", "branch2"] as const) {
    for (const one of networkConvolutions(backbone, { crop, batch: 2 * batch, branch })) {
      const { counted, useful } = forwardGigaflop(one), passes = one.count * (one.ofImage ? 2 : 3);
      sum.counted += passes * counted;
      sum.useful += passes * useful;
    }
  }
  return sum;
}

/** A case in words: `3×3 64 → 64 on 2 × 33 × 33, stride 2`. */
export function describe({ input, outputs, taps, stride, dilation }: ConvolutionCase): string {
  const [batch, height, width, channels] = input;
  return `${taps}×${taps} ${channels} → ${outputs} on ${batch}×${height}×${width}` +
    (stride > 1 ? `, stride ${stride}` : "") + (dilation > 1 && taps > 1 ? `, dilation ${dilation}` : "");
}
