import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Annotation, Shape } from "../../../stages/annotations/annotation.ts";
import { coverShape, rasterize } from "../../../stages/annotations/rasterize.ts";
import { DataError } from "../../../stages/datasets/errors.ts";
import golden from "../../golden/annotations.json" with { type: "json" };

function covered(width: number, height: number, shape: Shape): Uint8Array {
  const data = new Uint8Array(width * height);
  coverShape({ width, height, data, value: 1 }, shape);
  return data;
}

Deno.test(`${golden.shapes.length} awkward shapes are covered as pycocotools and Pillow cover them`, () => {
  const kinds = new Set<string>();
  for (const { name, width, height, shape: text, area, sha256 } of golden.shapes) {
    const shape: Shape = JSON.parse(text), data = covered(width, height, shape);
    assert.equal(data.reduce((sum, value) => sum + value, 0), area, name);
    assert.equal(createHash("sha256").update(data).digest("hex"), sha256, name);
    kinds.add(shape.kind);
  }
  assert.deepEqual([...kinds].sort(), [
    "coco-polygons",
    "pillow-disc",
    "pillow-line",
    "pillow-polygon",
    "pillow-rectangle",
  ]);
});

Deno.test("rings of one shape are united, where they overlap too", () => {
  const square = (x: number, side: number) =>
    [[x, x], [x + side, x], [x + side, x + side], [x, x + side]] as [number, number][];
  const both = covered(12, 12, { kind: "coco-polygons", rings: [square(1, 8), square(3, 3)] });
  assert.deepEqual(both, covered(12, 12, { kind: "coco-polygons", rings: [square(1, 8)] }));
});

Deno.test("an ellipse covers the pixels whose centers lie in it, turned clockwise", () => {
  const rows = (shape: Shape) =>
    covered(8, 5, shape).reduce((text, value, i) => text + (i % 8 === 0 ? " " : "") + value, "").trim();
  const ellipse = { kind: "ellipse", center: [4, 2.5], radii: [3.6, 1.2] } as const;
  assert.equal(rows({ ...ellipse, angle: 0 }), "00000000 00111100 11111111 00111100 00000000");
  assert.equal(rows({ ...ellipse, angle: 180 }), rows({ ...ellipse, angle: 0 }));
  assert.equal(
    rows({ kind: "ellipse", center: [4, 2.5], radii: [3, 0.6], angle: 45 }),
    "00000000 00110000 00011000 00001100 00000000",
  );
});

Deno.test("runs lie in their box, by rows or columns, and end at the picture's edge", () => {
  const runs = { kind: "runs", left: 1, top: -1, width: 2, height: 3, runs: [1, 4, 1] } as const;
  assert.deepEqual([...covered(3, 2, { ...runs, order: "rows" })], [0, 1, 1, 0, 1, 0]);
  assert.deepEqual([...covered(3, 2, { ...runs, order: "columns" })], [0, 1, 1, 0, 1, 0]);
  assert.deepEqual([...covered(3, 2, { ...runs, runs: [0, 2, 2, 2], order: "columns" })], [0, 1, 1, 0, 0, 1]);
});

const square = (place: string, label: string, at: number): Annotation["regions"][number] => ({
  label,
  place,
  shape: { kind: "pillow-rectangle", corners: [[at, at], [at + 1, at + 1]] },
});

Deno.test("later regions cover earlier ones; what none covers is background", () => {
  const annotation: Annotation = {
    file: "a.json",
    size: { width: 4, height: 3 },
    regions: [square("shape 0", "cat", 0), square("shape 1", "dog", 1)],
    isLabeled: true,
  };
  const values = new Map([["cat", 3], ["dog", 255]]);
  const mask = rasterize(annotation, values, 9, { width: 4, height: 3 });
  assert.deepEqual([...mask], [3, 3, 9, 9, 3, 255, 255, 9, 9, 255, 255, 9]);
  assert.throws(
    () => rasterize(annotation, new Map([["cat", 3]]), 9, { width: 4, height: 3 }),
    (error: Error) =>
      error instanceof DataError && error.message ===
        'Cannot read the annotations "a.json", shape 1: the label "dog" is none of "cat". Add "dog" to the classes, or give ' +
          "the shape another label.",
  );
  assert.throws(
    () => rasterize(annotation, values, 9, { width: 3, height: 4 }),
    /of a picture of 4 × 3, and the picture is 3 × 4: one of the two is turned, as a camera's orientation says/,
  );
  const anySize: Annotation = { ...annotation, size: undefined };
  assert.equal(rasterize(anySize, values, 9, { width: 2, height: 2 })[0], 3);
});
