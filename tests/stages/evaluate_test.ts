import assert from "node:assert/strict";
import { decodePng } from "../../stages/codecs/png.ts";
import { shapesClasses } from "../../stages/datasets/classes.ts";
import { evaluationStage, scoreCheckpoint, weightsScore } from "../../stages/evaluate.ts";
import { openInference } from "../../stages/evaluation/inference.ts";
import { gpuTest } from "../support/gpu.ts";
import { testContext, withFolder } from "../support/stage_run.ts";
import { gpuResources, parsed, shapesSet, square, testCheckpoint } from "../support/training.ts";

const evaluate = evaluationStage(["bestBranch1", "bestBranch2", "bestAverage"]);
const samples = shapesSet([...square(36, 3), { width: 33, height: 25 }]);

gpuTest(
  "the scores are those of the last weights, and of each prediction by its best ones",
  (device) =>
    withFolder(async (folder) => {
      const seeds = { last: 2, bestBranch1: 5, bestBranch2: 6, bestAverage: 1 };
      const nets = Object.fromEntries(
        await Promise.all(
          Object.entries(seeds).map(async ([name, seed]) => [
            name,
            await testCheckpoint(`${folder}/${name}.safetensors`, { seed }),
          ]),
        ),
      );
      const context = testContext(folder, undefined, gpuResources(device));
      const { metrics, pictures } = await evaluate.definition.run({
        inputs: { nets, samples },
        config: parsed(evaluate, { pictures: 2 }),
        context,
      });

      const counts = async (name: string) => await scoreCheckpoint(device, nets[name], samples, context);
      const last = await counts("last");
      const expected = weightsScore(shapesClasses, last);
      assert.deepEqual(metrics.last, expected);
      assert.deepEqual(
        { miou: metrics.miou, pixelAccuracy: metrics.pixelAccuracy, perClass: metrics.perClass },
        expected,
      );
      const [branch1, branch2, average] = [
        await counts("bestBranch1"),
        await counts("bestBranch2"),
        await counts("bestAverage"),
      ];
      const confusions = {
        branch1: branch1.confusions.branch1!,
        branch2: branch2.confusions.branch2!,
        average: average.confusions.average!,
      };
      assert.deepEqual(metrics.best, weightsScore(shapesClasses, { confusions, headline: "average" }));
      assert.equal(metrics.headline, "average");
      assert.notDeepEqual(metrics.best, metrics.last);
      assert.equal(metrics.protocol, "original");

      // Rows are the truth: their sums are the pixels of each class.
      assert.equal(metrics.confusion.length, 7);
      const truth = Array(7).fill(0);
      for (let i = 0; i < samples.length; i++) for (const label of samples.mask(i)) truth[label]++;
      assert.deepEqual(metrics.confusion.map((row) => row.reduce((a, b) => a + b, 0)), truth);
      assert.deepEqual(
        metrics.confusion.flat(),
        [...last.confusions.average!.matrix as Uint32Array].slice(0, 49),
      );

      // Pictures are of the last weights.
      assert.equal(pictures.names.length, 2 * 6);
      const { inference, free } = await openInference(device, nets.last);
      const { labels } = await inference.predict(samples.image(1), samples.size(1));
      free();
      const drawn = async (name: string) => decodePng(await pictures.read(`scene_1/${name}.png`), name).data;
      assert.deepEqual(await drawn("image"), samples.image(1));
      assert.deepEqual(await drawn("truth"), samples.mask(1));
      assert.deepEqual(await drawn("branch2"), labels.branch2);
      assert.deepEqual(await drawn("average"), labels.average);
    })(),
);

gpuTest("no pictures are drawn where none are asked for", (device) =>
  withFolder(async (folder) => {
    const last = await testCheckpoint(`${folder}/w.safetensors`);
    const nets = { last, bestBranch1: last, bestBranch2: last, bestAverage: last };
    const context = testContext(folder, undefined, gpuResources(device));
    const { metrics, pictures } = await evaluate.definition.run({
      inputs: { nets, samples },
      config: parsed(evaluate, { pictures: 0 }),
      context,
    });
    assert.deepEqual(pictures.names, []);
    assert.deepEqual(metrics.best, metrics.last);
    assert.ok(context.events.length > 0);
    assert.ok(context.events.every(({ unit, total }) => unit === "images" && total === samples.length));
  })());

gpuTest(
  "a protocol is part of the scores' name, and pictures show what was scored",
  (device) =>
    withFolder(async (folder) => {
      const last = await testCheckpoint(`${folder}/w.safetensors`);
      const nets = { last, bestBranch1: last, bestBranch2: last, bestAverage: last };
      const context = testContext(folder, undefined, gpuResources(device));
      const under = (input: Record<string, unknown>) =>
        evaluate.definition.run({
          inputs: { nets, samples },
          config: parsed(evaluate, { pictures: 1, ...input }),
          context,
        });
      const whole = await under({});
      const middle = await under({ protocol: "center_crop", crop: 24 });
      const sliding = await under({ protocol: "sliding_window", crop: 24 });
      assert.deepEqual(
        [whole, middle, sliding].map(({ metrics }) => metrics.protocol),
        ["original", "center_crop_24", "sliding_window_24"],
      );
      assert.notDeepEqual(sliding.metrics.confusion, whole.metrics.confusion);
      const pixels = ({ metrics }: typeof whole) => metrics.confusion.flat().reduce((a, b) => a + b);
      assert.deepEqual([whole, middle, sliding].map(pixels), [
        3 * 36 ** 2 + 33 * 25,
        4 * 24 ** 2,
        pixels(whole),
      ]);
      const drawn = async (name: string) => {
        const { width, height, data } = decodePng(await middle.pictures.read(`scene_0/${name}.png`), name);
        return { width, height, data };
      };
      assert.deepEqual((await drawn("image")).data.length, 3 * 24 * 24);
      const mask = samples.mask(0);
      const truth = Uint8Array.from(
        { length: 24 * 24 },
        (_, i) => mask[(6 + Math.floor(i / 24)) * 36 + 6 + i % 24]!,
      );
      assert.deepEqual(await drawn("truth"), { width: 24, height: 24, data: truth });
      assert.equal((await drawn("average")).width, 24);
    })(),
);

Deno.test("windows without a side are refused", () => {
  assert.throws(() => parsed(evaluate, { protocol: "sliding_window" }), /evaluate\.crop: it is missing/);
  // An experiment's side may stay where --set asks for whole images.
  assert.equal(parsed(evaluate, { protocol: "original", crop: 712 }).protocol, "original");
});

Deno.test("weightsScore() names each class and takes its IoU from the headline", () => {
  const diagonal = (hits: number) => ({
    classes: 7,
    matrix: Array.from({ length: 49 }, (_, i) => i % 8 === 0 ? hits : i === 1 ? 10 - hits : 0),
  });
  const confusions = { branch1: diagonal(2), branch2: diagonal(5), average: diagonal(10) };
  const one = weightsScore(shapesClasses, { confusions, headline: "average" });
  assert.deepEqual(one.perClass.map(({ name }) => name), shapesClasses.names);
  assert.ok(one.perClass.every(({ iou }) => iou !== null && Math.abs(iou - 100) < 1e-6));
  const { branch1, branch2, average } = one.miou;
  assert.ok(branch1! < branch2! && branch2! < average!);
  assert.ok(Math.abs(one.pixelAccuracy.branch1! - 100 * 14 / 22) < 1e-6);
});
