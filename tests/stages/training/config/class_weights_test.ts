/** What classes weigh in supervised losses. @module */
import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import type { SampleSet } from "../../../../stages/datasets/samples.ts";
import { ccvc } from "../../../../stages/methods/ccvc.ts";
import { cps } from "../../../../stages/methods/cps.ts";
import { cutMixSeg } from "../../../../stages/methods/cutmix_seg.ts";
import type { Configured } from "../../../../stages/methods/method.ts";
import { supervised } from "../../../../stages/methods/supervised.ts";
import { unimatch } from "../../../../stages/methods/unimatch.ts";
import { weightsOfClasses } from "../../../../stages/training/config/class_weights.ts";
import { openSession } from "../../../../stages/training/session.ts";
import { gpuTest } from "../../../support/gpu.ts";
import { bound, networkOf, pairSettings, shapesViews, trainingOf } from "../../../support/training.ts";

/** Labeled images of these masks. */
function masks(names: readonly string[], ...labels: readonly (readonly number[])[]): SampleSet {
  const colors = names.map(() => [0, 0, 0] as const);
  const none = () => assert.fail("only labels are read");
  return {
    length: labels.length,
    ids: labels.map((_, i) => `${i}`),
    size: none,
    image: none,
    mask: (i) => Uint8Array.from(labels[i]!),
    classes: { names, colors },
  };
}

Deno.test("balanced weights are the median frequency over the class's own, by the images that have it", () => {
  const three = ["a", "b", "c", "never"];
  // a: 6 of 10 pixels; b: 3 of 9 (of the first and second image); c: 1 of 4. Ignored pixels are no image's.
  const set = masks(three, [0, 0, 0, 0, 1, 255], [0, 1, 1, 2], [0]);
  const median = 1 / 3;
  assert.deepEqual(weightsOfClasses("balanced", set), [median / (6 / 10), 1, median / (1 / 4), 1]);
  const even = masks(["a", "b"], [0, 0, 0, 1]);
  assert.deepEqual(weightsOfClasses("balanced", even), [0.5 / 0.75, 0.5 / 0.25]);
  assert.equal(weightsOfClasses("none", set), undefined);
  assert.deepEqual(weightsOfClasses([1, 2, 3, 4], set), [1, 2, 3, 4]);
  assert.deepEqual(weightsOfClasses("balanced", masks(three, [255, 255])), [1, 1, 1, 1]);
});

Deno.test("numbers that are not one for each class are refused, and those that weigh nothing", () => {
  assert.throws(
    () => weightsOfClasses([1, 2], masks(["a", "b", "c"], [0])),
    /classWeights has 2 numbers; the data has 3 classes\. Write one for each of a, b, c/,
  );
  for (const classWeights of [[], [0, 0], [-1, 1], "median"]) {
    assert.throws(
      () => trainingOf({ method: supervised(), classWeights: classWeights as never }),
      /classWeights/,
    );
  }
});

const views = shapesViews();
const batch = { labeled: [0, 1], unlabeled: [2, 3], others: [1, 0] };

/** The losses of one step. */
async function losses(device: Device, configured: Configured, classWeights?: readonly number[]) {
  const method = bound(configured);
  const settings = { ...pairSettings(views), method, network: networkOf(method), classWeights };
  const session = openSession(device, settings);
  session.step(batch, { epoch: 0, step: 0, rate: 0.01 });
  const found = (await session.losses()).terms;
  session.free();
  return found;
}

gpuTest("in every method the supervised losses are weighed by class, and no others", async (device) => {
  const alike = Array(7).fill(2), one = [0, 0, 0, 1, 0, 0, 0];
  for (const method of [supervised(), ccvc(), cps(), cutMixSeg({ frozenNorms: false }), unimatch()]) {
    const [plain, same, single] = [
      await losses(device, method),
      await losses(device, method, alike),
      await losses(device, method, one),
    ];
    for (const [name, value] of Object.entries(plain)) {
      const isSupervised = /^ce\d?$/.test(name);
      // A mean is the same whatever all weigh.
      assert.ok(Math.abs(same[name]! - value) <= 1e-5 * Math.abs(value), `${name}: ${value}, ${same[name]}`);
      assert.equal(single[name] === value, !isSupervised, `${name}: ${value}, ${single[name]}`);
    }
  }
});
