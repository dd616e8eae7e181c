/** Which convolutions a network is made of. */
import { Graph } from "../../kernels/graph.ts";
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";
import { deviceShape } from "../../models/layout.ts";
import type { BackboneName } from "../../models/resnet.ts";
import { pascalClasses } from "../../stages/datasets/classes.ts";
import { buildBranches } from "../../stages/network.ts";

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
}

/**
 * The distinct convolutions of a DeepLabV3+ for 21 classes at output stride 16, in the order of their first use; read off a captured
 * forward pass, so that the list is the network's and no copy of it.
 */
export function networkConvolutions(
  backbone: BackboneName,
  { batch, crop }: { batch: number; crop: number },
): ConvolutionCase[] {
  const { registry, networks } = buildBranches({
    backbone,
    outputStride: 16,
    mappings: [null, { norm: true, dropout: 0 }],
    classes: pascalClasses,
  });
  const tensors = new Map<string, Tensor>(
    [...registry.parameters, ...registry.statistics].map(({ name, shape }) => [
      name,
      makeTensor({
        label: name,
        shape: deviceShape(shape),
        layout: shape.length === 4 ? "kernel" : "channels",
      }),
    ]),
  );
  const graph = new Graph(0);
  const x = makeTensor({ label: "image", shape: [batch, crop, crop, 3] });
  networks[1]({ graph, training: true, tensor: (name) => tensors.get(name)!, passes: [""] }, [x]);
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
    };
    const key = JSON.stringify(shape);
    found.set(key, { ...shape, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** A case in words: `3×3 64 → 64 on 2 × 33 × 33, stride 2`. */
export function describe({ input, outputs, taps, stride, dilation }: ConvolutionCase): string {
  const [batch, height, width, channels] = input;
  return `${taps}×${taps} ${channels} → ${outputs} on ${batch}×${height}×${width}` +
    (stride > 1 ? `, stride ${stride}` : "") + (dilation > 1 && taps > 1 ? `, dilation ${dilation}` : "");
}
