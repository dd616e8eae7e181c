/** A kernel of a method's own, by the public surface alone. @module */
import { defineKernel, elementwise, type Step, type Tensor } from "../../../methods.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../support/gpu.ts";

const kernel = defineKernel({
  name: "power",
  source: `
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      let i = id.y * extents.stride + id.x;
      if (i >= extents.count) { return; }
      set_powers(i, pow(load_values(i), vec4f(extents.exponent)));
    }`,
  uniforms: { count: "u32", stride: "u32", exponent: "f32" },
  reads: { values: "vec4f" },
  writes: { powers: "vec4f" },
});

/** Confidence to a power: softer pixel weights than a threshold's. */
function power({ graph }: Pick<Step, "graph">, values: Tensor, exponent: number): Tensor {
  const powers = graph.tensor({ label: "powers", shape: values.shape, layout: "map" });
  const count = values.bytes / 16, { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [values],
    writes: [powers],
    uniforms: { count, stride, exponent },
    groups,
    loops: 0,
  });
  return powers;
}

gpuTest("a method launches a kernel of its own on tensors of the step", async (device) => {
  const shape = [2, 5, 7], values = uniform(3, 70, 0.1, 1);
  const { outputs: [powers] } = await runOp(
    device,
    { confidence: { shape, values, layout: "map" } },
    (graph, { confidence }) => [power({ graph }, confidence, 3)],
  );
  assertClose(powers!, Array.from(values, (value) => value ** 3), { rtol: 1e-5 });
});
