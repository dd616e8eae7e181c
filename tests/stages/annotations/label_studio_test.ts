import assert from "node:assert/strict";
import type { Annotation } from "../../../stages/annotations/annotation.ts";
import { readLabelStudio } from "../../../stages/annotations/label_studio.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import { writeBrush } from "./brush.ts";

const size = { original_width: 8, original_height: 4, image_rotation: 0 };
const result = (type: string, value: object, more = {}) => ({
  id: "x",
  type,
  value: { [type]: ["cat"], ...value },
  from_name: "label",
  to_name: "image",
  ...size,
  ...more,
});
const task = (results: object[], more = {}) => ({
  id: 3,
  data: { image: "/data/upload/12/0a1b2c3d-my%20cat.jpg" },
  annotations: [{ id: 1, was_cancelled: false, ground_truth: false, result: results }],
  ...more,
});
const read = (...tasks: object[]) => readLabelStudio(JSON.stringify(tasks), "project.json");
const only = (...results: object[]) => [...read(task(results)).values()][0]!;

function rows(annotation: Annotation): string {
  const mask = rasterize(annotation, new Map([["cat", 1], ["dog", 2]]), 0, { width: 8, height: 4 });
  return mask.reduce((text, value, i) => text + (i % 8 === 0 ? " " : "") + value, "").trim();
}

Deno.test("polygons, rectangles, ellipses in percent and brushes are read, later ones on top", () => {
  const points = [[12.5, 25], [50, 25], [50, 75], [12.5, 75]];
  assert.equal(
    rows(only(result("polygonlabels", { points, closed: true }))),
    "00000000 01110000 01110000 00000000",
  );
  const box = { x: 12.5, y: 25, width: 37.5, height: 50, rotation: 0 };
  assert.equal(rows(only(result("rectanglelabels", box))), "00000000 01110000 01110000 00000000");
  // Turned clockwise about its upper left corner.
  assert.equal(
    rows(only(result("rectanglelabels", { ...box, x: 50, y: 25, rotation: 90 }))),
    "00000000 00110000 00110000 00110000",
  );
  const ellipse = { x: 50, y: 50, radiusX: 37.5, radiusY: 20, rotation: 0 };
  assert.equal(rows(only(result("ellipselabels", ellipse))), "00000000 00111100 00111100 00000000");
  const painted = Array.from({ length: 32 }, (_, i) => i % 8 < 2 ? 1 : 0);
  const brush = result("brushlabels", {
    format: "rle",
    rle: writeBrush(painted, true),
    brushlabels: ["dog"],
  });
  assert.equal(rows(only(result("rectanglelabels", box), brush)), "22000000 22110000 22110000 22000000");
});

Deno.test("labels as a tag of their own, choices and texts are told apart from shapes", () => {
  const value = { points: [[0, 0], [100, 0], [100, 100]] };
  const { regions } = only(
    { ...result("polygon", value), value },
    { ...result("labels", value), value: { ...value, labels: ["dog"] } },
    { id: "y", type: "choices", value: { choices: ["outdoors"] }, ...size },
  );
  const keypoint = only(result("keypointlabels", { x: 1, y: 2, width: 3 }));
  assert.deepEqual(keypoint.regions[0]!.shape, { kind: "none", name: "keypoint" });
  assert.deepEqual(regions.map(({ label, place }) => [label, place]), [["dog", "task 3, region 1 (labels)"]]);
});

Deno.test("pictures are named by their addresses; tasks that nobody finished are not labeled", () => {
  const at = (image: string, id = 3) => task([], { id, data: { image } });
  const found = read(
    at("/data/upload/12/0a1b2c3d-my%20cat.jpg"),
    at("/data/local-files/?d=photos/a.jpg", 4),
    at("s3://bucket/photos/b.jpg", 5),
    at("https://host.example/photos/c.jpg?token=1", 6),
    { id: 7, data: { photo: "d.png", title: "no. 7" }, annotations: [] },
    { id: 9, data: { image: "/image2" }, file_upload: "0a1b2c3d-f.jpg", annotations: [] },
    { id: 8, data: { image: "e.png" }, annotations: [{ id: 1, was_cancelled: true, result: [] }] },
  );
  assert.deepEqual([...found].map(([name, { isLabeled }]) => [name, isLabeled]), [
    ["0a1b2c3d-my cat.jpg", true],
    ["photos/a.jpg", true],
    ["photos/b.jpg", true],
    ["photos/c.jpg", true],
    ["d.png", false],
    ["0a1b2c3d-f.jpg", false],
    ["e.png", false],
  ]);
});

Deno.test("of several annotations the ground truth is taken; without one they are refused", () => {
  const points = [[0, 0], [100, 0], [100, 100]];
  const annotations = (truth: boolean) => [
    { id: 1, result: [] },
    { id: 2, ground_truth: truth, result: [result("polygonlabels", { points })] },
  ];
  assert.equal([...read(task([], { annotations: annotations(true) })).values()][0]!.regions.length, 1);
  assert.throws(
    () => read(task([], { annotations: annotations(false) })),
    /task 3: it has 2 annotations\. Mark one/,
  );
});

Deno.test("what cannot be read is refused by task, region and value", () => {
  const points = [[0, 0], [100, 0], [100, 100]];
  const cases: [object, RegExp][] = [
    [
      task([result("polygonlabels", { points: points.slice(1) })]),
      /task 3, region 0 \(polygonlabels\): a polygon of 2/,
    ],
    [task([result("polygonlabels", { points, closed: false })]), /the polygon is not closed/],
    [
      task([result("polygonlabels", { points, polygonlabels: ["a", "b"] })]),
      /it has 2 labels; it must have one/,
    ],
    [
      task([result("polygonlabels", { points, polygonlabels: undefined })]),
      /it has no label; it must have one/,
    ],
    [task([result("rectanglelabels", { x: 1, y: 2, width: 3 })]), /has the coordinate NaN/],
    [task([result("bitmasklabels", {})]), /a bitmask is not read\. Paint it with the brush, or export COCO/],
    [task([result("brushlabels", { rle: [0, 0, 0, 1] })]), /its brush cannot be read: it ends after 4 bytes/],
    [task([result("polygonlabels", { points }, { image_rotation: 90 })]), /the picture turned by 90°/],
    [
      task([result("polygonlabels", { points }, { original_width: undefined })]),
      /does not say the picture's size/,
    ],
    [
      task([result("polygonlabels", { points }), result("polygonlabels", { points }, { original_width: 9 })]),
      /region 1 .*: it is of 9 × 4 pixels, and one before it of 8 × 4/,
    ],
    [task([], { data: { text: "hello" } }), /task 3: it names no picture/],
    [
      task([], { data: { before: "a.jpg", after: "b.jpg" } }),
      /task 3: it names "a\.jpg" and "b\.jpg"\. Put the address/,
    ],
    [{ image: "a.jpg", label: [] }, /it is no export "JSON" of Label Studio/],
  ];
  for (const [given, message] of cases) assert.throws(() => read(given), message, JSON.stringify(given));
  assert.throws(() => read(task([]), task([], { id: 4 })), /task 4: "0a1b2c3d-my cat\.jpg" is in two tasks/);
});
