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
  strictEqual(hash.digest("hex"), "5a661b3548b2786d02711b3d77b4e8f5f7c3c11d51eb226d3f90ee6cdc94a18c");
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

Deno.test("a dozen scenes leave no class to chance: three in a row hold each once, but for what is hidden", () => {
  const labels = (index: number) =>
    [...new Set(drawShapesScene(1, index, 48).mask)].filter((label) => label > 0);
  const seen = shapesClasses.names.map(() => 0);
  for (let index = 0; index < 12; index += 3) {
    const row = [0, 1, 2].flatMap((next) => labels(index + next));
    strictEqual(new Set(row).size, row.length, `scenes from ${index} on hold ${row}`);
    for (const label of row) seen[label]!++;
  }
  ok(seen.slice(1).every((count) => count >= 3), `${seen.slice(1)} of 4`);
});

/** The mean colors of the classes over many scenes, without the background. */
function meanColors(hint: number): number[][] {
  const sums = shapesClasses.names.map(() => ({ count: 0, sum: [0, 0, 0] }));
  for (let index = 0; index < 150; index++) {
    const { image, mask } = drawShapesScene(5, index, 24, 1, hint);
    mask.forEach((label, pixel) => {
      sums[label]!.count++;
      for (let c = 0; c < 3; c++) sums[label]!.sum[c]! += image[pixel * 3 + c]!;
    });
  }
  return sums.slice(1).map(({ count, sum }) => sum.map((value) => value / count));
}

Deno.test("without a hint color tells nothing of the class; with one the classes' mean colors lie apart", () => {
  const widest = (means: number[][]) =>
    Math.max(
      ...[0, 1, 2].map((c) => Math.max(...means.map((m) => m[c]!)) - Math.min(...means.map((m) => m[c]!))),
    );
  ok(widest(meanColors(0)) < 40, `${widest(meanColors(0))}`);
  ok(widest(meanColors(1)) > 60, `${widest(meanColors(1))}`);
});

Deno.test("an outline is negative inside, positive outside, at any pose", () => {
  for (let label = 1; label <= outlineCount; label++) {
    const outline = posedOutline(new RandomStream({ seed: label, stream: "pose" }), label, 20, 30, 10);
    ok(outline(20 + 13, 30) > 0 && outline(20, 30 - 13) > 0, `outside of ${shapesClasses.names[label]}`);
    strictEqual(outline(20, 30) > 0, shapesClasses.names[label] === "ring", shapesClasses.names[label]);
  }
});
