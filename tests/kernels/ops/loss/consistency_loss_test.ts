import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { consistencyLoss, type Distance, distances } from "../../../../kernels/ops/loss/consistency_loss.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { consistencyLoss as reference } from "../../../../kernels/reference/loss/consistency_loss.ts";
import { resizeBilinear } from "../../../../kernels/reference/feature/resize_bilinear.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, openTestDevice, runOp, uniform } from "../../../support/gpu.ts";
import { type UpsampledCase, upsampledCases } from "./upsampled_cases.ts";

const cases: readonly UpsampledCase[] = [
  { shape: [1, 1, 1, 1], height: 1, width: 1 },
  { shape: [1, 13, 11, 24], height: 13, width: 11 },
  ...upsampledCases,
];

/** A case with its logits, stored and of every pixel; some pixels count for nothing. */
function prepare({ shape, height, width }: UpsampledCase) {
  const [batch, inHeight, inWidth, classes] = shape, pixels = batch * height * width;
  const stored = uniform(1, batch * inHeight * inWidth * classes, -4, 4);
  const { y, gradient } = resizeBilinear(stored, shape, height, width);
  return {
    classes,
    stored,
    logits: y,
    gradient,
    targets: uniform(2, pixels * classes, -4, 4),
    weights: uniform(3, pixels, 0, 2).map((weight, i) => i % 3 === 2 ? 0 : weight),
    map: [batch, height, width],
  };
}

async function run(
  device: Device,
  { shape, height, width }: UpsampledCase,
  { stored, targets, weights }: {
    stored: ArrayLike<number>;
    targets: ArrayLike<number>;
    weights: ArrayLike<number>;
  },
  distance: Distance,
  { factor = 1, tracked = true } = {},
): Promise<{ value: number; gradient: Float64Array | undefined }> {
  const map = [shape[0], height, width];
  const { outputs } = await runOp(
    device,
    {
      logits: { shape, values: stored, ...(tracked && { tracked: "input" }) },
      targets: { shape: [...map, shape[3]], values: targets },
      weights: { shape: map, values: weights, layout: "map" },
    },
    (graph, { logits, targets, weights }) => {
      const loss = consistencyLoss(graph, logits, targets, {
        label: "test",
        distance,
        weights,
        size: { height, width },
      });
      return [loss.value, ...loss.backward(graph, factor).map(([, gradient]) => gradient)];
    },
  );
  return { value: outputs[0]![0]!, gradient: outputs[1] };
}

for (const distance of distances) {
  gpuTest(`consistencyLoss() by ${distance} and its gradient match the twin`, async (device, t) => {
    for (const one of cases) {
      await t.step(`[${one.shape}] to ${one.height} × ${one.width}`, async () => {
        const given = prepare(one), { logits, targets, classes, weights } = given;
        const expected = reference(logits, targets, classes, { distance, weights });
        const actual = await run(device, one, given, distance, { factor: 0.75 });
        assertClose([actual.value], [expected.value], { rtol: 2e-5, atol: 1e-6, what: "value" });
        assertClose(
          actual.gradient!,
          given.gradient(expected.gradient).map((entry) => 0.75 * entry),
          { rtol: 1e-4, atol: 3e-6 / given.stored.length, what: "gradient" },
        );
      });
    }
  });

  Deno.test(`consistencyLoss() by ${distance}: the twin gives the value's derivative`, () => {
    const [logits, targets, weights, h] = [uniform(4, 12), uniform(5, 12), [0.5, 2, 0, 3], 1e-5];
    const options = { distance, weights };
    const moved = (i: number, by: number) =>
      reference(logits.map((x, j) => i === j ? x + by : x), targets, 3, options).value;
    const { gradient } = reference(logits, targets, 3, options);
    assertClose(gradient, logits.map((_, i) => (moved(i, h) - moved(i, -h)) / (2 * h)), {
      rtol: 1e-6,
      atol: 1e-9,
    });
  });
}

