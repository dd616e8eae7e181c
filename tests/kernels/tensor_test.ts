import assert from "node:assert/strict";
import { ShapeError } from "../../kernels/errors.ts";
import {
  imageExtents,
  makeTensor,
  padded,
  roundUp,
  storedLength,
  storedVectors,
} from "../../kernels/tensor.ts";

Deno.test("storedLength() pads what its layout says, and nothing else", () => {
  assert.equal(storedLength([2, 5, 7, 3], "channels"), 2 * 5 * 7 * 4);
  assert.equal(storedLength([5], "channels"), 8);
  assert.equal(storedLength([3, 3, 5, 6], "kernel"), 9 * 8 * 8);
  assert.equal(storedLength([2, 5, 7], "map"), 70);
  assert.deepEqual([padded(1), padded(4), padded(5), roundUp(257, 256)], [4, 4, 8, 512]);
});

Deno.test("storedLength() refuses extents that are no counts, and weights of another rank", () => {
  for (const shape of [[0], [2, -1], [1.5], [NaN]]) {
    assert.throws(
      () => storedLength(shape, "map"),
      (e) => e instanceof ShapeError && /positive integer/.test(e.message),
    );
  }
  assert.throws(() => storedLength([3, 3, 5], "kernel"), /\[3,3,5\]: \[kh, kw, in, out\] is needed/);
});

Deno.test("makeTensor() leaves room for whole vec4s, and keeps its own copy of the shape", () => {
  const shape = [1, 3, 3];
  const tensor = makeTensor({ label: "m", shape, layout: "map", dtype: "u32" });
  assert.equal(tensor.bytes, 48);
  shape[0] = 9;
  assert.deepEqual(tensor.shape, [1, 3, 3]);
  assert.equal(tensor.tracked, false);
  assert.equal("home" in tensor, false);
});

Deno.test("an image in f16 takes half the bytes for as many vec4s", () => {
  for (const shape of [[1, 1, 1, 1], [1, 1, 3, 3], [2, 5, 7, 21]]) {
    const [full, half] = [makeTensor({ label: "x", shape }), makeTensor({ label: "x", shape, dtype: "f16" })];
    assert.equal(half.bytes, full.bytes / 2);
    assert.equal(storedVectors(half), storedVectors(full));
    assert.equal(storedVectors(full), storedLength(shape, "channels") / 4);
  }
});

Deno.test("imageExtents() names the axes of an image, and refuses what is none", () => {
  const image = makeTensor({ label: "x", shape: [2, 5, 7, 3] });
  assert.deepEqual(imageExtents(image), { batch: 2, height: 5, width: 7, channels: 3 });
  assert.throws(() => imageExtents(makeTensor({ label: "v", shape: [3] })), /Cannot use v \[3\] as an image/);
  const weights = makeTensor({ label: "w", shape: [3, 3, 4, 4], layout: "kernel" });
  assert.throws(() => imageExtents(weights), ShapeError);
});
