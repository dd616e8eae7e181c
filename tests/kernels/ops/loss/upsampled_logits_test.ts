import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { addProbabilities } from "../../../../kernels/ops/label/add_probabilities.ts";
import { argMax } from "../../../../kernels/ops/label/arg_max.ts";
import { clear } from "../../../../kernels/ops/feature/clear.ts";
import { entropy } from "../../../../kernels/ops/label/entropy.ts";
import { ohemLabels } from "../../../../kernels/ops/label/ohem.ts";
import { softmaxCrossEntropy } from "../../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { walkLogits } from "../../../../kernels/ops/loss/upsampled_logits.ts";
import { addProbabilities as addProbabilitiesTwin } from "../../../../kernels/reference/label/add_probabilities.ts";
import { argMax as argMaxTwin } from "../../../../kernels/reference/label/arg_max.ts";
import { entropy as entropyTwin } from "../../../../kernels/reference/label/entropy.ts";
import { ohemLabels as ohemTwin } from "../../../../kernels/reference/label/ohem.ts";
import { resizeBilinear } from "../../../../kernels/reference/feature/resize_bilinear.ts";
import { softmaxCrossEntropy as crossEntropyTwin } from "../../../../kernels/reference/loss/softmax_cross_entropy.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";
import { type UpsampledCase, upsampledCases } from "./upsampled_cases.ts";

const cases: readonly UpsampledCase[] = [
  ...upsampledCases,
  { shape: [1, 9, 9, 24], height: 33, width: 33 },
  { shape: [1, 3, 5, 1], height: 8, width: 5 },
  // So wide that a segment takes more rows than usual.
  { shape: [1, 12, 2, 2], height: 14, width: 17_000 },
];

/** A case with its logits, stored and of every pixel. */
function prepare({ shape, height, width }: UpsampledCase) {
  const [batch, inHeight, inWidth, classes] = shape;
  const pixels = batch * height * width;
  const stored = uniform(1, batch * inHeight * inWidth * classes, -9, 5);
  const { y, gradient } = resizeBilinear(stored, shape, height, width);
  const labels = [...uniform(2, pixels, 0, classes)].map((x, i) => i % 3 === 2 ? 255 : Math.floor(x));
  return { pixels, classes, stored, logits: y, gradient, labels, map: [batch, height, width] };
}

function everyCase(
  t: Deno.TestContext,
  body: (one: UpsampledCase & ReturnType<typeof prepare>) => Promise<void>,
): Promise<unknown> {
  return cases.reduce<Promise<unknown>>(
    (before, one) =>
      before.then(() =>
        t.step(`[${one.shape}] to ${one.height} × ${one.width}`, () => body({ ...one, ...prepare(one) }))
      ),
    Promise.resolve(),
  );
}

gpuTest(
  "softmaxCrossEntropy() of an image's pixels, of which fewer are stored, matches the twins",
  async (device, t) => {
    await everyCase(t, async ({ shape, pixels, classes, stored, logits, gradient, labels, map, ...size }) => {
      const all = new Array(pixels).fill(255),
        some = uniform(3, pixels, 0, 2),
        none = new Array(pixels).fill(0);
      for (
        const [denominator, targets, weights] of [
          ["valid", labels, undefined],
          ["valid", labels, some],
          ["weights", labels, some],
          ["weights", labels, none],
          ["all", labels, undefined],
          ["valid", all, undefined],
        ] as const
      ) {
        const twin = crossEntropyTwin(logits, targets, classes, { denominator, ...(weights && { weights }) });
        const { outputs } = await runOp(
          device,
          {
            logits: { shape, values: stored, tracked: "input" },
            labels: { shape: map, values: targets, layout: "map", dtype: "u32" },
            weights: { shape: map, values: weights ?? none, layout: "map" },
          },
          (graph, { logits, labels, weights: given }) => {
            const loss = softmaxCrossEntropy(graph, logits, labels, {
              label: "test",
              denominator,
              size,
              ...(weights && { weights: given }),
            });
            return [loss.value, ...loss.backward(graph, 0.75).map(([, gradient]) => gradient)];
          },
        );
        const what = `${denominator}, ${targets === all ? "all ignored" : ""}`;
        assertClose(outputs[0]!, [twin.value], { rtol: 1e-5, what: `value, ${what}` });
        const expected = gradient(twin.gradient).map((entry) => 0.75 * entry);
        assertClose(outputs[1]!, expected, {
          rtol: 1e-4,
          atol: 3e-6 / stored.length,
          what: `gradient, ${what}`,
        });
        if (twin.value === 0) assert.ok(outputs[1]!.every((entry) => entry === 0) || classes === 1);
      }
    });
  },
);

gpuTest(
  "softmaxCrossEntropy() of logits that are not tracked gives the same value, and no gradient",
  async (device) => {
    const { shape, height, width, stored, labels, map } = { ...cases[0]!, ...prepare(cases[0]!) };
    const value = async (tracked: boolean) => {
      const { outputs } = await runOp(
        device,
        {
          logits: { shape, values: stored, ...(tracked && { tracked: "input" }) },
          labels: { shape: map, values: labels, layout: "map", dtype: "u32" },
        },
        (graph, { logits, labels }) => {
          const size = { height, width };
          const loss = softmaxCrossEntropy(graph, logits, labels, {
            label: "test",
            denominator: "valid",
            size,
          });
          assert.equal(loss.backward(graph, 1).length, Number(tracked));
          return [loss.value];
        },
      );
      return outputs[0]![0]!;
    };
    assert.equal(await value(false), await value(true));
  },
);

