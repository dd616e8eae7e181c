/** Folders are recognized by their files. @module */
import assert from "node:assert/strict";
import { recognize } from "../../../stages/survey/recognize.ts";

const nothing = () => undefined;

Deno.test("parts of a data set: the training, and a folder for validation; a test folder is left alone", () => {
  const parts: readonly (readonly [string, string, string, string])[] = [
    ["images/train", "masks/train", "images/val", "masks/val"],
    ["train/images", "train/masks", "valid/images", "valid/masks"],
    ["train", "trainannot", "val", "valannot"],
    ["train", "train_labels", "val", "val_labels"],
    ["data/training/img", "data/training/gt", "data/validation/img", "data/validation/gt"],
  ];
  for (const [images, masks, others, theirs] of parts) {
    const test = [images, masks].map((folder) => folder.replace(/train(?:ing)?/, "test"));
    const files = [
      ...["a", "b", "c"].flatMap((name) => [`${images}/${name}.jpg`, `${masks}/${name}.png`]),
      `${images}/bare.jpg`,
      `${others}/d.jpg`,
      `${theirs}/d.png`,
      ...["s", "t", "u", "v"].flatMap((name) => [`${test[0]}/${name}.jpg`, `${test[1]}/${name}.png`]),
    ];
    const { training, validation } = recognize(files, nothing);
    assert.deepEqual(training, { images, masks }, images);
    assert.deepEqual(validation, { images: others, masks: theirs }, images);
  }
});

Deno.test("Cityscapes: train ids before label ids, whatever the cities are called", () => {
  const files = ["aachen", "bonn"].flatMap((city) => [
    `leftImg8bit/train/${city}/${city}_0_1_leftImg8bit.png`,
    ...["color", "instanceIds", "labelIds", "labelTrainIds"].map((kind) =>
      `gtFine/train/${city}/${city}_0_1_gtFine_${kind}.png`
    ),
  ]);
  const { training } = recognize(
    [...files, ...files.map((file) => file.replace("/train/", "/val/"))],
    nothing,
  );
  assert.deepEqual(training, {
    images: "leftImg8bit/train/*_leftImg8bit",
    masks: "gtFine/train/*_gtFine_labelTrainIds",
  });
  const plain = recognize(files.filter((file) => !file.includes("TrainIds")), nothing);
  assert.equal(plain.training?.masks, "gtFine/train/*_gtFine_labelIds");
});

Deno.test("annotations are told by how they begin", () => {
  const texts: Readonly<Record<string, string>> = {
    "a.json": '{"version": "5.2.1", "flags": {}, "shapes": [], "imagePath": "a.jpg"}',
    "b.json": '{"version": "5.2.1", "flags": {}, "shapes": [{"label": "cat"}]}',
    "notes.json": '{"what": "something else"}',
    "coco.json": '{"info": {}, "licenses": [], "images": [{"id": 1}], "annotations": []}',
    "studio.json": '[{"id": 1, "annotations": [{"id": 3}], "data": {"image": "a.jpg"}}]',
    "cvat.xml": '<?xml version="1.0"?>\n<annotations>\n <version>1.1</version>',
  };
  const formOf = (...names: string[]) => {
    const found = recognize(["a.jpg", "b.jpg", ...names], (path) => texts[path]).annotations;
    return found && [found.form.id, ...found.files];
  };
  assert.deepEqual(formOf("a.json", "b.json"), ["labelme", "a.json", "b.json"]);
  assert.deepEqual(formOf("coco.json", "notes.json"), ["coco", "coco.json"]);
  assert.deepEqual(formOf("studio.json"), ["label-studio", "studio.json"]);
  assert.deepEqual(formOf("cvat.xml"), ["cvat", "cvat.xml"]);
  assert.equal(formOf("notes.json"), undefined);
});

Deno.test("files that name classes are found", () => {
  const files = ["images/a.jpg", "masks/a.png", "labelmap.txt", "masks/class_names.txt", "readme.txt"];
  assert.deepEqual(recognize(files, nothing).nameFiles, ["labelmap.txt", "masks/class_names.txt"]);
});
