import assert from "node:assert/strict";
import { readCoco } from "../../../stages/annotations/coco.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import golden from "../../golden/annotations.json" with { type: "json" };

const { width, height } = golden, values = new Map([["cat", 1], ["dog", 2]]);

for (const name of ["coco", "coco, run lengths", "coco, packed run lengths"] as const) {
  Deno.test(`${name}: the masks are those of pycocotools`, () => {
    const { text, mask } = golden[name], found = readCoco(text, "instances.json");
    assert.deepEqual([...found.keys()], ["pets/a.jpg", "pets/b.jpg"]);
    const annotation = found.get("pets/a.jpg")!;
    assert.deepEqual(rasterize(annotation, values, 0, { width, height }), Uint8Array.fromBase64(mask));
  });
}

interface Fields {
  readonly images?: unknown[];
  readonly annotations?: unknown[];
}

function file({ images, annotations = [] }: Fields): string {
  return JSON.stringify({
    images: images ?? [{ id: 1, file_name: "a.jpg", width: 4, height: 3 }],
    categories: [{ id: 5, name: "cat" }, { id: 6, name: "dog" }],
    annotations,
  });
}
const ring = [0, 0, 4, 0, 4, 3, 0, 3];
const of = (more: object) => ({ id: 9, image_id: 1, category_id: 5, segmentation: [ring], ...more });

Deno.test("a picture without annotations is not labeled; crowds lie under all else", () => {
  const empty = readCoco(file({}), "c.json").get("a.jpg")!;
  assert.deepEqual([empty.isLabeled, empty.regions], [false, []]);
  const crowd = of({ category_id: 6, iscrowd: 1, segmentation: { size: [3, 4], counts: [0, 12] } });
  const both = readCoco(
    file({ annotations: [of({ segmentation: [[0, 0, 2, 0, 2, 3, 0, 3]] }), crowd] }),
    "c.json",
  );
  const annotation = both.get("a.jpg")!;
  assert.equal(annotation.isLabeled, true);
  assert.deepEqual([...rasterize(annotation, values, 0, { width: 4, height: 3 })], [
    1,
    1,
    2,
    2,
    1,
    1,
    2,
    2,
    1,
    1,
    2,
    2,
  ]);
});

Deno.test("a file that does not say how large its pictures are is read", () => {
  const annotations = [of({ segmentation: { size: [3, 4], counts: [0, 3, 9] } })];
  const annotation = readCoco(file({ images: [{ id: 1, file_name: "a.jpg" }], annotations }), "c.json").get(
    "a.jpg",
  )!;
  assert.deepEqual(annotation.size, { width: 4, height: 3 });
  assert.deepEqual([...rasterize(annotation, values, 0, { width: 4, height: 3 })], [
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
  ]);
});

Deno.test("what pycocotools would misread is refused by annotation and value", () => {
  const cases: [string, RegExp][] = [
    ["[]", /it is no annotations of COCO: there is \[\]; expected object/],
    [
      file({ annotations: [of({ segmentation: [[1, 1, 2, 2]] })] }),
      /annotation 0 \(id 9\): a polygon of 2 points/,
    ],
    [
      file({ annotations: [of({ segmentation: [[1, 1, 2, 2, 3]] })] }),
      /a polygon of 5 numbers; it must have two/,
    ],
    [file({ annotations: [of({ segmentation: [] })] }), /it has no segmentation, as boxes of detectors/],
    [file({ annotations: [of({ image_id: 2 })] }), /its image_id 2 is none that the file lists/],
    [file({ annotations: [of({ category_id: 2 })] }), /its category_id 2 is none that the file lists/],
    [
      file({ annotations: [of({ segmentation: { size: [4, 3], counts: [12] } })] }),
      /run lengths are wrong: they are of 3 × 4 pixels, and the picture is 4 × 3/,
    ],
    [
      file({ annotations: [of({ segmentation: { size: [3, 4], counts: [2, 3] } })] }),
      /run lengths are wrong: they are 5 pixels; 12 are needed/,
    ],
    [
      file({ annotations: [of({ segmentation: { size: [3, 4], counts: "z" } })] }),
      /run lengths are wrong: there is "z" at character 0/,
    ],
    [
      file({
        images: [{ id: 1, file_name: "a", width: 4, height: 3 }, {
          id: 1,
          file_name: "b",
          width: 4,
          height: 3,
        }],
      }),
      /images: two have the id 1/,
    ],
    [
      file({
        images: [{ id: 1, file_name: "a", width: 4, height: 3 }, {
          id: 2,
          file_name: "a",
          width: 4,
          height: 3,
        }],
      }),
      /"a" is listed twice/,
    ],
  ];
  for (const [text, message] of cases) assert.throws(() => readCoco(text, "c.json"), message, text);
});
