/** What each step of a training is given: counters, rates, a threshold that rises. @module */
import assert from "node:assert/strict";
import type { Device } from "../../kernels/device.ts";
import type { CoTrainInput } from "../../stages/co_train.ts";
import { ccvc } from "../../stages/methods/ccvc.ts";
import { supervised } from "../../stages/methods/supervised.ts";
import { SCHEDULES_FROM } from "../../stages/training/update.ts";
import { gpuTest } from "../support/gpu.ts";
import { withFolder } from "../support/stage_run.ts";
import { small, train } from "./co_train_support.ts";

/** The numbers that each step of a training is given: its counters, and what its optimizer reads. */
async function numbersOf(device: Device, folder: string, input: Partial<CoTrainInput>) {
  const { queue } = device.gpu;
  const write = queue.writeBuffer.bind(queue);
  const counters: number[][] = [], rates: number[][] = [];
  queue.writeBuffer = (buffer, offset, data, ...rest) => {
    if (buffer.label === "control" && data instanceof Uint32Array) counters.push([...data]);
    if (buffer.label === "control" && data instanceof Float32Array && data[0] !== 0) rates.push([...data]);
    return write(buffer, offset, data, ...rest);
  };
  try {
    await train(device, folder, { ...small, ...input, method: supervised() }, { seed: 7 });
  } finally {
    queue.writeBuffer = write;
  }
  return { counters, rates };
}

gpuTest(
  "each step gets the seed, its address and the published rates",
  (device) =>
    withFolder(async (folder) => {
      const { counters, rates } = await numbersOf(device, folder, { backboneRate: 1, headRate: 10 });
      // seed, epoch, step of the whole run
      assert.deepEqual(counters, [0, 1, 2, 3, 4, 5, 6, 7].map((step) => [7, step < 4 ? 0 : 1, step, 0]));
      const decay = [1, 1, ...[1, 2, 3, 4, 5, 6].map((n) => (1 - n / 8) ** 0.9)];
      assert.deepEqual(
        rates,
        decay.map((factor) => {
          const rate = 0.01 * factor;
          return [rate, rate, rate, rate * 10, rate * 10, rate * 10, 0, 0].map(Math.fround);
        }),
      );
    })(),
);

gpuTest(
  "Adam at a constant rate: each step gets the rates of its groups, and corrections by its place in the run",
  (device) =>
    withFolder(async (folder) => {
      const groups = { backboneRate: 1, headRate: 2, normRate: 0.5, biasRate: 3 };
      const adam = { optimizer: "adam", beta1: 0.5, beta2: 0.75, baseRate: 0.001, power: 0 } as const;
      const { rates } = await numbersOf(device, folder, { ...adam, ...groups, epochs: 1 });
      const own = [1, 0.5, 3, 2, 1, 6].map((multiple) => 0.001 * multiple);
      assert.deepEqual(
        rates,
        [1, 2, 3, 4].map((t) => [...own, 1 / (1 - 0.5 ** t), 1 / Math.sqrt(1 - 0.75 ** t)].map(Math.fround)),
      );
    })(),
);

gpuTest(
  "a self-paced threshold rises with the epochs of the method, and reaches the device",
  (device) =>
    withFolder(async (folder) => {
      const { queue } = device.gpu;
      const write = queue.writeBuffer.bind(queue);
      const thresholds: number[] = [];
      queue.writeBuffer = (buffer, offset, data, ...rest) => {
        if (buffer.label === "control" && data instanceof Float32Array && data[0] !== 0) {
          thresholds.push(data[SCHEDULES_FROM]!);
        }
        return write(buffer, offset, data, ...rest);
      };
      try {
        await train(device, folder, {
          ...small,
          method: ccvc({ selfPaced: true, threshold: 0.9, confidence: "probability" }),
          epochs: 4,
          warmUpEpochs: 1,
          stepsPerEpoch: 1,
          rateLag: 0,
          evaluateEvery: 4,
        });
      } finally {
        queue.writeBuffer = write;
      }
      assert.deepEqual(thresholds, [0.9, 0.9, 0.9 + 0.01, 0.9 + 0.01 + 0.01].map(Math.fround));
    })(),
);
