import assert from "node:assert/strict";
import type { Annotation } from "../../../stages/annotations/annotation.ts";
import { readCvat } from "../../../stages/annotations/cvat.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";

const file = (shapes: string, more = "") =>
  `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><name>pets &amp; more</name><labels><label><name>cat</name></label></labels></task></meta>
  <image id="0" name="pets/a.jpg" width="8" height="5">${shapes}</image>
  <image id="1" name="pets/b.jpg" width="8" height="5"></image>${more}
</annotations>`;

function rows(annotation: Annotation): string {
  const mask = rasterize(annotation, new Map([["cat", 1], ["dog", 2]]), 0, { width: 8, height: 5 });
  return mask.reduce((text, value, i) => text + (i % 8 === 0 ? " " : "") + value, "").trim();
}

Deno.test("polygons, boxes, masks and ellipses are read, the higher z_order on top", () => {
  const found = readCvat(
    file(`
    <tag label="outdoors" source="manual"></tag>
    <box label="dog" source="manual" occluded="0" xtl="1.00" ytl="1.00" xbr="4.00" ybr="4.00" z_order="1">
      <attribute name="points">none</attribute>
    </box>
    <polygon label="cat" source="manual" occluded="0" points="0.00,0.00;8.00,0.00;8.00,5.00;0.00,5.00" z_order="0"></polygon>
    <mask label="cat" source="manual" occluded="0" rle="0, 1, 1, 2" left="2" top="2" width="2" height="2" z_order="2"></mask>
    <ellipse label="dog" cx="6" cy="2.5" rx="1.6" ry="0.6" z_order="3"></ellipse>`),
    "annotations.xml",
  );
  assert.deepEqual([...found].map(([name, { isLabeled }]) => [name, isLabeled]), [
    ["pets/a.jpg", true],
    ["pets/b.jpg", false],
  ]);
  assert.equal(
    rows(found.get("pets/a.jpg")!),
    "11111111 12221111 12122222 12111111 11111111",
  );
});

Deno.test("a box is turned clockwise about its middle", () => {
  const box = (rotation: number, l: number, t: number, r: number, b: number) =>
    rows(
      readCvat(
        file(`<box label="cat" xtl="${l}" ytl="${t}" xbr="${r}" ybr="${b}" rotation="${rotation}"></box>`),
        "a.xml",
      ).get("pets/a.jpg")!,
    );
  assert.equal(box(90, 2.1, 2.1, 5.9, 2.9), box(0, 3.6, 0.6, 4.4, 4.4));
  // Its left end is up after an eighth of a turn.
  assert.match(box(45, 1, 2, 7, 3), /^\d{8} 001/);
});

Deno.test("polylines and skeletons have no area; a picture is named below its subset", () => {
  const points = '<skeleton label="dog"><points label="1" points="1,1"></points></skeleton>';
  const found = readCvat(
    file(
      `<polyline label="cat" points="1,1;2,2"></polyline>${points}`,
      '<image id="2" name="pets/a.jpg" subset="Train" width="8" height="5"></image>',
    ),
    "a.xml",
  );
  assert.deepEqual([...found.keys()], ["pets/a.jpg", "pets/b.jpg", "Train/pets/a.jpg"]);
  const annotation = found.get("pets/a.jpg")!, size = { width: 8, height: 5 };
  assert.deepEqual(annotation.regions.map(({ label, shape }) => [label, shape]), [
    ["cat", { kind: "none", name: "polyline" }],
    ["dog", { kind: "none", name: "skeleton" }],
  ]);
  const mask = rasterize(annotation, new Map([["cat", undefined], ["dog", undefined]]), 7, size);
  assert.ok(mask.every((value) => value === 7));
  assert.throws(
    () => rasterize(annotation, new Map([["cat", undefined], ["dog", 1]]), 0, size),
    /shape 1 \(skeleton "dog"\): a skeleton covers no area\. Draw its outline as a polygon, or leave the label "dog" out/,
  );
});

Deno.test("what is no export of pictures, and what cannot be read, is refused by picture, shape and value", () => {
  const cases: [string, RegExp][] = [
    ["<annotations><image", /"a\.xml", at its top: it is no XML \(/],
    ["<html></html>", /its first element is <html>\. Export "CVAT for images 1\.1"/],
    [file("", '<track id="0" label="cat"></track>'), /it has tracks, as "CVAT for video" has/],
    [file('<polygon label="cat" points="1,1;2,2"></polygon>'), /\(polygon "cat"\): a polygon of 2 points/],
    [file('<polygon label="cat" points="1,1;2,x;3,3"></polygon>'), /point 1 has the coordinate NaN/],
    [file('<polygon label="cat" points="1,1;2;3,3"></polygon>'), /point 1 has the coordinate NaN/],
    [file('<polygon points="1,1;2,2;3,3"></polygon>'), /it has no label/],
    [file('<box label="cat" xtl="1" ytl="1" xbr="x" ybr="2"></box>'), /its xbr is "x"; it must be a number/],
    [
      file('<mask label="cat" rle="1, 2" left="0" top="0" width="2" height="2"></mask>'),
      /they are 3 pixels; 4 are/,
    ],
    [file('<mask label="cat" rle="" left="0" top="0" width="2" height="2"></mask>'), /run 0 is NaN/],
    [file('<mask label="cat" rle="1" left="0" top="0" width="1.5" height="2"></mask>'), /no whole pixels/],
    [file("", '<image id="2" name="pets/a.jpg" width="8" height="5"></image>'), /it is listed twice/],
    [file("", '<image id="2" name="c.jpg" width="8"></image>'), /its height is missing; it must be a number/],
  ];
  for (const [text, message] of cases) assert.throws(() => readCvat(text, "a.xml"), message, text);
});
