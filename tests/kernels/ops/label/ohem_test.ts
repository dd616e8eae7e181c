import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { ohemLabels, type OhemOptions } from "../../../../kernels/ops/label/ohem.ts";
import { ohemLabels as reference } from "../../../../kernels/reference/label/ohem.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

async function mine(
  device: Device,
  shape: number[],
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: OhemOptions,
): Promise<number[]> {
  const { outputs } = await runOp(
    device,
    {
      logits: { shape, values: logits },
      labels: { shape: shape.slice(0, 3), values: labels, dtype: "u32", layout: "map" },
    },
    (graph, { logits, labels }) => [ohemLabels(graph, logits, labels, options)],
  );
  return [...outputs[0]!];
}

gpuTest("ohemLabels() keeps the pixels the twin keeps", async (device, t) => {
  for (const shape of [[1, 1, 1, 3], [2, 7, 5, 21], [2, 71, 67, 5]]) {
    const pixels = shape[0]! * shape[1]! * shape[2]!, classes = shape[3]!;
    const logits = uniform(1, pixels * classes, -4, 4);
    const labels = uniform(2, pixels, 0, classes).map((x, i) => i % 6 === 5 ? 255 : Math.floor(x));
    const valid = labels.filter((label) => label !== 255).length;
    for (const minKept of new Set([1, Math.ceil(valid / 3), Math.max(valid - 1, 1), valid, valid + 1])) {
      for (const threshold of [0.05, 0.7, 1]) {
        await t.step(`[${shape}], ${minKept} of ${valid}, threshold ${threshold}`, async () => {
          const options = { threshold, minKept };
          const expected = reference(logits, labels, classes, options);
          const actual = await mine(device, shape, logits, labels, options);
          // The device's f32 may order pixels otherwise that are closer than its rounding.
          const near = (p: number) => Math.abs(p - expected.limit) < 3e-6 * expected.limit;
          let compared = 0;
          expected.probabilities.forEach((p, i) => {
            if (near(p) && labels[i] !== 255) return;
            compared++;
            assert.equal(
              actual[i],
              expected.labels[i],
              `pixel ${i} of probability ${p}, limit ${expected.limit}`,
            );
          });
          assert.ok(compared >= 0.99 * pixels - 1, `${compared} of ${pixels} pixels are comparable`);
          if (minKept <= valid) assert.ok(actual.filter((label) => label !== 255).length >= minKept);
        });
      }
    }
  }
});

gpuTest("ohemLabels() keeps exactly the hardest of well-separated pixels", async (device) => {
  // p rises from pixel to pixel; the last two are ignored.
  const shape = [1, 1, 8, 2], logits = [-3, -2, -1, 0, 1, 2, 3, -9].flatMap((x) => [x, 0]);
  const labels = [0, 0, 0, 0, 0, 0, 7, 7];
  const kept = async (options: OhemOptions) =>
    (await mine(device, shape, logits, labels, { ...options, ignore: 7 })).map((label) => label === 0 ? 1 : 0)
      .join("");
  assert.equal(await kept({ threshold: 0.01, minKept: 1 }), "10000000");
  assert.equal(await kept({ threshold: 0.01, minKept: 4 }), "11110000");
  assert.equal(await kept({ threshold: 0.6, minKept: 1 }), "11110000");
  assert.equal(await kept({ threshold: 0.01, minKept: 6 }), "11111100");
  assert.equal(await kept({ threshold: 0.01, minKept: 7 }), "11111100");
});

gpuTest("ohemLabels() does not hide a NaN from the loss", async (device) => {
  const logits = [NaN, 1, 5, 0, 5, 0, -5, 0];
  const labels = await mine(device, [1, 1, 4, 2], logits, [0, 0, 0, 0], { threshold: 0.5, minKept: 1 });
  assert.deepEqual(labels, [0, 255, 255, 0]);
});

Deno.test("ohemLabels() mines nothing for minKept 0, and refuses options out of range", () => {
  const logits = makeTensor({ label: "logits", shape: [1, 2, 3, 4] });
  const labels = makeTensor({ label: "labels", shape: [1, 2, 3], dtype: "u32", layout: "map" });
  const graph = new Graph(0);
  assert.equal(ohemLabels(graph, logits, labels, { threshold: 0.7, minKept: 0 }), labels);
  assert.equal(graph.dispatches.length, 0);
  for (const [threshold, minKept] of [[0, 1], [1.5, 1], [0.7, -1], [0.7, 0.5], [NaN, 1]] as const) {
    assert.throws(
      () => ohemLabels(graph, logits, labels, { threshold, minKept }),
      /a number in \(0, 1\] and a count are needed/,
    );
  }
});
