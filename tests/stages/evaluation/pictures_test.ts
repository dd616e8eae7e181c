import assert from "node:assert/strict";
import { decodePng } from "../../../stages/codecs/png.ts";
import { maskPalette, shapesClasses } from "../../../stages/datasets/classes.ts";
import {
  conflictMap,
  fileName,
  fileNames,
  pictureFiles,
  picturesKind,
} from "../../../stages/evaluation/pictures.ts";
import { readerOf, roundTrip, withFolder } from "../../support/stage_run.ts";

const size = { width: 3, height: 2 };
const image = Uint8Array.from({ length: 18 }, (_, i) => 14 * i);
const labels = {
  branch1: Uint8Array.of(0, 1, 2, 3, 4, 5),
  branch2: Uint8Array.of(0, 1, 2, 0, 0, 0),
  average: Uint8Array.of(0, 1, 2, 3, 0, 6),
};
const predictions = { branch1: ["branch1"], branch2: ["branch2"], average: ["branch1", "branch2"] } as const;
const network = { classes: shapesClasses, predictions };
const truth = Uint8Array.of(255, 1, 2, 3, 4, 5);

Deno.test("conflictMap() is 1 where networks differ, as many as are scored by themselves", () => {
  assert.deepEqual(conflictMap(labels, predictions), Uint8Array.of(0, 0, 0, 1, 1, 1));
  const third = { ...predictions, third: ["third"] } as const;
  const more = { ...labels, third: Uint8Array.of(0, 1, 3, 0, 0, 0) };
  assert.deepEqual(conflictMap(more, third), Uint8Array.of(0, 0, 1, 1, 1, 1));
  assert.equal(conflictMap(labels, { branch1: ["branch1"], average: ["branch1", "branch2"] }), undefined);
});

Deno.test("pictureFiles() holds image, truth, each prediction and the conflict, pixel by pixel", () => {
  const files = pictureFiles("scene", size, image, truth, labels, network);
  const decoded = (name: string) => decodePng(files.get(`scene/${name}.png`)!, name);
  assert.deepEqual([...files.keys()].map((name) => name.replace("scene/", "")), [
    "image.png",
    "truth.png",
    "branch1.png",
    "branch2.png",
    "average.png",
    "conflict.png",
  ]);
  const { width, height, data } = decoded("image");
  assert.deepEqual([width, height, data], [3, 2, image]);
  assert.deepEqual(decoded("truth").data, truth);
  for (const name of ["branch1", "branch2", "average"] as const) {
    assert.deepEqual(decoded(name).data, labels[name], name);
    assert.deepEqual(decoded(name).palette!.subarray(0, 21), maskPalette(shapesClasses).subarray(0, 21));
  }
  assert.deepEqual(decoded("conflict").data, conflictMap(labels, predictions));
  assert.deepEqual(decoded("conflict").palette!.subarray(0, 6), Uint8Array.of(0, 0, 0, 255, 255, 255));
});

Deno.test("pictureFiles() has no truth where there is none", () => {
  const files = pictureFiles("scene", size, image, undefined, labels, network);
  assert.equal(files.size, 5);
  assert.ok(!files.has("scene/truth.png"));
});

Deno.test("fileName() leaves nothing that a path could mean something by", () => {
  assert.equal(fileName("JPEGImages/2008 000.jpg"), "JPEGImages_2008_000.jpg");
  assert.equal(fileName("../../etc/passwd"), "__.._etc_passwd");
  assert.equal(fileName(".."), "_");
  assert.equal(fileName("a\\b:c\u0000é"), "a_b_c__");
});

Deno.test("fileName() leaves room behind it: file systems take 255 bytes", () => {
  const long = fileName("JPEGImages/" + "x".repeat(236)), other = fileName("JPEGImages/" + "x".repeat(237));
  assert.deepEqual([long.length, other.length], [160, 160]);
  assert.match(long, /^JPEGImages_x{132}-[0-9a-f]{16}$/);
  assert.notEqual(long, other);
  assert.equal(fileName("ü".repeat(160)), "_".repeat(160));
  const names = fileNames(["y".repeat(300), "Y".repeat(300), "y".repeat(300)]);
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, 3);
});

Deno.test("fileNames() gives two ids never one name", () => {
  assert.deepEqual(
    fileNames(["a/b", "a_b", "A b", "a_b_2", "c"]),
    ["a_b", "a_b_2", "A_b_3", "a_b_2_2", "c"],
  );
});

Deno.test(
  "pictures come back from the artifact under their names",
  withFolder(async (folder) => {
    const files = pictureFiles("scene", size, image, truth, labels, network);
    // As in the cache, a name is a flat file or lies in a folder of the artifact.
    await Deno.mkdir(`${folder}/artifact/scene`, { recursive: true });
    const pictures = { names: [...files.keys()], read: (name: string) => Promise.resolve(files.get(name)!) };
    await roundTrip(picturesKind, pictures, `${folder}/artifact`);
    assert.deepEqual(
      readerOf(`${folder}/artifact/scene`).names(),
      [...files.keys()].map((n) => n.slice(6)).toSorted(),
    );
    for (const [name, bytes] of files) {
      assert.deepEqual(Deno.readFileSync(`${folder}/artifact/${name}`), bytes);
    }
  }),
);
