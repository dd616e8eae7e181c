import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { cosineDiscrepancy } from "../../../../kernels/ops/loss/cosine_discrepancy.ts";
import { cosineDiscrepancy as reference } from "../../../../kernels/reference/loss/cosine_discrepancy.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

type Side = "a" | "b";

/** Value, and the gradients of the tracked sides in order. */
async function run(
  device: Parameters<typeof runOp>[0],
  shape: number[],
  a: Float64Array,
  b: Float64Array,
  tracked: Side[] = ["a", "b"],
  weight = 1,
): Promise<Float64Array[]> {
  const given = (side: Side, values: Float64Array) => ({
    shape,
    values,
    ...(tracked.includes(side) && { tracked: "input" as const }),
  });
  const { outputs } = await runOp(device, { a: given("a", a), b: given("b", b) }, (graph, { a, b }) => {
    const loss = cosineDiscrepancy(graph, a, b, { label: "test" });
    const pairs = loss.backward(graph, weight);
    assert.deepEqual(pairs.map(([tensor]) => tensor), [a, b].filter((tensor) => tensor.tracked));
    return [loss.value, ...pairs.map(([, gradient]) => gradient)];
  });
  return outputs;
}

gpuTest("cosineDiscrepancy() and its gradients match the twin", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [1, 1, 1, 7], [2, 7, 5, 21], [1, 5, 3, 304], [1, 190, 180, 5]]) {
    await t.step(`[${shape}]`, async () => {
      const length = shape.reduce((a, b) => a * b, 1), pixels = length / shape[3]!;
      const a = uniform(1, length), b = uniform(2, length, -0.5, 1);
      const expected = reference(a, b, shape[3]!);
      const [value, gradientA, gradientB] = await run(device, shape, a, b, ["a", "b"], 2);
      assertClose(value!, [expected.value], { what: "value" });
      const double = (values: Float64Array) => values.map((x) => 2 * x);
      const tolerance = { rtol: 2e-5, atol: 1e-6 / pixels };
      assertClose(gradientA!, double(expected.gradientA), { ...tolerance, what: "gradient of a" });
      assertClose(gradientB!, double(expected.gradientB), { ...tolerance, what: "gradient of b" });
    });
  }
});

gpuTest("cosineDiscrepancy() differentiates only what is tracked", async (device) => {
  const shape = [1, 3, 5, 10], a = uniform(3, 150), b = uniform(4, 150);
  const expected = reference(a, b, 10);
  const onlyA = await run(device, shape, a, b, ["a"]);
  const onlyB = await run(device, shape, a, b, ["b"]);
  assert.deepEqual([onlyA.length, onlyB.length], [2, 2]);
  assertClose(onlyA[1]!, expected.gradientA, { atol: 1e-7 });
  assertClose(onlyB[1]!, expected.gradientB, { atol: 1e-7 });
  assert.equal((await run(device, shape, a, b, [])).length, 1);
});

gpuTest("cosineDiscrepancy() gives half of the value's derivative", async (device) => {
  const shape = [1, 2, 2, 3], a = uniform(5, 12), b = uniform(6, 12), h = 1e-4;
  const [, gradientA] = await run(device, shape, a, b);
  const moved = (i: number, by: number) => reference(a.map((x, j) => i === j ? x + by : x), b, 3).value;
  const derivative = a.map((_, i) => (moved(i, h) - moved(i, -h)) / (2 * h));
  assertClose(gradientA!, derivative.map((x) => x / 2), { rtol: 1e-4 });
});

gpuTest(
  "cosineDiscrepancy() takes zero vectors for orthogonal, with gradients of exactly 0",
  async (device) => {
    const shape = [1, 1, 4, 6], a = uniform(7, 24), b = uniform(8, 24);
    a.fill(0, 0, 6); // a is zero
    b.fill(0, 6, 12); // b is zero
    a.fill(0, 12, 18); // both are
    b.fill(0, 12, 18);
    const expected = reference(a, b, 6);
    const [value, gradientA, gradientB] = await run(device, shape, a, b);
    assertClose(value!, [expected.value]);
    for (const gradient of [gradientA!, gradientB!]) assert.ok(gradient.slice(0, 18).every((x) => x === 0));
    assertClose(gradientA!, expected.gradientA, { atol: 1e-6 });
  },
);

gpuTest("cosineDiscrepancy() clamps vanishing norms", async (device) => {
  const shape = [1, 1, 2, 5], a = uniform(9, 10), b = uniform(10, 10);
  for (let i = 0; i < 5; i++) a[i] = Math.fround(a[i]! * 1e-8);
  const expected = reference(a, b, 5);
  const [value, gradientA, gradientB] = await run(device, shape, a, b);
  assertClose(value!, [expected.value]);
  assertClose(gradientA!, expected.gradientA, { rtol: 1e-4 });
  assertClose(gradientB!, expected.gradientB);
});

Deno.test("cosineDiscrepancy() refuses maps of different shapes", () => {
  const tensor = (label: string, shape: number[]) => makeTensor({ label, shape });
  assert.throws(
    () =>
      cosineDiscrepancy(new Graph(0), tensor("one", [1, 2, 3, 4]), tensor("two", [1, 3, 2, 4]), {
        label: "x",
      }),
    new ShapeError("Cannot compare one [1,2,3,4] with two [1,3,2,4]: the shapes must be equal"),
  );
});
