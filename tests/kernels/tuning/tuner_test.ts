import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { type CandidateTime, fastest, type Measured, tune } from "../../../kernels/tuning/tuner.ts";
import { makeTensor } from "../../../kernels/tensor.ts";
import { gpuTest, uniform } from "../../support/gpu.ts";

/** Two convolutions of one bucket, one of another, none with a gradient. */
function captured(device: Device) {
  const memory = allocate(device, "operands", [
    { label: "x", shape: [1, 9, 9, 16] },
    { label: "w", shape: [3, 3, 16, 16], layout: "kernel" },
    { label: "w1", shape: [1, 1, 16, 16], layout: "kernel" },
    { label: "y", shape: [1, 9, 9, 16] },
  ]);
  const [x, w, w1, y] = memory.tensors;
  upload(device, y!, Float32Array.from(uniform(1, y!.bytes / 4)));
  const graph = new Graph(device.facts.sharing);
  const first = convolution(graph, x!, w!, { padding: 1 });
  const second = convolution(graph, makeTensor({ ...first }), w!, { padding: 1 });
  graph.keep(convolution(graph, second, w1!));
  return { graph, y: y!, free: memory.free };
}

gpuTest("tune() times every candidate of every bucket, and leaves what is captured alone", async (device) => {
  const { graph, y, free } = captured(device);
  const [before] = await readBack(device, [y]);
  const told: unknown[] = [], kept: Measured[] = [];
  const measured = await tune(device, graph.dispatches, {
    rounds: 2,
    clock: () => assert.fail("a device with timestamps needs no clock"),
    onProgress: (...progress) => told.push(progress),
    onMeasured: (one) => Promise.resolve(void kept.push(one)),
  });
  assert.deepEqual(measured.map(({ bucket, launches }) => [bucket, launches]), [
    ["forward 1x1 16 to 16 channels 64 pixels", 1],
    ["forward 3x3 16 to 16 channels 64 pixels", 2],
  ]);
  for (const { bucket, times, chosen } of measured) {
    const { candidates } = graph.dispatches.find(({ choice }) => choice?.bucket === bucket)!.choice!;
    assert.deepEqual(times.map(({ name }) => name), candidates.map(({ name }) => name));
    assert.ok(times.length > 1 && times.every(({ median, least }) => median >= least && least > 0));
    assert.equal(chosen, fastest(times));
  }
  assert.deepEqual(kept, measured);
  assert.deepEqual(told, [[0, 2, measured[0]!.bucket], [1, 2, measured[1]!.bucket], [2, 2]]);
  assert.deepEqual(await readBack(device, [y]), [before]);
  free();
});

gpuTest("without timestamps a clock tells the times", async (device) => {
  const { graph, free } = captured(device);
  const blind: Device = {
    gpu: device.gpu,
    facts: { ...device.facts, features: [] },
    tuning: device.tuning,
    created: device.created,
    pipeline: (...args) => device.pipeline(...args),
    buffer: (...args) => device.buffer(...args),
    texture: (extents) => device.texture(extents),
    check: () => device.check(),
    close() {},
  };
  // As if every measurement took 60 ms: nothing is faster than the first.
  let now = 0;
  const measured = await tune(blind, graph.dispatches, { rounds: 2, clock: () => now += 60 });
  for (const { times, chosen } of measured) {
    assert.deepEqual(new Set(times.map(({ median }) => median)), new Set([60]));
    assert.equal(chosen, times[0]!.name);
  }
  free();
});

gpuTest("nothing to choose is nothing to measure", async (device) => {
  const clock = () => 0;
  assert.deepEqual(await tune(device, [], { clock }), []);
});

Deno.test("the first candidate stays unless another is faster by more than chance, in the middle and at best", () => {
  const times = (...pairs: [string, number, number][]): CandidateTime[] =>
    pairs.map(([name, median, least]) => ({ name, median, least }));
  assert.equal(fastest(times(["a", 10, 9])), "a");
  assert.equal(fastest(times(["a", 10, 9], ["b", 9.6, 8])), "a");
  assert.equal(fastest(times(["a", 10, 9], ["b", 5, 8.9])), "a", "its median was luck");
  assert.equal(fastest(times(["a", 10, 9], ["b", 9, 8], ["c", 8, 7])), "c");
  assert.equal(fastest(times(["a", 10, 9], ["b", 8, 7], ["c", 8, 7])), "b", "the earlier of equals");
});
