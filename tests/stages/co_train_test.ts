/** Trainings as a whole: their bytes, course, scores and ends. @module */
import assert from "node:assert/strict";
import { UserError } from "../../pipeline/errors.ts";
import { ccvc } from "../../stages/methods/ccvc.ts";
import { supervised } from "../../stages/methods/supervised.ts";
import { DivergenceError } from "../../stages/training/losses.ts";
import { describePair } from "../../stages/weights/pair.ts";
import { gpuTest } from "../support/gpu.ts";
import { withFolder } from "../support/stage_run.ts";
import { small, train, views } from "./co_train_support.ts";

gpuTest(
  "the same seed twice gives the same bytes of weights and metrics; another seed does not",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...small, method: ccvc({ augmentation: "strong" }) };
      const one = await train(device, folder, input, { seed: 4 });
      const two = await train(device, folder, input, { seed: 4 });
      const other = await train(device, folder, input, { seed: 5 });
      assert.deepEqual(Object.keys(one.files).sort(), ["bestAverage", "bestBranch1", "bestBranch2", "last"]);
      assert.deepEqual(two.files, one.files);
      assert.equal(JSON.stringify(two.history), JSON.stringify(one.history));
      assert.notDeepEqual(other.files.last, one.files.last);
      assert.notDeepEqual(other.history.losses, one.history.losses);
    })(),
);

gpuTest(
  "a training reports its course, and its weights are those of a network that learned",
  (device) =>
    withFolder(async (folder) => {
      const { history, events, last, files } = await train(device, folder, { ...small, method: ccvc() });
      // 8 unlabeled images in batches of 2: 4 steps an epoch, read after the first, every 3 and at an epoch's end.
      assert.deepEqual(history.losses.map(({ step, epoch }) => [step, epoch]), [[1, 0], [3, 0], [4, 0], [
        6,
        1,
      ], [8, 1]]);
      for (const { terms, shares } of history.losses) {
        assert.deepEqual(Object.keys(shares!), [
          "conflict",
          "confident1",
          "confident2",
          "confident_conflict1",
          "confident_conflict2",
        ]);
        assert.ok(Object.values(shares!).every((value) => value >= 0 && value <= 1));
        assert.deepEqual(Object.keys(terms), ["ce1", "ce2", "con1", "con2", "dis_labeled", "dis_unlabeled"]);
        assert.ok(Object.values(terms).every((value) => Number.isFinite(value) && value > 0));
        assert.ok(terms.dis_labeled! >= 1 && terms.dis_labeled! <= 2);
      }
      assert.deepEqual(history.evaluations.map(({ epoch }) => epoch), [1, 2]);
      for (const { miou } of history.evaluations) {
        assert.ok(Object.values(miou).every((value) => value !== null && value >= 0 && value <= 100));
      }
      const kinds = events.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1]);
      // Steps 1, 3 and 4 of the first epoch are read, 6 and 8 of the second; of the others it is told that they were taken.
      const [read, scored] = [["tick", "step"], ["scoring", "evaluation"]];
      const twice = [...read, ...read, ...scored];
      assert.deepEqual(kinds, ["compile", "memory", ...twice, ...twice]);
      const memory = events.find(({ kind }) => kind === "memory")!;
      assert.ok(["workspaceBytes", "parameterBytes", "inputBytes"].every((name) => Number(memory[name]) > 0));
      const steps = events.filter(({ kind }) => kind === "step");
      assert.deepEqual(steps.at(-1)!.losses, history.losses.at(-1)!.terms);
      assert.deepEqual(steps.at(-1)!.shares, history.losses.at(-1)!.shares);
      assert.deepEqual(
        steps.map(({ step, images }) => [step, images]),
        [[1, 4], [3, 12], [4, 16], [6, 24], [8, 32]],
      );
      const { network, state } = await last.read();
      assert.deepEqual(
        network,
        describePair({ backbone: "resnet14", outputStride: 16, classes: views.labeled.classes }, [{}, {
          mapping: { norm: true, dropout: 0.5 },
        }]),
      );
      assert.ok([...state.values()].every(({ values }) => values.every(Number.isFinite)));
      // Running statistics have moved from where they start: two updates a step, each keeping nine tenths.
      const mean = state.get("branch2.mapping.1.running_mean")!.values;
      assert.ok(mean.some((value) => value !== 0));
      // The best weights are those of the epoch with the better score, and the last where that is the last epoch.
      const scores = history.evaluations.map(({ miou }) => miou.average);
      if (scores[1]! > scores[0]!) assert.deepEqual(files.bestAverage, files.last);
      else assert.notDeepEqual(files.bestAverage, files.last);
    })(),
);

gpuTest("the cross-entropy falls over a training", (device) =>
  withFolder(async (folder) => {
    const { history, events } = await train(device, folder, {
      ...small,
      method: supervised(),
      epochs: 10,
      evaluateEvery: 10,
      logEvery: 4,
    });
    // Labels alone see the labeled images alone.
    assert.equal(events.findLast(({ kind }) => kind === "step")!.images, 10 * 4 * 2);
    const ce = history.losses.map(({ terms }) => terms.ce!);
    // The first step's, and each epoch's mean.
    assert.equal(ce.length, 11);
    assert.ok(ce.at(-1)! < 0.7 * ce[0]!, `from ${ce[0]} to ${ce.at(-1)}`);
    assert.deepEqual(history.evaluations.map(({ epoch }) => epoch), [10]);
  })());

gpuTest(
  "a loss that turns NaN stops the training, naming term and step",
  (device) =>
    withFolder(async (folder) => {
      await assert.rejects(
        train(device, folder, { ...small, method: ccvc(), baseRate: 1e30 }),
        (error) =>
          error instanceof DivergenceError && error instanceof UserError &&
          /loss term "\w+"( \(and .+\))? was NaN or infinite at step [23] \(labeled .*; unlabeled .*\)\. Lower the learning rate/
            .test(
              error.message,
            ),
      );
      const left = [...Deno.readDirSync(folder)].flatMap((
        { name },
      ) => [...Deno.readDirSync(`${folder}/${name}`)]);
      assert.deepEqual(left, [], "nothing is half written");
    })(),
);

gpuTest(
  "epochs before the final ones are scored under the earlier protocol, and history says so",
  (device) =>
    withFolder(async (folder) => {
      const { history, events } = await train(device, folder, {
        ...small,
        method: supervised(),
        epochs: 3,
        evaluation: { protocol: "sliding_window", crop: 24, earlier: "center_crop", finalEpochs: 1 },
      });
      const expected = ["center_crop_24", "center_crop_24", "sliding_window_24"];
      assert.deepEqual(history.evaluations.map(({ protocol }) => protocol), expected);
      const told = events.filter(({ kind }) => kind === "evaluation");
      assert.deepEqual(
        told.map(({ protocol, miou }) => [protocol, miou]),
        history.evaluations.map((each) => [
          each.protocol,
          each.miou,
        ]),
      );
    })(),
);

gpuTest("a training stops where its signal says so", (device) =>
  withFolder(async (folder) => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    await assert.rejects(
      train(device, folder, { ...small, method: supervised(), epochs: 50, logEvery: 1 }, {
        signal: stop.signal,
        onEvent: ({ kind, step }) => {
          if (kind !== "step") return;
          seen.push(step);
          if (step === 2) stop.abort(new Error("stopped by the user"));
        },
      }),
      /stopped by the user/,
    );
    assert.deepEqual(seen, [1, 2]);
  })());