gpuTest(
  "consistencyLoss() weighs all pixels alike where no weights are given, over pixels or images",
  async (device, t) => {
    for (const one of [cases[1]!, { shape: [3, 5, 4, 7], height: 19, width: 13 } as const]) {
      for (const denominator of ["all", "images"] as const) {
        await t.step(`[${one.shape}] to ${one.height} × ${one.width}, ${denominator}`, async () => {
          const { logits, stored, targets, classes, gradient, weights, map } = prepare(one);
          const expected = reference(logits, targets, classes, {
            distance: "kl-divergence",
            weights: weights.map(() => 1),
            denominator: denominator === "all" ? weights.length : one.shape[0],
          });
          const { outputs } = await runOp(
            device,
            {
              logits: { shape: one.shape, values: stored, tracked: "input" },
              targets: { shape: [...map, classes], values: targets },
            },
            (graph, { logits, targets }) => {
              const { height, width } = one, distance = "kl-divergence";
              const options = { label: "test", distance, denominator, size: { height, width } } as const;
              const loss = consistencyLoss(graph, logits, targets, options);
              return [loss.value, loss.backward(graph, 1)[0]![1]];
            },
          );
          assertClose([outputs[0]![0]!], [expected.value], { rtol: 2e-5, what: "value" });
          const wanted = gradient(expected.gradient), scale = Math.max(...wanted.map(Math.abs));
          assertClose(outputs[1]!, wanted, { rtol: 1e-4, atol: 1e-6 * scale, what: "gradient" });
        });
      }
    }
  },
);

gpuTest("consistencyLoss() is what it says by hand, over all pixels", async (device) => {
  const one = { shape: [1, 1, 4, 2], height: 1, width: 4 } as const;
  // Probabilities ½ against 0.8 and 0.2 in one pixel of four; padding has no weight.
  const stored = [0, 0, 9, -9, 9, -9, 9, -9], targets = [Math.log(4), 0, 0, 0, 0, 0, 0, 0];
  const given = { stored, targets, weights: [0.5, 0, 0, 0] };
  const weigh = (value: number) => 0.5 * value / 4;
  const wanted: Record<Distance, number> = {
    "probabilities": 2 * 0.3 ** 2,
    "logits": Math.log(4) ** 2 / Math.SQRT2,
    "smooth-l1": (Math.log(4) - 0.5) / Math.SQRT2,
    "binary-cross-entropy": 2 * Math.log(2),
    "kl-divergence": 0.8 * Math.log(1.6) + 0.2 * Math.log(0.4),
  };
  for (const distance of distances) {
    const { value } = await run(device, one, given, distance);
    assertClose([value], [weigh(wanted[distance])], { rtol: 1e-5, atol: 1e-7, what: distance });
  }
});

gpuTest("consistencyLoss() is finite for logits whose exponentials overflow", async (device) => {
  const one = { shape: [1, 1, 3, 6], height: 1, width: 3 } as const;
  const stored = [0, 1000, 2000, 0, -500, 30, 1e4, 1e4 + 0.5, 1e4 - 0.25, 1e4 + 1, 1e4 - 3, 1e4 + 0.125]
    .concat([0, 1, 2, 3, 4, 5]);
  const targets = [0, 1000, 0, 2000, -500, 30, 1e4, 1e4 + 1, 1e4, 1e4 + 1, 1e4 - 3, 1e4].concat(
    [2e4, 0, -2e4, 0, 1, 2],
  );
  const weights = [1, 2, 3];
  for (const distance of distances) {
    const expected = reference(stored, targets, 6, { distance, weights });
    const actual = await run(device, one, { stored, targets, weights }, distance);
    assertClose([actual.value], [expected.value], { rtol: 1e-5, what: distance });
    assertClose(actual.gradient!, expected.gradient, {
      rtol: 1e-4,
      atol: 1e-6,
      what: `${distance}, gradient`,
    });
  }
});

