import assert from "node:assert/strict";
import type { Device } from "../../kernels/device.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { openInference } from "../../stages/evaluation/inference.ts";
import { fileName } from "../../stages/evaluation/pictures.ts";
import { pseudoLabel } from "../../stages/pseudo_label.ts";
import type { ImageSet } from "../../stages/datasets/samples.ts";
import { gpuTest } from "../support/gpu.ts";
import { testContext, withFolder } from "../support/stage_run.ts";
import { gpuResources, parsed, shapesSet, square, testCheckpoint } from "../support/training.ts";

const set = shapesSet([...square(36, 2), { width: 33, height: 25 }]);
/** Two ids that would be one folder, and one as long as file names may be. */
const long = "b".repeat(251);
const images: ImageSet = {
  length: 3,
  ids: ["images/a", "images_a", long],
  size: (i) => set.size(i),
  image: (i) => set.image(i),
};

async function run(device: Device, folder: string, input: { threshold?: number }, signal?: AbortSignal) {
  const checkpoint = await testCheckpoint(`${folder}/w.safetensors`);
  const context = testContext(folder, signal, gpuResources(device));
  const config = parsed(pseudoLabel, input);
  const { labels } = await pseudoLabel.definition.run({
    inputs: { nets: { last: checkpoint }, images },
    config,
    context,
  });
  const { inference, free } = await openInference(device, checkpoint);
  const expected = [];
  for (let i = 0; i < images.length; i++) {
    expected.push(await inference.predict(images.image(i), images.size(i)));
  }
  free();
  const png = async (name: string) => decodePng(await labels.read(name), name);
  const index = JSON.parse(new TextDecoder().decode(await labels.read("index.json")));
  return { labels, png, index, expected, events: context.events };
}

gpuTest(
  "a pixel keeps the average's label where it is sure, and becomes 255 elsewhere",
  (device) =>
    withFolder(async (folder) => {
      const threshold = 0.6;
      const { png, index, expected, labels } = await run(device, folder, { threshold });
      const folders = ["images_a", "images_a_2", fileName(long)];
      assert.equal(labels.names.length, 3 * 3 + 1);
      let sure = 0, unsure = 0;
      for (const [i, name] of folders.entries()) {
        const { labels, confidence } = expected[i]!, { average, branch1, branch2 } = labels;
        const { width, height } = images.size(i);
        const mask = await png(`${name}/mask.png`);
        assert.deepEqual([mask.width, mask.height], [width, height]);
        const wanted = average!.map((label, p) => confidence[p]! >= threshold ? label : 255);
        assert.deepEqual(mask.data, wanted);
        const kept = wanted.filter((label) => label !== 255).length;
        const conflict = branch1!.filter((label, p) => label !== branch2![p]).length;
        assert.deepEqual(index.entries[i], {
          id: images.ids[i],
          folder: name,
          kept: kept / (width * height),
          conflict: conflict / (width * height),
        });
        const gray = await png(`${name}/confidence.png`);
        assert.deepEqual(gray.data, Uint8Array.from(confidence, (value) => Math.round(255 * value)));
        assert.deepEqual([...gray.palette!.subarray(300, 303)], [100, 100, 100]);
        const differ = await png(`${name}/conflict.png`);
        assert.deepEqual(differ.data, branch1!.map((label, p) => label === branch2![p] ? 0 : 1));
        sure += kept;
        unsure += wanted.length - kept;
      }
      assert.ok(sure > 0 && unsure > 0, `${sure} pixels are sure and ${unsure} are not`);
      assert.equal(index.threshold, threshold);
      assert.equal(index.entries.length, 3);
    })(),
);

gpuTest(
  "a threshold of 0 keeps every label, and one of 1 those that are certain",
  (device) =>
    withFolder(async (folder) => {
      const all = await run(device, folder, { threshold: 0 });
      assert.ok(all.index.entries.every(({ kept }: { kept: number }) => kept === 1));
      const none = await run(device, folder, { threshold: 1 });
      assert.ok(none.index.entries.every(({ kept }: { kept: number }) => kept === 0));
      assert.deepEqual(none.events, [1, 2, 3].map((done) => ({ unit: "images", done, total: 3 })));
    })(),
);

gpuTest(
  "one network, scored alone, labels by itself, and has nobody to disagree with",
  (device) =>
    withFolder(async (folder) => {
      const change = {
        networks: { student: {} },
        predictions: { student: ["student"] },
        headline: "student",
      };
      const checkpoint = await testCheckpoint(`${folder}/w.safetensors`, {
        change: change as never,
        seed: 5,
      });
      const { labels } = await pseudoLabel.definition.run({
        inputs: { nets: { last: checkpoint }, images },
        config: parsed(pseudoLabel, { threshold: 0.6 }),
        context: testContext(folder, undefined, gpuResources(device)),
      });
      assert.equal(labels.names.length, 3 * 2 + 1);
      assert.ok(labels.names.every((name: string) => !name.endsWith("conflict.png")));
      const index = JSON.parse(new TextDecoder().decode(await labels.read("index.json")));
      assert.deepEqual(Object.keys(index.entries[0]), ["id", "folder", "kept"]);
      const { inference, free } = await openInference(device, checkpoint);
      const expected = await inference.predict(images.image(0), images.size(0));
      free();
      assert.deepEqual(Object.keys(expected.labels), ["student"]);
      const mask = decodePng(await labels.read("images_a/mask.png"), "mask");
      const sure = (label: number, p: number) => expected.confidence[p]! >= 0.6 ? label : 255;
      assert.deepEqual(mask.data, expected.labels.student!.map(sure));
    })(),
);

Deno.test("the threshold is a probability, 0.95 unless told", () => {
  assert.deepEqual(parsed(pseudoLabel, {}), { threshold: 0.95 });
  for (const threshold of [-0.1, 1.1, NaN]) {
    assert.throws(() => parsed(pseudoLabel, { threshold }), /pseudo-label.threshold/);
  }
});
