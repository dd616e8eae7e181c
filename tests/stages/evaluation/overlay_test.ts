import assert from "node:assert/strict";
import { overlay, thumbnail } from "../../../stages/evaluation/overlay.ts";

const classes = { names: ["background", "cat"], colors: [[0, 0, 0], [200, 100, 0]] } as const;

Deno.test("classes tint the photograph, borders are drawn in full, background and no class stay", () => {
  const [width, height] = [5, 5], image = new Uint8Array(75).fill(100);
  const labels = Uint8Array.from("00000 11111 11111 11111 99999".replaceAll(" ", ""), Number);
  const shown = overlay(image, labels, { width, height }, classes, 0);
  const at = (row: number) => [...shown.subarray(15 * row, 15 * row + 3)];
  assert.deepEqual([0, 1, 2, 3, 4].map(at), [
    [100, 100, 100],
    [200, 100, 0],
    [145, 100, 55],
    [200, 100, 0],
    [100, 100, 100],
  ]);
  assert.deepEqual(image, new Uint8Array(75).fill(100));
  const all = overlay(image, labels, { width, height }, classes);
  assert.deepEqual([...all.subarray(0, 3)], [0, 0, 0]);
});

Deno.test("a thumbnail is the mean of what each pixel stands for, and no larger than the picture", () => {
  const image = Uint8Array.from({ length: 4 * 2 * 3 }, (_, i) => 10 * Math.floor(i / 3));
  const small = thumbnail(image, { width: 4, height: 2 }, 2);
  assert.deepEqual([small.width, small.height], [2, 1]);
  assert.deepEqual([...small.data], [25, 25, 25, 45, 45, 45]);
  assert.equal(thumbnail(image, { width: 4, height: 2 }, 4).data, image);
  const thin = thumbnail(new Uint8Array(3 * 300).fill(7), { width: 300, height: 1 }, 7);
  assert.deepEqual([thin.width, thin.height, new Set(thin.data)], [7, 1, new Set([7])]);
});
