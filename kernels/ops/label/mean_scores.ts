import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { storedVectors, type Tensor } from "../../tensor.ts";
import source from "./mean_scores.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "mean_scores",
  source,
  uniforms: { count: "u32", stride: "u32", factor: "f32" },
  reads: { a: "vec4f", b: "vec4f" },
  writes: { y: "vec4f" },
  partwise: ["a", "b", "y"],
});

/**
 * (a + b) / 2, elementwise; each has half of the gradient.
 *
 * @throws {ShapeError} If shape, layout or type differ.
 */
export function meanScores(graph: Graph, a: Tensor, b: Tensor): Tensor {
  const { shape, layout, dtype } = a;
  if (`${shape}` !== `${b.shape}` || layout !== b.layout || dtype !== b.dtype) {
    throw new ShapeError(
      `Cannot take the mean of ${a.label} [${shape}] (${dtype}) and ${b.label} [${b.shape}] (${b.dtype}): they must be alike`,
    );
  }
  const count = storedVectors(a), { groups, stride } = elementwise(count);
  const add = (one: Tensor, other: Tensor, factor: number, into: Tensor) =>
    graph.launch({
      kernel,
      reads: [one, other],
      writes: [into],
      uniforms: { count, stride, factor },
      groups,
      loops: 0,
    });
  const y = graph.output(
    { label: `mean of ${a.label}, ${b.label}`.slice(0, 60), shape, layout, dtype },
    [a, b],
  );
  add(a, b, 1 / 2, y);
  graph.record(y, (gradient) => {
    const half = graph.gradientLike(y);
    add(gradient, gradient, 1 / 4, half);
    return [[a, half], [b, half]];
  });
  return y;
}
