import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./sum_partials.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "sum_partials",
  source,
  uniforms: { count: "u32", splits: "u32", accumulate: "u32", stride: "u32" },
  reads: { partials: "vec4f" },
  writes: { result: "vec4f" },
});

/**
 * Adds the parts of a split reduction in fixed order into `tensor`.
 *
 * @param partials [splits, stored length of `tensor`].
 */
export function sumPartials(
  graph: Graph,
  partials: Tensor,
  { tensor, accumulate }: { tensor: Tensor; accumulate: boolean },
  splits: number,
): void {
  const count = tensor.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [partials],
    writes: [tensor],
    uniforms: { count, splits, accumulate: accumulate ? 1 : 0, stride },
    groups,
    loops: splits,
  });
}
