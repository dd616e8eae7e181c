import assert from "node:assert/strict";
import type { Annotation } from "../../../stages/annotations/annotation.ts";
import { matchPictures } from "../../../stages/annotations/match.ts";

const annotation: Annotation = { file: "c.json", size: undefined, regions: [], isLabeled: true };
const matched = (names: readonly string[], pictures: readonly string[]) => {
  const { found, missing } = matchPictures(new Map(names.map((name) => [name, annotation])), pictures);
  return [[...found.keys()], missing];
};

Deno.test("pictures are found by name and folders, from whichever folder the names begin", () => {
  const pictures = ["images/train/a.jpg", "images/test/a.jpg", "images/test/b.jpg", "images/test/b.png"];
  assert.deepEqual(matched(["train/a.jpg", "b.jpg", "c.jpg"], pictures), [
    ["images/train/a.jpg", "images/test/b.jpg"],
    ["c.jpg"],
  ]);
  assert.deepEqual(matched(["/home/me/set/images/test/a.jpg"], pictures), [["images/test/a.jpg"], []]);
  assert.deepEqual(matched(["set\\train\\a.jpg"], pictures), [["images/train/a.jpg"], []]);
  assert.deepEqual(matched(["a.jpg"], ["a.jpg"]), [["a.jpg"], []]);
});

Deno.test("the mark of an upload is left out where no picture has it", () => {
  assert.deepEqual(matched(["0a1b2c3d-a.jpg"], ["a.jpg"]), [["a.jpg"], []]);
  assert.deepEqual(matched(["0a1b2c3d-a.jpg"], ["a.jpg", "0a1b2c3d-a.jpg"]), [["0a1b2c3d-a.jpg"], []]);
});

Deno.test("two pictures for one annotation, and two annotations of one picture, are refused", () => {
  assert.throws(
    () => matched(["a.jpg"], ["x/a.jpg", "y/a.jpg"]),
    /annotation of "a\.jpg" in "c\.json" is of: "x\/a\.jpg" or "y\/a\.jpg"\. Give the pictures names of their own/,
  );
  assert.throws(
    () => matched(["x/a.jpg", "y/a.jpg"], ["a.jpg"]),
    /two annotations of "a\.jpg" from "c\.json": "x\/a\.jpg" and "y\/a\.jpg"/,
  );
});
