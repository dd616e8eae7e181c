import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { RandomStream } from "../../../kernels/random.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { drawShapesScene } from "../../../stages/datasets/shapes.ts";
import { outlineCount, posedOutline } from "../../../stages/datasets/shapes_outline.ts";

Deno.test("a scene is a pure function of seed and index", () => {
  const scene = drawShapesScene(1, 4, 48);
  strictEqual(scene.image.length, 48 * 48 * 3);
  strictEqual(scene.mask.length, 48 * 48);
  deepStrictEqual(drawShapesScene(1, 4, 48), scene);
  notDeepStrictEqual(drawShapesScene(1, 5, 48).mask, scene.mask);
  notDeepStrictEqual(drawShapesScene(2, 4, 48).mask, scene.mask);
});

Deno.test("the pictures stay the same: a change of the generator changes every published figure", () => {
  const hash = createHash("sha256");
  for (let index = 0; index < 4; index++) {
    const { image, mask } = drawShapesScene(1, index, 64);
    hash.update(image).update(mask);
  }
  strictEqual(hash.digest("hex"), "c1cf28924bc11a9b388f7453a49daba687aa7a27449a979d1853e00cabe2e2e2");
});

Deno.test("every class occurs, and the background holds half to nine tenths", () => {
  const counts = new Array<number>(shapesClasses.names.length).fill(0);
  for (let index = 0; index < 40; index++) {
    for (const label of drawShapesScene(3, index, 32).mask) counts[label]!++;
  }
  strictEqual(outlineCount, shapesClasses.names.length - 1);
  const total = 40 * 32 * 32;
  ok(counts.every((count) => count > 0.005 * total), counts.join(" "));
  ok(counts[0]! > 0.5 * total && counts[0]! < 0.9 * total, `${counts[0]! / total}`);
});

Deno.test("color tells nothing of the class: the classes' mean colors are alike", () => {
  const sums = shapesClasses.names.map(() => ({ count: 0, sum: [0, 0, 0] }));
  for (let index = 0; index < 150; index++) {
    const { image, mask } = drawShapesScene(5, index, 24);
    mask.forEach((label, pixel) => {
      sums[label]!.count++;
      for (let c = 0; c < 3; c++) sums[label]!.sum[c]! += image[pixel * 3 + c]!;
    });
  }
  const means = sums.slice(1).map(({ count, sum }) => sum.map((value) => value / count));
  for (const c of [0, 1, 2]) {
    const values = means.map((mean) => mean[c]!);
    ok(Math.max(...values) - Math.min(...values) < 40, `channel ${c}: ${values.map(Math.round)}`);
  }
});

Deno.test("an outline is negative inside, positive outside, at any pose", () => {
  for (let label = 1; label <= outlineCount; label++) {
    const outline = posedOutline(new RandomStream({ seed: label, stream: "pose" }), label, 20, 30, 10);
    ok(outline(20 + 13, 30) > 0 && outline(20, 30 - 13) > 0, `outside of ${shapesClasses.names[label]}`);
    strictEqual(outline(20, 30) > 0, shapesClasses.names[label] === "ring", shapesClasses.names[label]);
  }
});