gpuTest("argMax() of an image's pixels, of which fewer are stored, matches the twins", async (device, t) => {
  await everyCase(t, async ({ shape, classes, stored, logits, height, width }) => {
    const { outputs } = await runOp(device, { logits: { shape, values: stored } }, (graph, { logits }) => {
      const options = { scale: 0.5, size: { height, width } };
      const byLogit = argMax(graph, logits, { ...options, confidence: "logit" });
      const byProbability = argMax(graph, logits, { ...options, confidence: "probability" });
      return [byLogit.labels, byLogit.confidence, byProbability.labels, byProbability.confidence];
    });
    const expected = argMaxTwin(logits, classes, 0.5);
    for (const labels of [outputs[0]!, outputs[2]!]) {
      labels.forEach((label, i) => {
        // Rounding may choose between logits that are as good as equal.
        const behind = logits[i * classes + expected.labels[i]!]! - logits[i * classes + label]!;
        assert.ok(label < classes && behind < 1e-5, `pixel ${i} is of class ${label}, ${behind} behind`);
      });
    }
    assertClose(outputs[1]!, expected.logits);
    assertClose(outputs[3]!, expected.probabilities);
  });
});

gpuTest("entropy() of an image's pixels, of which fewer are stored, matches the twins", async (device, t) => {
  await everyCase(t, async ({ shape, classes, stored, logits, height, width }) => {
    const { outputs } = await runOp(
      device,
      { logits: { shape, values: stored } },
      (graph, { logits }) => [entropy(graph, logits, { scale: 0.5, size: { height, width } })],
    );
    assertClose(outputs[0]!, entropyTwin(logits, classes, 0.5));
  });
});

gpuTest(
  "ohemLabels() of an image's pixels, of which fewer are stored, keeps what the twins keep",
  async (device, t) => {
    await everyCase(t, async ({ shape, classes, stored, logits, labels, map, ...size }) => {
      const options = { threshold: 0.05, minKept: Math.ceil(labels.length / 5) };
      const expected = ohemTwin(logits, labels, classes, options);
      const { outputs } = await runOp(
        device,
        {
          logits: { shape, values: stored },
          labels: { shape: map, values: labels, layout: "map", dtype: "u32" },
        },
        (graph, { logits, labels }) => [ohemLabels(graph, logits, labels, { ...options, size })],
      );
      expected.probabilities.forEach((p, i) => {
        // Rounding may order pixels otherwise whose probabilities are as good as equal.
        if (Math.abs(p - expected.limit) > 1e-5 * expected.limit) {
          assert.equal(outputs[0]![i], expected.labels[i]);
        }
      });
    });
  },
);

gpuTest(
  "addProbabilities() of a window's pixels, of which fewer are stored, matches the twins",
  async (device, t) => {
    await everyCase(t, async ({ shape, classes, stored, logits, map, height, width }) => {
      const totals = [shape[0], 6, 10, classes], place = { x: -1, y: 2, scale: 0.5 };
      const values = new Float64Array(shape[0] * 60 * classes);
      addProbabilitiesTwin({ shape: [...map, classes], values: logits }, { shape: totals, values }, place);
      const { outputs } = await runOp(device, { logits: { shape, values: stored } }, (graph, { logits }) => {
        const sums = graph.tensor({ label: "totals", shape: totals });
        clear(graph, sums);
        addProbabilities(graph, logits, sums, { ...place, size: { height, width } });
        return [sums];
      });
      assertClose(outputs[0]!, values);
    });
  },
);

Deno.test("an image has no fewer pixels than there are logits, and of each axis at most 32768", () => {
  const logits = makeTensor({ label: "logits", shape: [1, 4, 5, 3] });
  assert.throws(
    () => argMax(new Graph(0), logits, { confidence: "logit", size: { height: 3, width: 9 } }),
    new ShapeError(
      "Cannot take logits [1,4,5,3] for the logits of 3 × 9 pixels: an image's extents must be integers from the " +
        "logits' own to 32768",
    ),
  );
  for (const [height, width] of [[4, 4], [4, 32_769], [4.5, 5], [NaN, 5]]) {
    assert.throws(() => walkLogits(logits, { height: height!, width: width! }), ShapeError);
  }
});

Deno.test("large images are walked in segments that neither leave a pixel out nor are too many", () => {
  for (
    const [batch, side, size] of [[2, 33, 129], [2, 128, 512], [6, 201, 801], [1, 512, 2048], [8, 16, 64]]
  ) {
    const logits = makeTensor({ label: "logits", shape: [batch!, side!, side!, 21] });
    const { count, span, segments } = walkLogits(logits, { height: size!, width: size! });
    assert.ok(span * segments >= side! - 1 && span * (segments - 1) < side! - 1);
    assert.ok(span >= 4 && count === batch! * segments * size! && count <= 32_768, `${count} walks`);
  }
});
