import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";

import { confusion } from "../../../kernels/reference/label/confusion.ts";
import { openInference } from "../../../stages/evaluation/inference.ts";
import type { SampleSet } from "../../../stages/datasets/samples.ts";
import { gpuTest } from "../../support/gpu.ts";
import { withFolder } from "../../support/stage_run.ts";
import { shapesSet, square, testCheckpoint } from "../../support/training.ts";

const PREDICTIONS = ["branch1", "branch2", "average"];

type Opened = Awaited<ReturnType<typeof openInference>>;

function inferenceTest(name: string, body: (opened: Opened, device: Device) => Promise<void>): void {
  gpuTest(name, (device) =>
    withFolder(async (folder) => {
      const opened = await openInference(device, await testCheckpoint(`${folder}/w.safetensors`));
      try {
        await body(opened, device);
      } finally {
        opened.free();
      }
    })());
}

/** Counts by `predict`, image by image, apart from the device's count. */
async function counted({ inference }: Opened, set: SampleSet): Promise<number[][]> {
  const classes = set.classes.names.length;
  const sums = PREDICTIONS.map(() => new Array<number>(classes * classes).fill(0));
  for (let i = 0; i < set.length; i++) {
    const { labels } = await inference.predict(set.image(i), set.size(i));
    PREDICTIONS.forEach((name, p) =>
      confusion(labels[name]!, set.mask(i), classes).forEach((count, cell) => sums[p]![cell]! += count)
    );
  }
  return sums;
}

async function scored({ inference }: Opened, set: SampleSet): Promise<number[][]> {
  const found = await inference.score(set);
  return PREDICTIONS.map((name) => {
    const { classes, matrix } = found[name]!;
    return Array.from({ length: classes ** 2 }, (_, cell) => matrix[cell]!);
  });
}

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

inferenceTest("score() counts what predict() says, over images of mixed sizes", async (opened) => {
  const set = shapesSet([...square(36, 3), { width: 33, height: 25 }, ...square(36, 1), {
    width: 25,
    height: 33,
  }]);
  const expected = await counted(opened, set);
  const found = await scored(opened, set);
  assert.deepEqual(found, expected);
  assert.equal(sum(found[0]!), 4 * 36 ** 2 + 2 * 33 * 25);
  // The test could not tell them apart if all three were one prediction, or one class.
  assert.notDeepEqual(found[0], found[1]);
  assert.notDeepEqual(found[0], found[2]);
  const predicted = new Set(found[2]!.flatMap((count, cell) => count ? [cell % 7] : []));
  assert.ok(predicted.size >= 2, `classes ${[...predicted]} are predicted`);
  // A second count starts anew.
  assert.deepEqual(await scored(opened, set), expected);
});

inferenceTest("score() gives the same counts whether equal sizes share a launch or not", async (opened) => {
  const [a, b] = [shapesSet(square(36, 4)), shapesSet([{ width: 20, height: 20 }], 30)];
  const order = [0, -1, 1, -1, 2, -1, 3, -1];
  const pick = (i: number) => order[i]! < 0 ? [b, 0] as const : [a, order[i]!] as const;
  const interleaved: SampleSet = {
    length: order.length,
    ids: order.map((_, i) => `${i}`),
    classes: a.classes,
    size: (i) => pick(i)[0].size(pick(i)[1]),
    image: (i) => pick(i)[0].image(pick(i)[1]),
    mask: (i) => pick(i)[0].mask(pick(i)[1]),
  };
  const alone = await scored(opened, interleaved);
  const together = (await scored(opened, a)).map((counts) => [...counts]);
  const rest = await scored(opened, b);
  assert.deepEqual(together.map((counts, p) => counts.map((n, i) => n + 4 * rest[p]![i]!)), alone);
});

inferenceTest("score() leaves out pixels labeled 255 and reports its progress", async ({ inference }) => {
  const set = shapesSet(square(24, 3));
  const half: SampleSet = { ...set, mask: (i) => set.mask(i).fill(255, 0, 100) };
  const progress: number[] = [];
  const { average } = await inference.score(half, { progress: (done) => progress.push(done) });
  assert.equal(sum(Array.from({ length: 49 }, (_, i) => average!.matrix[i]!)), 3 * (24 * 24 - 100));
  assert.deepEqual(progress, [3]);
});

inferenceTest("score() stops where its signal says so", async ({ inference }) => {
  const signal = AbortSignal.abort(new Error("stopped by the user"));
  await assert.rejects(inference.score(shapesSet(square(24, 1)), { signal }), /stopped by the user/);
});

inferenceTest(
  "predict() gives classes and probabilities, the same for the same image whatever came between",
  async (opened) => {
    const { inference } = opened;
    const set = shapesSet([
      { width: 31, height: 18 },
      ...Array.from({ length: 8 }, (_, i) => ({ width: 16 + i, height: 16 })),
    ]);
    const first = await inference.predict(set.image(0), set.size(0));
    for (const labels of Object.values(first.labels)) {
      assert.equal(labels.length, 31 * 18);
      assert.ok(labels.every((label) => label < 7));
    }
    assert.equal(first.confidence.length, 31 * 18);
    // The largest of seven probabilities.
    assert.ok(first.confidence.every((value) => value >= 1 / 7 - 1e-6 && value <= 1));
    // More sizes than programs are kept for.
    for (let i = 1; i < set.length; i++) await inference.predict(set.image(i), set.size(i));
    assert.deepEqual(await inference.predict(set.image(0), set.size(0)), first);
  },
);

inferenceTest(
  "a steady run of equal sizes makes nothing but read-back buffers",
  async ({ inference }, device) => {
    const set = shapesSet(square(24, 2));
    await inference.predict(set.image(0), set.size(0));
    const before = { ...device.created };
    await inference.predict(set.image(1), set.size(1));
    assert.deepEqual(device.created, { ...before, buffers: before.buffers + 1 });
  },
);
