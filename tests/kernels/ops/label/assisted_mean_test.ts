import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { assistedMean } from "../../../../kernels/ops/label/assisted_mean.ts";
import { assistedMean as twin } from "../../../../kernels/reference/label/assisted_mean.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

/** Logits in eighths, so that means are exact, ties are many, and some are 0. */
const logits = (seed: number, length: number) =>
  uniform(seed, length, -2, 2).map((x) => Math.round(8 * x) / 8 + 0);

const cases: readonly (readonly [shape: readonly [number, number, number, number], kept: number])[] = [
  [[1, 1, 1, 1], 1],
  [[2, 5, 7, 21], 7],
  [[1, 9, 13, 7], 7],
  [[3, 4, 3, 5], 2],
  [[1, 6, 5, 150], 7],
];

gpuTest(
  "assistedMean() matches the twin to the bit, ties and zeros too, whichever assists",
  async (device, t) => {
    for (const [shape, kept] of cases) {
      await t.step(`${kept} of [${shape}]`, async () => {
        const length = shape.reduce((a, b) => a * b, 1), one = logits(1, length), two = logits(2, length);
        const { outputs } = await runOp(
          device,
          {
            one: { shape, values: one },
            two: { shape, values: two },
            turns: { shape: [1, 1, 4], values: [9, 0, 1, 9], layout: "map" },
          },
          (graph, { one, two, turns }) =>
            [1, 2].map((index) => assistedMean(graph, one, two, { kept, turn: { tensor: turns, index } })),
        );
        assert.deepEqual(outputs[0], twin(one, two, shape[3], kept));
        assert.deepEqual(outputs[1], twin(two, one, shape[3], kept));
      });
    }
  },
);

gpuTest("assistedMean() is what it says by hand", async (device) => {
  const shape = [1, 1, 1, 5], core = [1, 2, 3, 4, 5], assist = [0, 8, 8, 8, -2];
  const { outputs } = await runOp(
    device,
    {
      core: { shape, values: core },
      assist: { shape, values: assist },
      turns: { shape: [1, 1, 4], values: [0, 0, 0, 0], layout: "map" },
    },
    (graph, { core, assist, turns }) =>
      [2, 4].map((kept) => assistedMean(graph, core, assist, { kept, turn: { tensor: turns, index: 0 } })),
  );
  // Of equal ones the first; a 0 tells nothing.
  assert.deepEqual([...outputs[0]!], [1, 5, 5.5, 4, 5]);
  assert.deepEqual([...outputs[1]!], [1, 5, 5.5, 6, 5]);
});

Deno.test("assistedMean() refuses more classes than there are, and what is not alike", () => {
  const graph = new Graph(0), tensor = makeTensor({ label: "turns", shape: [1, 1, 4], layout: "map" });
  const image = (label: string, channels: number) => makeTensor({ label, shape: [2, 5, 5, channels] });
  const turn = { tensor, index: 0 };
  for (const kept of [0, 4, 1.5]) {
    assert.throws(
      () => assistedMean(graph, image("a", 3), image("b", 3), { kept, turn }),
      /Cannot keep the .* highest classes of b \[2,5,5,3\]: it must be a whole number from 1 to 3/,
    );
  }
  assert.throws(
    () => assistedMean(graph, image("a", 3), image("b", 4), { kept: 1, turn }),
    /Cannot assist a \[2,5,5,3\] by b \[2,5,5,4\]/,
  );
  assert.throws(
    () => assistedMean(graph, image("a", 3), image("b", 3), { kept: 1, turn: { tensor, index: 4 } }),
    /Cannot look up the turn 4/,
  );
});
