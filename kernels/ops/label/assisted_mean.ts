import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkScalar, type DeviceScalar } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import source from "./assisted_mean.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "assisted_mean",
  source,
  uniforms: { count: "u32", stride: "u32", index: "u32" },
  reads: { one: "vec4f", two: "vec4f", turns: "f32" },
  writes: { mean: "vec4f" },
});

/** Which of the two assists, and with how much. */
export interface AssistedMeanOptions {
  /** Classes of a pixel that the assisting logits tell of: those that they put highest, of equal ones the first. From 1 to C. */
  readonly kept: number;
  /** Looked up at every run: 0 where the second assists the first, else the first the second. */
  readonly turn: DeviceScalar;
}

/**
 * The mean of two predictions, of which one only assists: ½ core + ½ assist for the classes that the assist puts highest, core for
 * all others, and where the assist is exactly 0. No gradient flows through it.
 *
 * @param one f32[N, H, W, C], finite logits.
 * @param two Alike.
 * @returns f32[N, H, W, C].
 * @throws {ShapeError} If they are not alike, or `kept` is not a whole number from 1 to C.
 * @see Liu et al., PS-MT, CVPR 2022, and its published code
 */
export function assistedMean(
  graph: Graph,
  one: Tensor,
  two: Tensor,
  { kept, turn }: AssistedMeanOptions,
): Tensor {
  const { batch, height, width, channels } = imageExtents(one), { shape } = one;
  if (`${shape}` !== `${two.shape}` || two.layout !== one.layout) {
    throw new ShapeError(
      `Cannot assist ${one.label} [${shape}] by ${two.label} [${two.shape}]: the shapes must be equal`,
    );
  }
  if (!(Number.isInteger(kept) && kept >= 1 && kept <= channels)) {
    throw new ShapeError(
      `Cannot keep the ${kept} highest classes of ${two.label} [${shape}]: it must be a whole number from 1 to ${channels}`,
    );
  }
  checkScalar("turn", turn);
  const mean = graph.tensor({ label: `${one.label} assisted`.slice(0, 60), shape });
  const count = batch * height * width, { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [one, two, turn.tensor],
    writes: [mean],
    uniforms: { count, stride, index: turn.index },
    constants: { VECTORS: padded(channels) / 4, CLASSES: channels, KEPT: kept },
    groups,
    loops: kept,
  });
  return mean;
}
