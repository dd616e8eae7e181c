import assert from "node:assert/strict";
import { deviceShape, fromDevice, toDevice } from "../../models/layout.ts";

/** 1, 2, 3, …: no two alike, none 0. */
const numbered = (shape: readonly number[]) =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1);

Deno.test("toDevice() and fromDevice() undo each other for convolutions and vectors of awkward sizes", async (t) => {
  for (
    const shape of [[1], [5], [8], [1, 1, 1, 1], [5, 3, 3, 3], [21, 7, 1, 1], [8, 4, 3, 1], [3, 9, 1, 3]]
  ) {
    await t.step(`[${shape}]`, () => {
      const values = numbered(shape);
      assert.deepEqual(fromDevice(toDevice(values, shape), shape), values);
    });
  }
});

Deno.test("toDevice() puts [out, in, kh, kw] as [kh, kw, in, out], padding in and out with zeros", () => {
  const shape = [2, 3, 2, 3], [outputs, inputs, height, width] = [2, 3, 2, 3];
  const stored = toDevice(numbered(shape), shape);
  assert.equal(stored.length, height * width * 4 * 4);
  let zeros = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < 4; i++) {
        for (let o = 0; o < 4; o++) {
          const value = stored[((y * width + x) * 4 + i) * 4 + o];
          const inside = i < inputs && o < outputs;
          assert.equal(value, inside ? ((o * inputs + i) * height + y) * width + x + 1 : 0);
          if (!inside) zeros++;
        }
      }
    }
  }
  assert.equal(zeros, height * width * 10);
  assert.deepEqual(deviceShape(shape), [2, 3, 3, 2]);
});

Deno.test("toDevice() pads vectors to whole vec4s", () => {
  assert.deepEqual(toDevice(Float32Array.of(1, 2, 3, 4, 5), [5]), Float32Array.of(1, 2, 3, 4, 5, 0, 0, 0));
  assert.deepEqual(deviceShape([5]), [5]);
});
