import { ShapeError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { defineKernel } from "../kernel.ts";
import { WORKGROUP } from "../launch.ts";
import { imageExtents, padded, type Tensor } from "../tensor.ts";
import source from "../wgsl/add_probabilities.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "add_probabilities",
  source,
  uniforms: {
    vectors: "u32",
    classes: "u32",
    height: "u32",
    width: "u32",
    first_row: "u32",
    first_column: "u32",
    columns: "u32",
    to_height: "u32",
    to_width: "u32",
    to_row: "u32",
    to_column: "u32",
    scale: "f32",
  },
  reads: ["logits"],
  writes: ["totals"],
});

/** Where a window lies in the totals. */
export interface ProbabilityWindow {
  /** Column of the totals that the window's first column falls on; may be negative. */
  readonly x: number;
  /** Row of the totals that the window's first row falls on; may be negative. */
  readonly y: number;
  /** Multiplies the logits first, more than 0; ½ makes the mean of a sum of two. */
  readonly scale?: number;
}

/**
 * Adds softmax(scale · logits) to the part of `totals` that the window covers; what lies outside is left out.
 *
 * No gradient flows through it. Windows are added in the order of the calls.
 *
 * @param logits [N, h, w, C], finite: the window's.
 * @param totals [N, H, W, C], cleared or added to before.
 * @throws {ShapeError} If batch or classes differ.
 */
export function addProbabilities(
  graph: Graph,
  logits: Tensor,
  totals: Tensor,
  { x, y, scale = 1 }: ProbabilityWindow,
): void {
  const { batch, height, width, channels } = imageExtents(logits);
  const into = imageExtents(totals);
  if (into.batch !== batch || into.channels !== channels) {
    throw new ShapeError(
      `Cannot add probabilities of ${logits.label} [${logits.shape}] to ${totals.label} [${totals.shape}]: ` +
        "batch and classes must be equal",
    );
  }
  const firstRow = Math.max(0, -y), firstColumn = Math.max(0, -x);
  const rows = Math.min(height, into.height - y) - firstRow;
  const columns = Math.min(width, into.width - x) - firstColumn;
  if (rows <= 0 || columns <= 0) return;
  const vectors = padded(channels) / 4;
  graph.launch({
    kernel,
    reads: [logits],
    writes: [totals],
    uniforms: {
      vectors,
      classes: channels,
      height,
      width,
      first_row: firstRow,
      first_column: firstColumn,
      columns,
      to_height: into.height,
      to_width: into.width,
      to_row: y + firstRow,
      to_column: x + firstColumn,
      scale,
    },
    groups: [Math.ceil(columns / WORKGROUP), rows, batch],
    loops: 2 * vectors,
  });
}
