import { padded, type Tensor } from "../../tensor.ts";
import { nearestPower } from "../../tuning/tuning.ts";

/**
 * The bucket of a convolution's launch: what decides which tile is the fastest, and little else. Extents count by their nearest
 * power of two; of stride and dilation it matters whether there is one, as pixels are then far apart, or taps meet padding.
 *
 * @param op Which of the three sums it is.
 */
export function bucketOf(
  op: "forward" | "input gradient" | "weight gradient",
  { tensors: [source, other], taps, stride, dilation, pixels }: {
    /** What is gathered from, and the result or the gradient by it. */
    tensors: readonly [Tensor, Tensor];
    taps: number;
    stride: number;
    dilation: number;
    pixels: number;
  },
): string {
  const channels = (tensor: Tensor) => 4 * nearestPower(padded(tensor.shape.at(-1)!) / 4);
  return [
    op,
    `${taps}x${taps}`,
    ...(stride > 1 ? ["strided"] : []),
    ...(dilation > 1 && taps > 1 ? ["dilated"] : []),
    `${channels(source)} to ${channels(other)} channels`,
    `${nearestPower(pixels)} pixels`,
    ...([source, other].some(({ dtype }) => dtype === "f16") ? ["f16"] : []),
  ].join(" ");
}
