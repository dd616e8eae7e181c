import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { sampleNorms, stepAlong } from "../../../../kernels/ops/perturbation/step_along.ts";
import {
  sampleNorms as normsTwin,
  stepAlong as stepTwin,
} from "../../../../kernels/reference/perturbation/step_along.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, halfTest, openTestDevice, runOp, uniform } from "../../../support/gpu.ts";

// One pixel; channels that fill no vec4; more chunks than a workgroup has lanes; more vec4s than chunks.
const shapes: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 1],
  [2, 5, 7, 6],
  [3, 3, 2, 4],
  [1, 37, 41, 19],
  [2, 129, 67, 8],
];

gpuTest("sampleNorms() and stepAlong() match the twins, the gradient that of x", async (device, t) => {
  for (const shape of shapes) {
    for (const options of [{ length: 2, epsilon: 1e-8 }, { length: -0.5, epsilon: 3, origin: 0.5 }]) {
      await t.step(`[${shape}] by ${options.length}`, async () => {
        const length = shape.reduce((a, b) => a * b, 1), [batch] = shape;
        const x = uniform(1, length, -3, 3), direction = uniform(2, length, 0, 1), dy = uniform(3, length);
        const { outputs: [y, norms], gradients } = await runOp(
          device,
          {
            x: { shape, values: x, tracked: "input" },
            direction: { shape, values: direction, tracked: "input" },
          },
          (graph, { x, direction }) => [
            stepAlong(graph, x, direction, options),
            sampleNorms(graph, direction, options),
          ],
          dy,
        );
        assertClose(norms!, normsTwin(direction, batch, options.origin), { rtol: 1e-6, what: "norms" });
        assertClose(y!, stepTwin(x, direction, batch, options), { rtol: 1e-6, atol: 1e-6, what: "y" });
        assertClose(gradients.x!, dy, { rtol: 1e-7, atol: 0, what: "dx" });
        assert.equal(gradients.direction, undefined);
      });
    }
  }
});

gpuTest(
  "stepAlong() goes nowhere along nothing, and hardly anywhere along what is small against ε",
  async (device) => {
    const shape = [2, 2, 3, 5],
      x = uniform(1, 60),
      direction = [...new Array(30).fill(0), ...uniform(2, 30, 1e-12, 2e-12)];
    const options = { length: 2, epsilon: 1e-8 };
    const { outputs: [y] } = await runOp(
      device,
      { x: { shape, values: x.map(() => 0) }, direction: { shape, values: direction } },
      (graph, { x, direction }) => [stepAlong(graph, x, direction, options)],
    );
    assert.ok(y!.slice(0, 30).every((value) => value === 0));
    assertClose(y!, stepTwin(x.map(() => 0), direction, 2, options), { rtol: 1e-5, atol: 0 });
  },
);

gpuTest(
  "stepAlong() takes a map for a direction, and nothing of what fills up its channels",
  async (device) => {
    const shape = [2, 3, 5, 6], x = uniform(1, 180), direction = uniform(2, 180, 0, 1);
    const filled = Array.from(
      { length: 240 },
      (_, i) => i % 8 < 6 ? direction[Math.floor(i / 8) * 6 + i % 8]! : 9,
    );
    const options = { length: 2, epsilon: 1e-8, origin: 0.5 };
    const { outputs: [y] } = await runOp(
      device,
      { x: { shape, values: x }, direction: { shape: [2, 3, 5, 8], values: filled, layout: "map" } },
      (graph, { x, direction }) => [stepAlong(graph, x, direction, options)],
    );
    assertClose(y!, stepTwin(x, direction, 2, options), { rtol: 1e-6, atol: 1e-6 });
  },
);

halfTest("stepAlong() takes x in f16, and gives f32 where that is asked for", async (device) => {
  const shape = [2, 5, 3, 6], x = Float64Array.from(Float16Array.from(uniform(1, 180, -2, 2)));
  const direction = Float64Array.from(Float16Array.from(uniform(2, 180)));
  const options = { length: 1e-4, epsilon: 1e-8 };
  const { outputs: [y, stored] } = await runOp(
    device,
    { x: { shape, values: x }, direction: { shape, values: direction } },
    (graph, { x, direction }) => [
      graph.inPrecision("f32", () => stepAlong(graph, x, direction, options)),
      stepAlong(graph, x, direction, options),
    ],
    undefined,
    { precision: "f16" },
  );
  const wanted = stepTwin(x, direction, 2, options);
  assertClose(y!, wanted, { rtol: 1e-6, atol: 1e-7 });
  assertClose(stored!, wanted, { rtol: 2 ** -10, atol: 1e-7 });
});

gpuTest(
  "stepAlong() gives the same bits on every run, and where tensors are bound in windows",
  async (device) => {
    // 61 × 67 pixels of 8 channels are 130,784 bytes: seven windows.
    const shape = [1, 61, 67, 7], length = 61 * 67 * 7;
    const run = async (on: typeof device) =>
      (await runOp(
        on,
        { x: { shape, values: uniform(1, length) }, direction: { shape, values: uniform(2, length) } },
        (graph, { x, direction }) => [stepAlong(graph, x, direction, { length: 2, epsilon: 1e-8 })],
      )).outputs;
    const whole = await run(device);
    assert.deepEqual(await run(device), whole);
    const limited = await openTestDevice({ bindingBytes: 70_000 });
    try {
      assert.deepEqual(await run(limited), whole);
      limited.check();
    } finally {
      limited.close();
    }
  },
);

Deno.test("stepAlong() refuses directions of another shape, and an ε of 0", () => {
  const graph = new Graph(0), x = makeTensor({ label: "x", shape: [2, 5, 4, 3] });
  const other = makeTensor({ label: "d", shape: [2, 5, 4, 4] });
  assert.throws(
    () => stepAlong(graph, x, other, { length: 1, epsilon: 1 }),
    /Cannot move x \[2,5,4,3\] along d \[2,5,4,4\]: the shapes must be equal/,
  );
  for (const epsilon of [0, -1, NaN]) {
    assert.throws(() => stepAlong(graph, x, x, { length: 1, epsilon }), /ε .*: it must be more than 0/);
  }
});
