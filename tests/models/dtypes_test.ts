import assert from "node:assert/strict";
import { DATA_TYPES, type DataTypeName, toFloat32 } from "../../models/dtypes.ts";

/** Numbers stored by a typed array, as f32. */
function converted(
  values: { readonly buffer: ArrayBuffer; readonly byteOffset: number; readonly byteLength: number },
  dtype: DataTypeName,
): Float32Array<ArrayBuffer> {
  return toFloat32(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), dtype)!;
}

const bits = (
  values: Float32Array<ArrayBuffer>,
) => [...new Uint32Array(values.buffer, values.byteOffset, values.length)];

Deno.test("half precision: every finite value, the infinities, and NaNs that stay quiet NaNs", () => {
  for (let pattern = 0; pattern < 65536; pattern++) {
    const sign = pattern >>> 15 ? -1 : 1, exponent = pattern >>> 10 & 31, fraction = (pattern & 1023) / 1024;
    const wanted = exponent === 31
      ? fraction ? NaN : sign * Infinity
      : exponent === 0
      ? sign * fraction * 2 ** -14
      : sign * (1 + fraction) * 2 ** (exponent - 15);
    const [found] = converted(Uint16Array.of(pattern), "float16");
    if (!Object.is(found, wanted)) assert.fail(`${pattern.toString(16)} is ${found}, not ${wanted}`);
  }
  assert.deepEqual(bits(converted(Uint16Array.of(0x7e00, 0xfe00, 0x7c01), "float16")), [
    0x7fc00000,
    0xffc00000,
    0x7fc02000,
  ]);
});

Deno.test("bfloat16 is the upper half of a float", () => {
  const patterns = Uint16Array.of(0, 0x8000, 0x3f80, 0x0001, 0x7f80, 0x7fc1, 0xff7f);
  assert.deepEqual(bits(converted(patterns, "bfloat16")), [...patterns].map((pattern) => pattern * 65536));
});

Deno.test("eight bits: both layouts' numbers, and what stands at their ends", () => {
  const e4m3 = converted(Uint8Array.of(0, 0x80, 1, 7, 8, 0x38, 0xb8, 0x7e, 0x7f, 0xff), "float8_e4m3fn");
  assert.deepEqual([...e4m3], [0, -0, 2 ** -9, 7 * 2 ** -9, 2 ** -6, 1, -1, 448, NaN, NaN]);
  const e5m2 = converted(Uint8Array.of(0, 1, 4, 0x3c, 0xc0, 0x7b, 0x7c, 0xfc, 0x7d), "float8_e5m2");
  assert.deepEqual([...e5m2], [0, 2 ** -16, 2 ** -14, 1, -2, 57344, Infinity, -Infinity, NaN]);
});

Deno.test("single precision keeps its bits, and is not copied", () => {
  const patterns = Uint32Array.of(0x7f800001, 0xffc12345, 1, 0x80000000);
  const found = converted(patterns, "float32");
  assert.equal(found.buffer, patterns.buffer);
  assert.deepEqual(bits(found), [...patterns]);
});

Deno.test("64-bit integers are rounded once, to even", () => {
  // 2⁵⁴ + 2³⁰ is half-way between two floats; one more must go up, and is lost where f64 stands in between.
  const values = BigInt64Array.of(
    2n ** 54n + 2n ** 30n,
    2n ** 54n + 2n ** 30n + 1n,
    -(2n ** 54n) - 2n ** 30n - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  );
  const step = 2 ** 31;
  assert.deepEqual([...converted(values, "int64")], [
    2 ** 54,
    2 ** 54 + step,
    -(2 ** 54) - step,
    2 ** 63,
    -(2 ** 63),
  ]);
  assert.deepEqual([...converted(BigUint64Array.of(2n ** 64n - 1n, 5n), "uint64")], [2 ** 64, 5]);
});

Deno.test("other types, and complex ones, for which no f32 stands", () => {
  assert.deepEqual([...converted(Float64Array.of(0.1, 1e300, -0), "float64")], [
    Math.fround(0.1),
    Infinity,
    -0,
  ]);
  assert.deepEqual([...converted(Int32Array.of(-(2 ** 31), 2 ** 24 + 1), "int32")], [-(2 ** 31), 2 ** 24]);
  assert.deepEqual([...converted(Uint32Array.of(2 ** 32 - 1), "uint32")], [2 ** 32]);
  assert.deepEqual([...converted(Uint8Array.of(0, 1, 7), "bool")], [0, 1, 1]);
  assert.equal(toFloat32(new Uint8Array(16), "complex64"), undefined);
  assert.ok(Object.values(DATA_TYPES).every(({ bytes }) => [1, 2, 4, 8, 16].includes(bytes)));
});
