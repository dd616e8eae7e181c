import type { Graph } from "../../graph.ts";
import { imageExtents, type Tensor } from "../../tensor.ts";
import { spreadPixels, sumPixels } from "./pixel_sum.ts";

/**
 * The mean over each image's pixels.
 *
 * @param x [N, H, W, C].
 * @returns [N, 1, 1, C].
 * @throws {ShapeError} If x is no image.
 */
export function globalAveragePool(graph: Graph, x: Tensor): Tensor {
  const { batch, height, width, channels } = imageExtents(x);
  const scale = 1 / (height * width);
  const mean = graph.output(
    { label: `${x.label} averaged`.slice(0, 60), shape: [batch, 1, 1, channels] },
    [x],
  );
  sumPixels(graph, x, mean, scale);
  graph.record(mean, (gradient) => {
    const dx = graph.gradientLike(x);
    spreadPixels(graph, gradient, dx, scale);
    return [[x, dx]];
  });
  return mean;
}
