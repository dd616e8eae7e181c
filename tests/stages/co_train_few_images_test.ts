/** Trainings that lack images, have few, or have masks that teach nothing. @module */
import assert from "node:assert/strict";
import { ConfigError, UserError } from "../../pipeline/errors.ts";
import { ccvc } from "../../stages/methods/ccvc.ts";
import { supervised } from "../../stages/methods/supervised.ts";
import { gpuTest } from "../support/gpu.ts";
import { testContext, withFolder } from "../support/stage_run.ts";
import { gpuResources, shapesSet, square, trainingOf } from "../support/training.ts";
import { small, train, views } from "./co_train_support.ts";

/** The same views with some sets emptied. */
function emptied(...names: readonly ("unlabeled" | "validation")[]): typeof views {
  const { length: _, ...rest } = views.validation;
  const none = { ...rest, length: 0, ids: [] };
  return { ...views, ...Object.fromEntries(names.map((name) => [name, none])) };
}

gpuTest(
  "without unlabeled images a training learned from labels alone, as in its warm-up, and says so",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...small, method: ccvc() };
      const { history, events, files } = await train(device, folder, input, { views: emptied("unlabeled") });
      const warnings = events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
      assert.deepEqual(warnings, [
        "no unlabeled images: the networks learn from labels alone, as in the method's warm-up, in all epochs",
      ]);
      assert.deepEqual(
        events.find((event) => "learned from" in event)?.["learned from"],
        "labels alone: no unlabeled images",
      );
      const steps = events.filter(({ kind }) => kind === "step");
      assert.ok(steps.every(({ phase }) => phase === "warm-up"));
      // 4 labeled images in batches of 2.
      assert.equal(steps.at(-1)!.step, 4);
      assert.deepEqual(Object.keys(history.losses.at(-1)!.terms), ["ce1", "ce2"]);
      // What the method would have learned of unlabeled images is in none of it.
      const warm = await train(device, folder, { ...input, warmUpEpochs: 2 }, {
        views: emptied("unlabeled"),
      });
      assert.ok(isEqual(files.last!, warm.files.last!));
    })(),
);

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

gpuTest(
  "without validation images nothing is scored, the best weights are the last, and it says so",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...small, epochs: 1, method: supervised() };
      const none = await train(device, folder, input, { views: emptied("unlabeled", "validation") });
      assert.deepEqual(none.history.evaluations, []);
      const { last, ...bests } = none.files;
      assert.ok(
        Object.keys(bests).length === 1 && Object.values(bests).every((best) => isEqual(best, last!)),
      );
      const warnings = none.events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
      // Labels alone are what this method learned from anyway.
      assert.deepEqual(warnings, [
        "no validation images: nothing is scored, and the best weights are the last ones",
      ]);
    })(),
);

gpuTest(
  "masks in which no pixel counts are refused, with the reason",
  (device) =>
    withFolder(async (folder) => {
      const labeled = { ...views.labeled, mask: (i: number) => views.labeled.mask(i).fill(255) };
      await assert.rejects(
        train(device, folder, { ...small, method: supervised() }, { views: { ...views, labeled } }),
        (error) =>
          error instanceof UserError && /not one pixel of the 4 labeled masks counts/.test(error.message),
      );
    })(),
);

gpuTest("labeled images that no unlabeled one meets are said", (device) =>
  withFolder(async (folder) => {
    const swapped = { ...views, labeled: shapesSet(square(40, 9)) };
    const warnings = async (pairing: "fixed" | "free", given: typeof views) => {
      const context = testContext(await Deno.makeTempDir({ dir: folder }), undefined, gpuResources(device));
      const { stage, config } = trainingOf({
        ...small,
        method: supervised(),
        epochs: 1,
        stepsPerEpoch: 1,
        pairing,
      });
      await stage.definition.run({ inputs: { views: given }, config, context });
      return context.events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
    };
    const [said] = await warnings("fixed", swapped);
    assert.match(String(said), /only 8 of the 9 labeled images .* co-train\.pairing=free/);
    assert.deepEqual(await warnings("free", swapped), []);
    assert.deepEqual(await warnings("fixed", views), []);
  })());

gpuTest(
  "one validation image is enough, and a batch may be larger than both lists where the steps are given",
  (device) =>
    withFolder(async (folder) => {
      const { ids, size, image, length } = shapesSet(square(40, 2), 10);
      const few = {
        ...views,
        labeled: shapesSet(square(40, 1)),
        unlabeled: { ids, size, image, length },
        validation: shapesSet(square(36, 1), 20),
      };
      const input = { ...small, method: supervised(), batch: 3, epochs: 1 };
      const { history, last } = await train(device, folder, { ...input, stepsPerEpoch: 2 }, { views: few });
      assert.equal(history.evaluations.length, 1);
      assert.ok(
        Object.values(history.evaluations[0]!.miou).every((value) =>
          value !== null && value >= 0 && value <= 100
        ),
      );
      assert.ok([...(await last.read()).state.values()].every(({ values }) => values.every(Number.isFinite)));
      // Without, an epoch of no step is refused before anything is compiled.
      await assert.rejects(
        train(device, folder, input, { views: few }),
        (error) =>
          error instanceof ConfigError &&
          /^Cannot train on 1 labeled and 2 unlabeled images in batches of 3: .*; use a smaller batch/.test(
            error.message,
          ),
      );
    })(),
);
