import assert from "node:assert/strict";
import { WeightsError } from "../../models/errors.ts";
import {
  contiguousStrides,
  elementBytes,
  elementCount,
  float32Pieces,
  hostTensor,
  type StoredTensor,
} from "../../models/stored_tensor.ts";

const numbers = (count: number) => {
  const values = Float32Array.from({ length: count }, (_, i) => i);
  return new Uint8Array(values.buffer);
};
const view = (shape: number[], strides: number[], offset: number): StoredTensor => ({
  dtype: "float32",
  shape,
  strides,
  offset,
  storage: numbers(60),
});

/** What indexing gives, element by element. */
function indexed({ shape, strides, offset }: StoredTensor): number[] {
  const places = shape.reduce<number[]>(
    (all, extent, axis) =>
      all.flatMap((place) => Array.from({ length: extent }, (_, i) => place + i * strides[axis]!)),
    [offset],
  );
  return places;
}

const views: Record<string, StoredTensor> = {
  "contiguous": view([3, 4, 5], [20, 5, 1], 0),
  "with an offset": view([2, 5], [5, 1], 7),
  "transposed": view([5, 4, 3], [1, 5, 20], 0),
  "every other": view([3, 2, 2], [20, 10, 3], 1),
  "repeated": view([4, 3], [0, 1], 9),
  "one element": view([], [], 59),
  "extents of 1 with any stride": view([1, 5, 1], [77, 1, 9], 3),
  "channels last": view([2, 3, 2, 2], [12, 1, 6, 3], 0),
};

Deno.test("a view's elements are those that indexing gives, whole or in pieces of any size", () => {
  for (const [what, tensor] of Object.entries(views)) {
    const wanted = indexed(tensor);
    assert.deepEqual([...hostTensor(tensor).values], wanted, what);
    for (const size of [1, 2, 3, 7, 100]) {
      const pieces = [...float32Pieces(tensor, size)];
      assert.deepEqual(pieces.flatMap((piece) => [...piece]), wanted, `${what} in pieces of ${size}`);
      assert.ok(pieces.every(({ length }) => length <= size));
    }
  }
});

Deno.test("elements of every width are moved whole, from any address", () => {
  for (
    const [dtype, width] of [["uint8", 1], ["int16", 2], ["float32", 4], ["int64", 8], [
      "complex128",
      16,
    ]] as const
  ) {
    const storage = Uint8Array.from({ length: 6 * width }, (_, i) => i);
    const odd = new Uint8Array(6 * width + 1);
    odd.set(storage, 1);
    for (const bytes of [storage, odd.subarray(1)]) {
      const tensor: StoredTensor = { dtype, shape: [3, 2], strides: [1, 3], offset: 0, storage: bytes };
      const wanted = [0, 3, 1, 4, 2, 5].flatMap((
        place,
      ) => [...storage.subarray(place * width, (place + 1) * width)]);
      assert.deepEqual([...elementBytes(tensor)], wanted, dtype);
      const straight = elementBytes({ ...tensor, strides: [2, 1] });
      assert.deepEqual([...straight], [...storage]);
      assert.equal(straight.byteOffset % width, 0);
    }
  }
});

Deno.test("what lies without gaps is not copied", () => {
  const tensor = views["with an offset"]!;
  assert.equal(elementBytes(tensor).buffer, tensor.storage.buffer);
  assert.equal(elementBytes(tensor).byteOffset, 28);
});

Deno.test("shapes with no elements", () => {
  const nothing = view([0, 4], [4, 1], 0);
  assert.equal(elementCount([0, 4]), 0);
  assert.deepEqual(hostTensor(nothing), { shape: [0, 4], values: new Float32Array() });
  assert.deepEqual([...float32Pieces(nothing)], []);
  assert.deepEqual(contiguousStrides([2, 0, 3]), [3, 3, 1]);
  assert.deepEqual(contiguousStrides([]), []);
});

Deno.test("complex numbers are no f32", () => {
  const tensor: StoredTensor = {
    dtype: "complex64",
    shape: [1],
    strides: [1],
    offset: 0,
    storage: new Uint8Array(8),
  };
  assert.throws(
    () => hostTensor(tensor),
    (error) => error instanceof WeightsError && /complex64/.test(error.message),
  );
});
