import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { storedVectors, type Tensor } from "../../tensor.ts";
import source from "./add.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "add",
  source,
  uniforms: { count: "u32", stride: "u32" },
  reads: { a: "vec4f", b: "vec4f" },
  writes: { sum: "vec4f" },
  partwise: ["a", "b", "sum"],
});

/**
 * a + b, elementwise; the gradient of either is that of the sum.
 *
 * @throws {ShapeError} If the shapes differ.
 */
export function add(graph: Graph, a: Tensor, b: Tensor): Tensor {
  if (`${a.shape}` !== `${b.shape}` || a.layout !== b.layout) {
    throw new ShapeError(
      `Cannot add ${b.label} [${b.shape}] to ${a.label} [${a.shape}]: the shapes must be equal`,
    );
  }
  const sum = graph.output(
    {
      label: `${a.label}+${b.label}`.slice(0, 60),
      shape: a.shape,
      layout: a.layout,
      dtype: a.dtype === b.dtype ? a.dtype : "f32",
    },
    [a, b],
  );
  const count = storedVectors(a);
  const { groups, stride } = elementwise(count);
  graph.launch({ kernel, reads: [a, b], writes: [sum], uniforms: { count, stride }, groups, loops: 0 });
  graph.record(sum, (gradient) => [[a, gradient], [b, gradient]]);
  return sum;
}
