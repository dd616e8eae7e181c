/** Images and masks are found by where they lie and how they are called. @module */
import assert from "node:assert/strict";
import { findRules } from "../../../stages/survey/pairing.ts";

/** The best rule: patterns of images and masks, and how many masks it finds; with `?` where names do not tell. */
function best(...files: string[]): string | undefined {
  const [rule] = findRules(files);
  if (rule === undefined) return undefined;
  return `${rule.patterns.images} ${rule.patterns.masks} ${rule.count}${rule.sure ? "" : "?"}`;
}

Deno.test("two folders, by the words that people use for them", () => {
  for (
    const [images, masks] of [
      ["images", "masks"],
      ["imgs", "gt"],
      ["JPEGImages", "SegmentationClass"],
      ["data/Photos", "data/Annotations"],
      ["train", "trainannot"],
      ["train", "train_labels"],
      ["raw", "ground_truth"],
      ["a/b/input", "a/b/target"],
    ]
  ) {
    assert.equal(best(`${images}/x.png`, `${images}/y.png`, `${masks}/x.png`), `${images} ${masks} 1`);
  }
});

Deno.test("folders whose names tell nothing are told apart by JPEG, which no mask is, or not for sure", () => {
  assert.equal(best("one/x.png", "two/x.jpg"), "two one 1");
  assert.match(best("one/x.png", "two/x.png")!, /1\?$/);
});

Deno.test("masks with an ending of their own, in their folder or beside the image", () => {
  assert.equal(best("train/x.jpg", "train/y.jpg", "train_masks/x_mask.gif"), "train train_masks/*_mask 1");
  assert.equal(best("x.png", "x_mask.png", "y.png"), "* *_mask 1");
  assert.equal(best("d/a/x.jpg", "d/a/x-label.png", "d/b/y.jpg", "d/b/y-label.png"), "d d/*-label 2");
  assert.equal(best("701/x.png", "LabeledApproved/x_L.png"), "701 LabeledApproved/*_L 1");
  assert.equal(best("x_sat.jpg", "x_mask.png", "y_sat.jpg", "y_mask.png"), "*_sat *_mask 2");
});

Deno.test("of two files of one name, the PNG is the mask", () => {
  assert.equal(best("x.jpg", "x.png", "y.jpg", "z.png"), "*.jpg *.png 1");
  assert.equal(best("d/x.TIF", "d/x.png"), "d/*.TIF d/*.png 1");
});

Deno.test("one folder within the other", () => {
  assert.equal(best("x.jpg", "y.jpg", "masks/x.png"), "* masks 1");
  assert.equal(best("x.png", "y.png", "images/x.jpg", "images/y.jpg", "images/z.jpg"), "images * 2");
});

Deno.test("what both folders have below them is no part of the rule", () => {
  assert.equal(best("images/a/x.jpg", "images/b/x.jpg", "masks/a/x.png", "masks/b/x.png"), "images masks 2");
});

Deno.test("of scenes with folders of their own, images are not taken for masks of another scene's", () => {
  const scenes = ["s1", "s2", "s3"].flatMap((name) => [`${name}/images/0.png`, `${name}/masks/0.png`]);
  assert.equal(best(...scenes), "s1/images s1/masks 1");
  assert.equal(best("images/one/0.png", "images/two/0.png"), "images/one images/two 1?");
});

Deno.test("masks of objects beside those of classes are not taken", () => {
  const folders = ["JPEGImages", "SegmentationClass", "SegmentationObject"];
  assert.equal(best(...folders.map((folder) => `${folder}/x.png`)), "JPEGImages SegmentationClass 1");
});

Deno.test("pictures that have nothing to do with one another make no rule; many of one name take no time", () => {
  assert.equal(best("x.jpg", "y.png", "notes.txt"), undefined);
  const files = Array.from({ length: 3000 }, (_, i) => [`clip${i}/0001.jpg`, `labels/clip${i}/0001.png`])
    .flat();
  const started = performance.now();
  assert.equal(best(...files), "* labels 3000");
  assert.ok(performance.now() - started < 20_000);
});
