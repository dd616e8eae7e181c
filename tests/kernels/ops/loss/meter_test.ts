import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { meter, readMeter } from "../../../../kernels/ops/loss/meter.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { meter as reference } from "../../../../kernels/reference/loss/meter.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { gpuTest } from "../../../support/gpu.ts";

const SPECS = [
  { label: "value", shape: [1] },
  { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
  { label: "state", shape: [1, 1, 4], layout: "map" },
] as const;

gpuTest("meter() notes sum, count, last value and the first step that was not finite", async (device, t) => {
  const cases = {
    "finite to the largest": [0.5, -2, 0, 3.4028234663852886e38],
    "NaN, then Infinity": [1.5, NaN, 2.5, Infinity],
    "Infinity first": [Infinity, 1, NaN],
    "minus Infinity": [4, -Infinity],
    "a NaN of negative sign": [1, "negative NaN" as const],
  };
  for (const [name, values] of Object.entries(cases)) {
    await t.step(name, async () => {
      const memory = allocate(device, "test", SPECS);
      const [value, counters, state] = memory.tensors as [Tensor, Tensor, Tensor];
      const graph = new Graph(0);
      meter(graph, value, { counters, state });
      const program = compile(device, graph);
      let expected: [number, number, number, number] = [0, 0, 0, 0];
      for (const [i, next] of values.entries()) {
        const step = 100 + i, isBits = typeof next === "string";
        upload(device, value, isBits ? Uint32Array.of(0xffc00001) : Float32Array.of(next));
        upload(device, counters, Uint32Array.of(7, 3, step, 0));
        program.run();
        expected = reference(expected, isBits ? NaN : next, step);
      }
      const [read] = await readBack(device, [state]);
      assert.deepEqual([...read!], expected.map(Math.fround));
      const bad = values.findIndex((x) => !Number.isFinite(x));
      const { firstBadStep, count } = readMeter(read!);
      assert.deepEqual([firstBadStep, count], [bad < 0 ? undefined : 100 + bad, values.length]);
      program.free();
      memory.free();
    });
  }
});

gpuTest("meter() looks a number up at its index", async (device) => {
  const memory = allocate(device, "test", [
    { label: "numbers", shape: [1, 1, 4], layout: "map" },
    ...SPECS.slice(1),
  ]);
  const [numbers, counters, state] = memory.tensors as [Tensor, Tensor, Tensor];
  const graph = new Graph(0);
  meter(graph, { tensor: numbers, index: 2 }, { counters, state });
  const program = compile(device, graph);
  upload(device, numbers, Float32Array.of(1, 2, 0.75, 4));
  upload(device, counters, Uint32Array.of(0, 0, 5, 0));
  program.run();
  program.run();
  const [read] = await readBack(device, [state]);
  assert.deepEqual(readMeter(read!), { sum: 1.5, count: 2, last: 0.75, firstBadStep: undefined });
  program.free();
  memory.free();
  assert.throws(
    () => meter(new Graph(0), { tensor: numbers, index: 4 }, { counters, state }),
    /Cannot look up the metered number 4 of numbers \[1,1,4\]: it holds 4, from 0/,
  );
});

Deno.test("meter() refuses what is no scalar, and a state without a home", () => {
  const [value, counters, state] = SPECS.map((spec) => makeTensor(spec)) as [Tensor, Tensor, Tensor];
  assert.throws(
    () => meter(new Graph(0), makeTensor({ label: "loss", shape: [2] }), { counters, state }),
    /Cannot meter loss \[2\] \(f32\): a f32 \[1\] is needed/,
  );
  assert.throws(
    () => meter(new Graph(0), value, { counters, state }),
    /Cannot meter value in state: it has no home/,
  );
  assert.throws(
    () => meter(new Graph(0), value, { counters: state, state }),
    /a u32 map \[1,1,4\] is needed/,
  );
});
