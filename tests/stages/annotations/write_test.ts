import assert from "node:assert/strict";
import { RandomStream } from "../../../kernels/random.ts";
import { readCoco } from "../../../stages/annotations/coco.ts";
import { readLabelMe } from "../../../stages/annotations/labelme.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import { traceRegions } from "../../../stages/annotations/trace.ts";
import { CocoWriter, writeLabelMe } from "../../../stages/annotations/write.ts";
import { drawShapesScene } from "../../../stages/datasets/shapes.ts";

const classes = {
  names: ["background", "cat", "dog", "bird", "fish", "star", "cross"],
  colors: Array.from({ length: 7 }, (_, i) => [i, i, i] as const),
};
const values = new Map(classes.names.map((name, value) => [name, value]));

interface Mask {
  readonly width: number;
  readonly height: number;
  readonly labels: Uint8Array;
}

/** Masks drawn as text, of noise, and of scenes. */
function* masks(): Generator<Mask & { readonly name: string }> {
  const drawn = [
    ["one pixel", "1"],
    ["all background", "000 000"],
    ["ring with an island", "1111111 1000001 1022201 1020201 1022201 1000001 1111111"],
    ["pixels that meet at corners", "10101 01010 10101 01010"],
    ["a pinched hole", "11111 10111 11011 11111"],
    ["two holes in one row", "1111111 1010101 1111111"],
    ["holes in a diagonal", "111111 101111 110111 111011 111101 111111"],
    ["lines", "0000000 0111110 0100000 0101110 0101000"],
    ["nested", "111111111 122222221 123333321 123000321 123040321 123000321 123333321 122222221 111111111"],
    ["open to the border", "1111 1001 1001 2002"],
  ] as const;
  for (const [name, text] of drawn) {
    const rows = text.split(" ");
    const labels = Uint8Array.from(rows.join(""), Number);
    yield { name, width: rows[0]!.length, height: rows.length, labels };
  }
  for (let index = 0; index < 60; index++) {
    const random = new RandomStream({ seed: 5, stream: "masks", sample: index });
    const [width, height] = [1 + random.integer(0, 19), 1 + random.integer(0, 19)], count = 2 + index % 3;
    const labels = Uint8Array.from({ length: width * height }, () => random.integer(0, count - 1));
    yield { name: `noise ${index}`, width, height, labels };
  }
  for (let scene = 0; scene < 3; scene++) {
    yield { name: `scene ${scene}`, width: 96, height: 96, labels: drawShapesScene(1, scene, 96).mask };
  }
}

function fromLabelMe({ width, height, labels }: Mask, tolerance: number): Uint8Array {
  const text = writeLabelMe({ picture: "../a.jpg", width, height, labels }, { classes, tolerance });
  return rasterize(readLabelMe(text, "a.json"), values, 0, { width, height });
}

function fromCoco({ width, height, labels }: Mask, tolerance: number): Uint8Array {
  const writer = new CocoWriter({ classes, tolerance });
  writer.add({ picture: "a.jpg", width, height, labels });
  return rasterize(readCoco(writer.text(), "c.json").get("a.jpg")!, values, 0, { width, height });
}

Deno.test("a mask that was written comes back to the pixel from LabelMe's and from COCO's polygons", () => {
  for (const mask of masks()) {
    assert.deepEqual(fromLabelMe(mask, 0), mask.labels, `${mask.name}, LabelMe`);
    assert.deepEqual(fromCoco(mask, 0), mask.labels, `${mask.name}, COCO`);
  }
});

