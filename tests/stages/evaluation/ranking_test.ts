import assert from "node:assert/strict";
import { encodePalettePng } from "../../../stages/codecs/png_encoder.ts";
import type { PseudoLabels } from "../../../stages/datasets/pseudo_labels.ts";
import { doubtMap, doubtOf, rankImages } from "../../../stages/evaluation/ranking.ts";

const grays = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));

/** Labels of images of 2 × 2 pixels. */
function labelsOf(
  images: Readonly<Record<string, { confidence: readonly number[]; conflict?: readonly number[] }>>,
): PseudoLabels {
  const files = new Map<string, Uint8Array>();
  const entries = Object.entries(images).map(([id, { confidence, conflict }], n) => {
    const folder = `folder-${n}`,
      png = (values: readonly number[]) => encodePalettePng(Uint8Array.from(values), 2, 2, grays);
    files.set(`${folder}/confidence.png`, png(confidence));
    if (conflict) files.set(`${folder}/conflict.png`, png(conflict));
    return {
      id,
      folder,
      kept: confidence.filter((value) => value >= 200).length / 4,
      ...(conflict && { conflict: conflict.reduce((sum, value) => sum + value, 0) / 4 }),
    };
  });
  return {
    names: [...files.keys()],
    read: (name) => {
      const found = files.get(name);
      return found ? Promise.resolve(found) : Promise.reject(new Error(`no ${name}`));
    },
    index: { threshold: 0.8, classes: ["a", "b"], entries },
  };
}

const sure = [255, 255, 255, 255];

Deno.test("images on most pixels of which the networks disagree come first, equal ones by id, by code points", async () => {
  const labels = labelsOf({
    "\u{1f600}": { confidence: sure, conflict: [1, 0, 0, 0] },
    "\uff5e": { confidence: [0, 0, 0, 0], conflict: [0, 0, 0, 1] },
    a: { confidence: sure, conflict: [0, 0, 0, 0] },
    b: { confidence: sure, conflict: [1, 1, 1, 0] },
    B: { confidence: sure, conflict: [0, 1, 0, 0] },
  });
  const { by, images } = await rankImages(labels);
  assert.equal(by, "disagreement");
  assert.deepEqual(images, [
    { id: "b", score: 0.75, share: 0.75 },
    { id: "B", score: 0.25, share: 0.25 },
    { id: "\uff5e", score: 0.25, share: 0.25 },
    { id: "\u{1f600}", score: 0.25, share: 0.25 },
    { id: "a", score: 0, share: 0 },
  ]);
  assert.deepEqual((await rankImages(labels, "confidence")).images[0], { id: "\uff5e", score: 1, share: 1 });
});

Deno.test("of one network the images come first of which it is least sure", async () => {
  const { by, images } = await rankImages(labelsOf({
    sure: { confidence: sure },
    half: { confidence: [255, 255, 0, 0] },
    little: { confidence: [204, 204, 204, 204] },
  }));
  assert.equal(by, "confidence");
  assert.deepEqual(images.map(({ id, share }) => [id, share]), [["half", 0.5], ["little", 0], ["sure", 0]]);
  assert.deepEqual(images.map(({ score }) => Math.round(1e9 * score)), [5e8, 2e8, 0]);
});

Deno.test("the order is the same however the labels lie, and none without images", async () => {
  const images = Object.fromEntries(
    [3, 1, 2].map((n) => [`image ${n}`, { confidence: sure, conflict: [0, 0, 0, 0] }]),
  );
  const ids = (await rankImages(labelsOf(images))).images.map(({ id }) => id);
  assert.deepEqual(ids, ["image 1", "image 2", "image 3"]);
  assert.deepEqual((await rankImages(labelsOf({}))).images, []);
});

Deno.test("a map of confidence that is damaged is refused", async () => {
  const labels = labelsOf({ a: { confidence: sure } });
  const damaged = { ...labels, read: async (name: string) => (await labels.read(name)).subarray(0, 40) };
  await assert.rejects(rankImages(damaged), /Cannot decode "folder-0\/confidence\.png"/);
});

Deno.test("a map is the photograph, dark and gray, and yellow where the doubt is", async () => {
  const labels = labelsOf({ a: { confidence: [255, 55, 0, 255], conflict: [0, 1, 0, 1] } });
  const [entry] = labels.index.entries;
  assert.deepEqual([...await doubtOf(labels, entry!, "disagreement")], [0, 255, 0, 255]);
  assert.deepEqual([...await doubtOf(labels, entry!, "confidence")], [0, 200, 255, 0]);
  const white = new Uint8Array(12).fill(200), red = Uint8Array.of(200, 0, 0);
  const map = doubtMap(Uint8Array.of(...red, ...white.subarray(3)), Uint8Array.of(0, 255, 51, 0));
  assert.deepEqual([...map], [30, 30, 30, 255, 214, 0, 131, 123, 80, 100, 100, 100]);
});
