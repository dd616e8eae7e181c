import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./clear.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "clear",
  source,
  uniforms: { count: "u32", stride: "u32" },
  reads: {},
  writes: { tensor: "vec4u" },
});

/** Sets a tensor to zero, padding included: counts and sums that later launches add to. */
export function clear(graph: Graph, tensor: Tensor): void {
  // Bits alone matter; where the last half of a vec4 is not the tensor's, it is nobody's.
  const count = Math.ceil(tensor.bytes / 16);
  const { groups, stride } = elementwise(count);
  graph.launch({ kernel, reads: [], writes: [tensor], uniforms: { count, stride }, groups, loops: 0 });
}
