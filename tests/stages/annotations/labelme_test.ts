import assert from "node:assert/strict";
import { readLabelMe } from "../../../stages/annotations/labelme.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import golden from "../../golden/annotations.json" with { type: "json" };

const { width, height, labelme } = golden;

Deno.test("a file of LabelMe with every kind of shape gives the mask that its own calls of Pillow draw", () => {
  const annotation = readLabelMe("\uFEFF" + labelme.text, "a.json");
  assert.deepEqual(annotation.size, { width, height });
  assert.deepEqual(annotation.regions.map(({ label, shape: { kind } }) => `${label} ${kind}`), [
    "cat pillow-polygon",
    "dog pillow-disc",
    "cat pillow-rectangle",
    "dog pillow-line",
    "cat pillow-disc",
    "dog runs",
  ]);
  const mask = rasterize(annotation, new Map([["cat", 1], ["dog", 2]]), 0, { width, height });
  assert.deepEqual(mask, Uint8Array.fromBase64(labelme.mask));
});

const file = (shapes: unknown[]) => JSON.stringify({ shapes, imageWidth: 9, imageHeight: 9 });
const shape = (points: unknown, more = {}) => ({ label: "cat", shape_type: "polygon", points, ...more });

Deno.test("an old file without kinds and sizes is read; a saved file without shapes is labeled", () => {
  const old = readLabelMe('{"shapes":[{"label":"a","points":[[1,1],[5,1],[3,4]]}]}', "a.json");
  assert.equal(old.size, undefined);
  assert.equal(old.regions[0]!.shape.kind, "pillow-polygon");
  assert.deepEqual(readLabelMe(file([]), "a.json"), {
    file: "a.json",
    size: { width: 9, height: 9 },
    regions: [],
    isLabeled: true,
  });
});

Deno.test("what LabelMe could not make a mask of is refused by file, shape and value", () => {
  const cases: [string, RegExp][] = [
    ["{", /"a\.json", at its top: it is no JSON \(.*\), so no annotation of LabelMe\. Export again/],
    ['{"shapes": NaN}', /it is no JSON/],
    [
      '{"version": 1}',
      /"a\.json", "shapes": it is no annotation of LabelMe: there is nothing; expected array/,
    ],
    [
      file([shape([[1, 2], [3, "x"]])]),
      /"shapes\[0\]\.points\[1\]\[1\]": .* there is "x"; expected number/,
    ],
    [
      file([shape([[1, 1], [2, 2]])]),
      /shape 0 \("cat"\): a polygon of 2 points has no area; 3 are the least/,
    ],
    [
      file([shape([[1, 1], [2, 2], [3, 1e9]])]),
      /shape 0 .* point 2 has the coordinate 1000000000; each must be/,
    ],
    [file([shape([], {}), shape([])]), /shape 0 \("cat"\): a polygon of 0 points/],
    [file([shape([[1, 1]], { shape_type: "circle" })]), /a circle of 1 points; it must have 2/],
    [file([shape([[1, 1], [2, 2]], { shape_type: "points" })]), /LabelMe makes no mask of the kind "points"/],
    [
      file([shape([[1, 1], [2, 2]], { shape_type: "mask" })]),
      /a mask without its pixels\. Paint the mask again/,
    ],
    [file([shape([[1, 1], [2, 2]], { shape_type: "mask", mask: "*" })]), /its mask is no base64/],
    [
      file([shape([[1, 1], [2, 2]], { shape_type: "mask", mask: "AAAA" })]),
      /its mask is no PNG that can be read/,
    ],
  ];
  for (const [text, message] of cases) assert.throws(() => readLabelMe(text, "a.json"), message, text);
  const wrongBox = JSON.parse(labelme.text).shapes.at(-1);
  wrongBox.points = [[1, 1], [2, 2]];
  assert.throws(
    () => readLabelMe(file([wrongBox]), "a.json"),
    /its mask is 11 × 9 of 1 channels; its corners make 2 × 2 of 1/,
  );
});