Deno.test("with a tolerance fewer corners are written, and only pixels near a border change", () => {
  let corners = 0, fewer = 0, changed = 0;
  for (const mask of masks()) {
    if (!mask.name.startsWith("scene")) continue;
    const { width, height, labels } = mask;
    for (const again of [fromLabelMe(mask, 1), fromCoco(mask, 1)]) {
      again.forEach((label, at) => {
        if (label === labels[at]) return;
        changed++;
        // Two pixels to each side: 1 of the tolerance, and what rounding to pixels adds.
        const [x, y] = [at % width, Math.floor(at / width)], near = new Set<number>();
        for (let row = Math.max(0, y - 2); row <= Math.min(height - 1, y + 2); row++) {
          for (let column = Math.max(0, x - 2); column <= Math.min(width - 1, x + 2); column++) {
            near.add(labels[row * width + column]!);
          }
        }
        assert.ok(near.size > 1, `${mask.name}: column ${x}, row ${y}`);
      });
    }
    const count = (tolerance: number) =>
      JSON.parse(writeLabelMe({ picture: "a", width, height, labels }, { classes, tolerance })).shapes
        .reduce((sum: number, { points }: { points: [] }) => sum + points.length, 0);
    corners += count(0);
    fewer += count(1);
  }
  assert.ok(fewer < corners / 3, `${fewer} of ${corners} corners`);
  assert.ok(changed > 0);
});

Deno.test("LabelMe's file names the picture, and has background only where a region encloses it", () => {
  const rows = ["00000", "01110", "01010", "01110", "00000"];
  const labels = Uint8Array.from(rows.join(""), Number);
  const written = JSON.parse(
    writeLabelMe({ picture: "../photos/a.jpg", width: 5, height: 5, labels }, { classes, tolerance: 0 }),
  );
  const { imagePath, imageData, imageWidth, imageHeight, shapes } = written;
  assert.deepEqual({ imagePath, imageData, imageWidth, imageHeight }, {
    imagePath: "../photos/a.jpg",
    imageData: null,
    imageWidth: 5,
    imageHeight: 5,
  });
  assert.deepEqual(shapes.map(({ label, points }: { label: string; points: [] }) => [label, points]), [
    ["cat", [[3, 1], [3, 3], [1, 3], [1, 1]]],
    ["background", [[2, 2], [2, 2], [2, 2], [2, 2]]],
  ]);
});

Deno.test("COCO's file has areas, boxes and categories; each region is an annotation", () => {
  const labels = Uint8Array.from("11100 10120 11100".replaceAll(" ", ""), Number);
  const writer = new CocoWriter({ classes, tolerance: 0 });
  writer.add({ picture: "x/a.jpg", width: 5, height: 3, labels });
  const { images, annotations, categories } = JSON.parse(writer.text());
  assert.deepEqual(images, [{ id: 1, file_name: "x/a.jpg", width: 5, height: 3 }]);
  assert.deepEqual(categories[2], { id: 3, name: "dog", supercategory: "" });
  assert.deepEqual(
    annotations.map(({ id, image_id, category_id, area, bbox, iscrowd }: Record<string, unknown>) => [
      id,
      image_id,
      category_id,
      area,
      bbox,
      iscrowd,
    ]),
    [[1, 1, 2, 8, [0, 0, 3, 3], 0], [2, 1, 3, 1, [3, 1, 1, 1], 0]],
  );
  assert.equal(annotations[0].segmentation.length, 1);
});

Deno.test("regions hang together by the sides of pixels; what a hole meets at a corner is no hole", () => {
  const traced = (text: string) => {
    const regions = traceRegions(Uint8Array.from(text.replaceAll(" ", ""), Number), 3, 3);
    return regions.map(({ value, area, outer, holes }) => [value, area, outer.length, holes.length]);
  };
  assert.deepEqual(traced("111 101 111"), [[1, 8, 4, 1], [0, 1, 4, 0]]);
  assert.deepEqual(traced("111 101 011"), [[1, 7, 10, 0], [0, 1, 4, 0], [0, 1, 4, 0]]);
  assert.deepEqual(traced("100 010 001").filter(([value]) => value === 1), [[1, 1, 4, 0], [1, 1, 4, 0], [
    1,
    1,
    4,
    0,
  ]]);
});
