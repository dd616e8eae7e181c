import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { reverseCrossEntropy } from "../../../../kernels/ops/loss/reverse_cross_entropy.ts";
import { resizeBilinear } from "../../../../kernels/reference/feature/resize_bilinear.ts";
import { reverseCrossEntropy as reference } from "../../../../kernels/reference/loss/reverse_cross_entropy.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";
import { type UpsampledCase, upsampledCases } from "./upsampled_cases.ts";

const someLabels = (pixels: number, classes: number) =>
  [...uniform(2, pixels, 0, classes)].map((x, i) => i % 3 === 2 ? 255 : i === 4 ? 200 : Math.floor(x));

async function run(
  device: Device,
  { shape, ...size }: UpsampledCase,
  given: Readonly<Record<"logits" | "labels" | "weights", ArrayLike<number>>>,
  { tracked = true, weight = 1 } = {},
): Promise<Float64Array[]> {
  const map = { shape: [shape[0], size.height, size.width], layout: "map" } as const;
  const { outputs } = await runOp(
    device,
    {
      logits: { shape, values: given.logits, ...(tracked && { tracked: "input" as const }) },
      labels: { ...map, values: given.labels, dtype: "u32" },
      weights: { ...map, values: given.weights },
    },
    (graph, { logits, labels, weights }) => {
      const loss = reverseCrossEntropy(graph, logits, labels, { label: "test", size, weights });
      return [loss.value, ...loss.backward(graph, weight).map(([, gradient]) => gradient)];
    },
  );
  return outputs;
}

const same = ([batch, height, width, classes]: [number, number, number, number]): UpsampledCase => ({
  shape: [batch, height, width, classes],
  height,
  width,
});

gpuTest(
  "reverseCrossEntropy() and its gradient match the twins, stored or interpolated",
  async (device, t) => {
    const cases = [same([1, 1, 1, 1]), same([1, 1, 1, 5]), same([2, 7, 5, 21]), same([1, 200, 200, 3])];
    for (const one of [...cases, ...upsampledCases]) {
      const { shape, height, width } = one, [batch, , , classes] = shape;
      await t.step(`[${shape}] to ${height} × ${width}`, async () => {
        const logits = uniform(1, shape.reduce((a, b) => a * b, 1), -9, 5), pixels = batch * height * width;
        const labels = someLabels(pixels, classes), weights = uniform(3, pixels, 0, 2);
        const { y, gradient } = resizeBilinear(logits, shape, height, width);
        const expected = reference(y, labels, classes, weights);
        const [value, slopes] = await run(device, one, { logits, labels, weights }, { weight: 0.75 });
        assertClose(value!, [expected.value], { rtol: 1e-5, atol: 1e-9, what: "value" });
        assertClose(slopes!, gradient(expected.gradient).map((entry) => 0.75 * entry), {
          rtol: 1e-4,
          atol: 3e-6 / logits.length,
          what: "gradient",
        });
      });
    }
  },
);

gpuTest(
  "reverseCrossEntropy() keeps the digits of what is all but certain, and overflows nowhere",
  async (device) => {
    const logits = [20, 0, 0, 0, 17, 16, -1e30, 0, 90, 1e4, 1e4 + 0.5, 9e3], labels = [0, 1, 2, 0];
    const weights = [1, 1, 1, 1], expected = reference(logits, labels, 3, weights);
    const [value, slopes] = await run(device, same([1, 1, 4, 3]), { logits, labels, weights });
    assertClose(value!, [expected.value], { rtol: 1e-6 });
    assertClose(slopes!, expected.gradient, { rtol: 1e-5, atol: 1e-12 });
    assert.ok(Math.abs(expected.gradient[0]!) > 1e-9, "the first pixel pulls, however little");
  },
);

gpuTest(
  "reverseCrossEntropy() gives the same value without a gradient, and 0 where no pixel takes part",
  async (device) => {
    const one = same([1, 3, 5, 4]), logits = uniform(7, 60), labels = someLabels(15, 4);
    const weights = uniform(8, 15, 0, 1);
    const [tracked] = await run(device, one, { logits, labels, weights });
    const untracked = await run(device, one, { logits, labels, weights }, { tracked: false });
    assert.deepEqual(untracked, [tracked]);
    const none = await run(device, one, { logits, labels: new Array(15).fill(255), weights });
    assert.ok(none.every((output) => output.every((entry) => entry === 0)));
  },
);

Deno.test("reverseCrossEntropy() refuses maps that do not fit the logits", () => {
  const logits = makeTensor({ label: "logits", shape: [1, 2, 3, 4] });
  const map = (dtype: "u32" | "f32", shape: number[]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  const run = (labels: ReturnType<typeof map>, weights: ReturnType<typeof map>) => () =>
    reverseCrossEntropy(new Graph(0), logits, labels, { label: "test", weights });
  assert.throws(
    run(map("u32", [1, 3, 2]), map("f32", [1, 2, 3])),
    new ShapeError(
      'Cannot take the reverse cross-entropy of logits [1,2,3,4] by map [1,3,2] (u32, layout "map"): a u32 map [1,2,3] is needed',
    ),
  );
  assert.throws(
    run(map("u32", [1, 2, 3]), map("f32", [1, 2, 4])),
    /weigh the reverse cross-entropy .* a f32 map/,
  );
});
