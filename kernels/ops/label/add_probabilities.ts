import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, type Tensor } from "../../tensor.ts";
import source from "./add_probabilities.wgsl" with { type: "text" };
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "../loss/upsampled_logits.ts";

const kernel = defineKernel({
  name: "add_probabilities",
  source,
  includes: walkIncludes,
  uniforms: {
    ...walkUniforms,
    to_height: "u32",
    to_width: "u32",
    to_row: "i32",
    to_column: "i32",
    scale: "f32",
  },
  reads: { logits: "vec4f" },
  writes: { totals: "vec4f" },
});

/** Where a window lies in the totals. */
export interface ProbabilityWindow {
  /** Column of the totals that the window's first column falls on; may be negative. */
  readonly x: number;
  /** Row of the totals that the window's first row falls on; may be negative. */
  readonly y: number;
  /** Multiplies the logits first, more than 0; ½ makes the mean of a sum of two. */
  readonly scale?: number;
  /** Its pixels, as many as the logits unless told; logits between the stored ones are interpolated bilinearly. */
  readonly size?: LogitsSize;
}

/**
 * Adds softmax(scale · logits) to the part of `totals` that the window covers; what lies outside is left out.
 *
 * No gradient flows through it. Windows are added in the order of the calls.
 *
 * @param logits [N, h, w, C], finite: the window's.
 * @param totals [N, H, W, C], cleared or added to before.
 * @throws {ShapeError} If batch or classes differ, or the logits are larger than the window.
 */
export function addProbabilities(
  graph: Graph,
  logits: Tensor,
  totals: Tensor,
  { x, y, scale = 1, size }: ProbabilityWindow,
): void {
  const { batch, channels } = imageExtents(logits);
  const into = imageExtents(totals);
  if (into.batch !== batch || into.channels !== channels) {
    throw new ShapeError(
      `Cannot add probabilities of ${logits.label} [${logits.shape}] to ${totals.label} [${totals.shape}]: ` +
        "batch and classes must be equal",
    );
  }
  const { shape: [, height, width], uniforms, constants, groups, loops } = walkLogits(logits, size);
  if (x >= into.width || y >= into.height || x + width <= 0 || y + height <= 0) return;
  graph.launch({
    kernel,
    reads: [logits],
    writes: [totals],
    uniforms: {
      ...uniforms,
      to_height: into.height,
      to_width: into.width,
      to_row: y,
      to_column: x,
      scale,
    },
    constants,
    groups,
    loops,
  });
}
