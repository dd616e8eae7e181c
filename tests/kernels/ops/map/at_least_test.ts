import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { atLeast, below } from "../../../../kernels/ops/map/at_least.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { atLeast as reference, below as belowReference } from "../../../../kernels/reference/map/at_least.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

/** Values of f32, of which the first is the threshold itself and the next two lie beside it. */
function someValues(length: number, threshold: number): Float64Array {
  const values = Float64Array.from(uniform(3, length, 0, 1), Math.fround), own = Math.fround(threshold);
  [own, own * (1 - 2 ** -23), own * (1 + 2 ** -22)].forEach((value, i) => {
    if (i < length) values[i] = Math.fround(value);
  });
  return values;
}

gpuTest("atLeast() counts the threshold itself, and nothing below it", async (device, t) => {
  for (const [shape, threshold] of [[[1, 1, 1], 0.95], [[2, 7, 5], 0.95], [[1, 31, 67], 0.5]] as const) {
    await t.step(`[${shape}] at ${threshold}`, async () => {
      const values = someValues(shape[0] * shape[1] * shape[2], threshold);
      const { outputs } = await runOp(
        device,
        { values: { shape, values, layout: "map" } },
        (graph, { values }) => [atLeast(graph, values, threshold)],
      );
      const expected = reference(values, threshold);
      assert.deepEqual([...outputs[0]!], expected);
      assert.deepEqual(expected.slice(0, 3), [1, 0, 1].slice(0, expected.length));
    });
  }
});

gpuTest("below() counts what is less than the threshold, and not what is no number", async (device) => {
  const values = [...someValues(99, 0.5), NaN], shape = [1, 10, 10];
  const { outputs } = await runOp(
    device,
    { values: { shape, values, layout: "map" } },
    (graph, { values }) => [below(graph, values, 0.5), atLeast(graph, values, 0.5)],
  );
  assert.deepEqual([...outputs[0]!], belowReference(values, 0.5));
  assert.deepEqual([...outputs[0]!].slice(0, 3), [0, 1, 0]);
  assert.deepEqual([outputs[0]![99], outputs[1]![99]], [0, 0]);
});

gpuTest(
  "atLeast() follows a threshold that moves between runs; 0 lets every probability pass",
  async (device) => {
    const shape = [1, 9, 11], values = someValues(99, 0.25);
    const memory = allocate(device, "test", [
      { label: "values", shape, layout: "map" },
      { label: "thresholds", shape: [1, 1, 4], layout: "map" },
    ]);
    const [map, thresholds] = memory.tensors as [Tensor, Tensor];
    upload(device, map, Float32Array.from(values));
    const graph = new Graph(0);
    const result = graph.keep(atLeast(graph, map, { tensor: thresholds, index: 2 }));
    const program = compile(device, graph);
    for (const threshold of [0.25, 0.75, 0]) {
      upload(device, thresholds, Float32Array.of(9, -9, threshold, 9));
      program.run();
      const [found] = await readBack(device, [program.locate(result)]);
      assert.deepEqual([...found!].slice(0, 99), reference(values, threshold));
    }
    program.free();
    memory.free();
  },
);

Deno.test("atLeast() refuses what is no map of f32, and a threshold that is not there", () => {
  const map = (dtype: "u32" | "f32", shape = [1, 5, 4]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  assert.throws(() => atLeast(new Graph(0), map("u32"), 0.5), /a f32 map \[1,5,4\] is needed/);
  assert.throws(
    () => atLeast(new Graph(0), map("f32"), { tensor: map("f32", [1, 1, 4]), index: 4 }),
    /Cannot look up the threshold 4 of map \[1,1,4\]: it holds 4, from 0/,
  );
});
