import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { channelDropout } from "../../../../kernels/ops/feature/channel_dropout.ts";
import {
  channelDropout as reference,
  channelDropoutMask,
} from "../../../../kernels/reference/feature/channel_dropout.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const counters = (seed: number, epoch: number, step: number) =>
  ({ shape: [1, 1, 4], layout: "map", dtype: "u32", values: [seed, epoch, step, 0] }) as const;

gpuTest("channelDropout() draws the host's mask bit for bit", async (device, t) => {
  const addresses = [
    { seed: 0, stream: "", epoch: 0, step: 0, probability: 0.5 },
    { seed: 0xdeadbeef, stream: "perturbation", epoch: 7, step: 65_537, probability: 0.1 },
    { seed: 0xffffffff, stream: "Störung", epoch: 0xffffffff, step: 0x80000000, probability: 0.7 },
  ];
  for (const { probability, ...address } of addresses) {
    await t.step(JSON.stringify(address), async () => {
      const shape = [5, 3, 7, 203];
      const x = new Float64Array(5 * 3 * 7 * 203).fill(1);
      const run = await runOp(
        device,
        { x: { shape, values: x }, counters: counters(address.seed, address.epoch, address.step) },
        (
          graph,
          { x, counters },
        ) => [channelDropout(graph, x, { probability, streams: [address.stream], counters })],
      );
      const mask = channelDropoutMask(5, 203, probability, address);
      assert.deepEqual(run.outputs[0], reference(x, mask.map(Math.fround), 203));
      const dropped = mask.filter((factor) => factor === 0).length / mask.length;
      assert.ok(Math.abs(dropped - probability) < 0.06, `${dropped} of the channels are zeroed`);
    });
  }
});

gpuTest("channelDropout() gives each part of the batch the masks of its own stream", async (device) => {
  const shape = [6, 3, 5, 21], length = 6 * 3 * 5 * 21;
  const x = uniform(1, length, 1, 2);
  const run = await runOp(
    device,
    { x: { shape, values: x }, counters: counters(3, 1, 2) },
    (graph, { x, counters }) => [
      channelDropout(graph, x, { probability: 0.5, streams: ["a", "b", "c"], counters }),
    ],
  );
  const address = { seed: 3, epoch: 1, step: 2 };
  const masks = ["a", "b", "c"].map((stream) => channelDropoutMask(2, 21, 0.5, { ...address, stream }));
  const expected = reference(x, Float64Array.from(masks.flatMap((mask) => [...mask])), 21);
  assertClose(run.outputs[0]!, expected, { rtol: 1e-7, atol: 0 });
});

gpuTest(
  "channelDropout() and its gradient match the twin at awkward sizes, with exact zeros",
  async (device, t) => {
    for (const shape of [[1, 1, 1, 1], [3, 7, 5, 21], [2, 17, 31, 6]]) {
      await t.step(`[${shape}]`, async () => {
        const length = shape.reduce((a, b) => a * b, 1), channels = shape.at(-1)!;
        // A gradient that is not finite must not leak through a zeroed channel as NaN.
        const x = uniform(1, length, 1, 2), gradient = uniform(2, length, 1, 2).fill(Infinity, 0, length / 2);
        const mask = channelDropoutMask(shape[0]!, channels, 0.5, {
          seed: 3,
          stream: "s",
          epoch: 1,
          step: 2,
        });
        const run = await runOp(
          device,
          { x: { shape, values: x, tracked: "input" }, counters: counters(3, 1, 2) },
          (
            graph,
            { x, counters },
          ) => [channelDropout(graph, x, { probability: 0.5, streams: ["s"], counters })],
          gradient,
        );
        assertClose(run.outputs[0]!, reference(x, mask, channels), { rtol: 1e-7, atol: 0 });
        const zeroed = reference(x, mask, channels);
        assert.deepEqual(run.gradients.x, gradient.map((value, i) => zeroed[i] === 0 ? 0 : 2 * value));
      });
    }
  },
);

Deno.test("channelDropout() passes x on for probability 0, and refuses what is none", () => {
  const graph = new Graph(0);
  const x = makeTensor({ label: "x", shape: [1, 2, 2, 4] });
  const counters = makeTensor({ label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" });
  assert.equal(channelDropout(graph, x, { probability: 0, streams: ["s"], counters }), x);
  for (const probability of [-0.1, 1, NaN]) {
    assert.throws(
      () => channelDropout(graph, x, { probability, streams: ["s"], counters }),
      (error) => error instanceof RangeError && /it must be in \[0, 1\)/.test(error.message),
    );
  }
  assert.throws(
    () => channelDropout(graph, x, { probability: 0.5, streams: ["s"], counters: x }),
    ShapeError,
  );
});
