import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { movingAverage } from "../../../../kernels/ops/update/moving_average.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { movingAverage as reference } from "../../../../kernels/reference/update/moving_average.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../../../support/gpu.ts";

gpuTest("movingAverage() moves by the share of each step; 0 and 1 are exact", async (device, t) => {
  for (const length of [1, 7, 4099]) {
    await t.step(`${length} numbers`, async () => {
      const map = { shape: [length], layout: "map" as const };
      const memory = allocate(device, "test", [
        { ...map, label: "average" },
        { ...map, label: "source" },
        { label: "shares", shape: [1, 1, 4], layout: "map" },
      ]);
      const [average, source, shares] = memory.tensors as [Tensor, Tensor, Tensor];
      const expected = uniform(1, length, -3, 3);
      upload(device, average, Float32Array.from(expected));
      const graph = new Graph(0);
      movingAverage(graph, { average, source }, { share: { tensor: shares, index: 2 } });
      const program = compile(device, graph);
      const now = async () => (await readBack(device, [average]))[0]!.slice(0, length);
      for (const [step, share] of [0.25, 0.01, 0, 1, 0.75].entries()) {
        const before = await now(), next = Float32Array.from(uniform(2 + step, length, -1e3, 1e3));
        upload(device, source, next);
        upload(device, shares, Float32Array.of(9, 9, share, 9));
        program.run();
        reference(expected, next, share);
        if (share === 0) assert.deepEqual(await now(), before);
        if (share === 1) assert.deepEqual(await now(), next);
        assertClose(await now(), expected, { what: `step ${step}`, atol: 1e-4 });
      }
      program.free();
      memory.free();
    });
  }
});

gpuTest("movingAverage() leaves out the steps that the guard leaves out", async (device) => {
  const map = { shape: [5], layout: "map" as const };
  const memory = allocate(device, "test", [
    { ...map, label: "average" },
    { ...map, label: "source" },
    { label: "shares", shape: [1, 1, 4], layout: "map" },
    { label: "guard", shape: [1, 1, 4], layout: "map" },
  ]);
  const [average, source, shares, guard] = memory.tensors as [Tensor, Tensor, Tensor, Tensor];
  upload(device, source, new Float32Array(5).fill(2));
  upload(device, shares, new Float32Array(4).fill(0.5));
  const graph = new Graph(0);
  movingAverage(graph, { average, source }, { share: { tensor: shares, index: 0 }, guard });
  const program = compile(device, graph);
  for (const [skips, value] of [[1, 0], [0, 1]] as const) {
    upload(device, guard, Float32Array.of(1, skips, 0, 0));
    program.run();
    const [read] = await readBack(device, [average]);
    assert.deepEqual([...read!.slice(0, 5)], new Array(5).fill(value));
  }
  program.free();
  memory.free();
});

Deno.test("movingAverage() refuses what cannot be averaged", () => {
  const buffer = {} as GPUBuffer;
  const make = (length: number, home = false) =>
    makeTensor({ label: "t", shape: [length], layout: "map", ...(home && { home: { buffer, offset: 0 } }) });
  const share = { tensor: make(4), index: 0 };
  const average = (average: Tensor, source: Tensor, at = share) => () =>
    movingAverage(new Graph(0), { average, source }, { share: at });
  assert.throws(average(make(8), make(8)), /without a home.*equal sizes of f32 are needed, and a home/);
  assert.throws(average(make(8, true), make(12)), /48 bytes of f32\) into t \(32 bytes/);
  assert.throws(
    average(make(8, true), make(8), { ...share, index: 4 }),
    /look up the share 4 of t \[4\]: it holds 4/,
  );
});