gpuTest(
  "consistencyLoss() writes zeros to the padding of its gradient, whatever is in that of its inputs",
  async (device) => {
    const shape = [1, 3, 3, 5], size = { height: 7, width: 6 }, target = [1, 7, 6, 5];
    const memory = allocate(device, "test", [
      { label: "logits", shape },
      { label: "targets", shape: target },
      { label: "weights", shape: target.slice(0, 3), layout: "map" },
    ]);
    const [logits, targets, weights] = memory.tensors as [Tensor, Tensor, Tensor];
    const fill = (tensor: Tensor, seed: number) =>
      upload(device, tensor, Float32Array.from(uniform(seed, tensor.bytes / 4, 1, 5)));
    for (const [i, tensor] of memory.tensors.entries()) fill(tensor, i);
    for (const distance of distances) {
      const graph = new Graph(0);
      const tracked = makeTensor({ ...logits, tracked: true });
      const loss = consistencyLoss(graph, tracked, targets, { label: "test", distance, weights, size });
      const gradient = graph.keep(loss.backward(graph, 1)[0]![1]);
      const program = compile(device, graph);
      // Whatever the workspace held before must not show.
      fill(program.locate(gradient), 9);
      program.run();
      const [stored] = await readBack(device, [program.locate(gradient)]);
      stored!.forEach((entry, i) =>
        assert.ok(i % 8 < 5 ? entry !== 0 : entry === 0, `${distance}: entry ${i} is ${entry}`)
      );
      program.free();
    }
    memory.free();
  },
);

gpuTest("consistencyLoss() without weight is 0, with zero gradients", async (device) => {
  const one = cases[2]!, given = prepare(one), weights = new Array(given.weights.length).fill(0);
  const { value, gradient } = await run(device, one, { ...given, weights }, "probabilities");
  assert.equal(value, 0);
  assert.ok(gradient!.every((entry) => entry === 0));
});

gpuTest("consistencyLoss() gives bit-equal sums, tracked or not, on every run", async (device) => {
  const one = { shape: [1, 23, 21, 7], height: 97, width: 89 } as const, given = prepare(one);
  const once = await run(device, one, given, "probabilities");
  const again = await run(device, one, given, "probabilities");
  assert.deepEqual(once, again);
  const untracked = await run(device, one, given, "probabilities", { tracked: false });
  assert.deepEqual(untracked, { value: once.value, gradient: undefined });
});

gpuTest("consistencyLoss() gives the same bits where targets are bound in windows", async (device) => {
  // 33 × 31 pixels of 8 channels are 32,736 bytes: two windows.
  const one = { shape: [1, 9, 8, 7], height: 33, width: 31 } as const, given = prepare(one);
  const limited = await openTestDevice({ bindingBytes: 20_000 });
  try {
    const whole = await run(device, one, given, "binary-cross-entropy");
    assert.ok(whole.value > 0);
    assert.deepEqual(await run(limited, one, given, "binary-cross-entropy"), whole);
    limited.check();
  } finally {
    limited.close();
  }
});

Deno.test("consistencyLoss() refuses targets and weights that do not fit", () => {
  const graph = new Graph(0), logits = makeTensor({ label: "logits", shape: [2, 5, 4, 3] });
  const compare = (target: readonly number[], map: readonly number[]) =>
    consistencyLoss(graph, logits, makeTensor({ label: "goal", shape: target }), {
      label: "x",
      distance: "probabilities",
      weights: makeTensor({ label: "map", shape: map, layout: "map" }),
      size: { height: 9, width: 7 },
    });
  assert.throws(
    () => compare([2, 5, 4, 3], [2, 9, 7]),
    /Cannot compare logits \[2,5,4,3\] with goal \[2,5,4,3\] .*: logits \[2,9,7,3\] are needed/,
  );
  assert.throws(
    () => compare([2, 9, 7, 3], [2, 5, 4]),
    /Cannot weigh the distances of logits \[2,5,4,3\] by map .* a f32 map \[2,9,7\] is needed/,
  );
});
