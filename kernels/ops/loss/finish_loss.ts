import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { roundUp, type Tensor } from "../../tensor.ts";
import source from "./finish_loss.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "finish_loss",
  source,
  uniforms: { count: "u32", denominator: "u32", constant: "f32", offset: "f32" },
  reads: { partials: "vec4f" },
  writes: { value: "vec4f", scale: "vec4f" },
});

/** Enough invocations to fill a large GPU, few enough that one workgroup adds their sums at once. */
const MOST_CHUNKS = 8192;

/**
 * Into how many chunks a reduction over `count` items is split, each one invocation's.
 *
 * It depends on nothing but the count, so that a sum is the same on every device. A multiple of {@linkcode WORKGROUP}.
 */
export function lossChunks(count: number): number {
  return Math.min(roundUp(Math.ceil(count / 4), WORKGROUP), MOST_CHUNKS);
}

/**
 * Adds partial sums and divides them, in a fixed order.
 *
 * @param partials [chunks, 4]: Σ w·term, Σ w, count, unused.
 * @param options.denominator What the sum is divided by: the count, Σ w, or the given number. By 0 gives `offset`.
 * @param options.offset Added to the quotient.
 * @returns `value` [1], kept; `scale`, a f32 map [1, 1, 4]: 1 / denominator (0 for 0), Σ w, count, 0.
 */
export function finishLoss(
  graph: Graph,
  partials: Tensor,
  options: { label: string; denominator: "valid" | "weights" | number; offset?: number },
): { value: Tensor; scale: Tensor } {
  const { label, denominator, offset = 0 } = options;
  const value = graph.keep(graph.tensor({ label, shape: [1] }));
  const scale = graph.tensor({ label: `${label} scale`, shape: [1, 1, 4], layout: "map" });
  const count = partials.shape[0]!;
  graph.launch({
    kernel,
    reads: [partials],
    writes: [value, scale],
    uniforms: {
      count,
      denominator: denominator === "valid" ? 0 : denominator === "weights" ? 1 : 2,
      constant: typeof denominator === "number" ? denominator : 0,
      offset,
    },
    groups: [1, 1, 1],
    loops: Math.ceil(count / 256) + 256,
  });
  return { value, scale };
}
