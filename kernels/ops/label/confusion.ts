import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./confusion.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "confusion",
  source,
  uniforms: { pixels: "u32", classes: "u32", ignore: "u32", stride: "u32" },
  reads: { predictions: "vec4u", labels: "vec4u" },
  writes: { matrix: "atomic<u32>" },
});

/** Pixels an invocation counts; the kernel is written for this number. */
const PIXELS_EACH = 16;

/**
 * Adds every pixel's (truth, prediction) to a confusion matrix, from which intersections over unions are computed.
 *
 * Pixels whose label is `ignore` are not counted, nor are those where the label or the prediction is no class.
 *
 * @param predictions u32 map [N, H, W].
 * @param labels u32 map [N, H, W].
 * @param matrix u32 map [1, classes, classes] with a home, rows are the truth. It sums over runs until it is cleared
 *   (clear.ts); a cell holds up to 2³² − 1 pixels, four times Cityscapes' whole validation set.
 * @throws {ShapeError} If the maps differ in shape, or the matrix does not have a row and a column for each class.
 */
export function confusion(
  graph: Graph,
  predictions: Tensor,
  labels: Tensor,
  matrix: Tensor,
  options: { classes: number; ignore?: number },
): void {
  const { classes, ignore = 255 } = options;
  checkMap("count predictions", predictions, "u32", labels.shape);
  checkMap(`judge ${predictions.label}`, labels, "u32", labels.shape);
  checkMap(`count pairs of ${classes} classes`, matrix, "u32", [1, classes, classes]);
  if (!matrix.home) {
    throw new ShapeError(`Cannot sum over runs in ${matrix.label}: it has no home to outlive a run in`);
  }
  const pixels = labels.shape.reduce((product, extent) => product * extent, 1);
  const { groups, stride } = elementwise(Math.ceil(pixels / PIXELS_EACH));
  graph.launch({
    kernel,
    reads: [predictions, labels],
    writes: [matrix],
    uniforms: { pixels, classes, ignore, stride },
    groups,
    loops: PIXELS_EACH / 4,
  });
}
