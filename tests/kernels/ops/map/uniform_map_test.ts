import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { uniformMap } from "../../../../kernels/ops/map/uniform_map.ts";
import { uniformMap as reference } from "../../../../kernels/reference/map/uniform_map.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp } from "../../../support/gpu.ts";

const counters = (seed: number, epoch: number, step: number, first: number) =>
  ({ shape: [1, 1, 4], layout: "map", dtype: "u32", values: [seed, epoch, step, first] }) as const;

const addresses = [
  { seed: 0, stream: "", epoch: 0, step: 0 },
  { seed: 0xdeadbeef, stream: "Störung", epoch: 7, step: 65_537 },
  { seed: 0xffffffff, stream: "anchors", epoch: 0xffffffff, step: 0x80000000 },
];

gpuTest("uniformMap() draws the host's numbers bit for bit, by image or once a step", async (device, t) => {
  const shapes = [[1, 1, 1], [3, 5, 7], [5, 1], [2, 4], [2, 67, 129], [11]];
  for (const [i, shape] of shapes.entries()) {
    const address = addresses[i % addresses.length]!, first = 6;
    const length = shape.reduce((product, extent) => product * extent, 1);
    await t.step(`[${shape}] of ${JSON.stringify(address)}`, async () => {
      const { seed, epoch, step, stream } = address;
      const { outputs: [images, whole] } = await runOp(
        device,
        { counters: counters(seed, epoch, step, first) },
        (graph, { counters }) => [
          uniformMap(graph, { stream, shape, byImage: true, counters }),
          uniformMap(graph, { stream, shape, byImage: false, counters }),
        ],
      );
      const count = shape[0]!;
      assert.deepEqual([...images!], reference(address, length / count, { first, count }));
      assert.deepEqual([...whole!], reference(address, length), "micro-batches differ in nothing");
      assert.ok([...images!, ...whole!].every((value) => value >= 0 && value < 1));
    });
  }
});

gpuTest(
  "numbers that are drawn by image are those of the whole batch, in micro-batches too",
  async (device) => {
    const drawn = async (first: number, images: number) => {
      const { outputs: [values] } = await runOp(
        device,
        { counters: counters(3, 1, 2, first) },
        (graph, { counters }) => [
          uniformMap(graph, { stream: "s", shape: [images, 3, 7], byImage: true, counters }),
        ],
      );
      return [...values!];
    };
    const whole = await drawn(0, 4);
    assert.deepEqual([...await drawn(0, 1), ...await drawn(1, 3)], whole);
    assert.equal(new Set(whole).size, whole.length, "images have numbers of their own");
  },
);

Deno.test("uniformMap() refuses what is no shape, and counters that are none", () => {
  const counters = makeTensor({ label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" });
  const draw = (shape: readonly number[], given = counters) =>
    uniformMap(new Graph(0), { stream: "s", shape, byImage: true, counters: given });
  for (const shape of [[0, 2], [2.5], [65536, 65536]]) {
    assert.throws(() => draw(shape), ShapeError, `${shape}`);
  }
  assert.throws(
    () => draw([2], makeTensor({ label: "c", shape: [1, 1, 4], layout: "map" })),
    /Cannot draw random numbers "s".*a u32 map \[1,1,4\] is needed/,
  );
});
