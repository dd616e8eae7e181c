import assert from "node:assert/strict";
import { WeightsError } from "../../models/errors.ts";
import { encodeSafetensors, encodeStoredTensors, parseSafetensors } from "../../models/safetensors.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { elementBytes, hostTensor } from "../../models/stored_tensor.ts";
import { readWeights } from "../../models/weights_file.ts";

/** A file's tensors as f32. */
function decode(bytes: Uint8Array<ArrayBuffer>): { state: StateDict; metadata: Record<string, string> } {
  const { tensors, metadata } = parseSafetensors(bytes);
  return { state: new Map([...tensors].map(([name, tensor]) => [name, hostTensor(tensor)])), metadata };
}

const state: StateDict = new Map([
  ["z.weight", { shape: [2, 1, 1, 2], values: Float32Array.of(1, -2.5, 3e-40, NaN) }],
  ["a.bias", { shape: [3], values: Float32Array.of(0.1, -0, Infinity) }],
  ["scalar", { shape: [], values: Float32Array.of(7) }],
  ["empty", { shape: [0, 4], values: new Float32Array() }],
]);

/** A file with this header, whatever it claims. */
function file(header: unknown, data = 0, length?: bigint): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const out = new Uint8Array(8 + bytes.length + data);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true);
  out.set(bytes, 8);
  return out;
}

Deno.test("safetensors: what is encoded decodes to the same bits, names, order and metadata", () => {
  const bytes = encodeSafetensors(state, { network: '{"classes":3}', note: "ä" });
  const decoded = decode(bytes);
  assert.deepEqual([...decoded.state.keys()], [...state.keys()]);
  assert.deepEqual(decoded.state, state);
  assert.ok(Object.is(decoded.state.get("a.bias")!.values[1], -0));
  assert.deepEqual(decoded.metadata, { network: '{"classes":3}', note: "ä" });
  assert.deepEqual(encodeSafetensors(decoded.state, decoded.metadata), bytes);
});

Deno.test("safetensors: the layout is the published one, byte by byte", () => {
  const bytes = encodeSafetensors(new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
  const header = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const length = Math.ceil(header.length / 8) * 8;
  const expected = new Uint8Array(8 + length + 4);
  expected[0] = length;
  expected.set(new TextEncoder().encode(header.padEnd(length, " ")), 8);
  expected.set([0, 0, 0x80, 0x3f], 8 + length);
  assert.deepEqual(bytes, expected);
});

Deno.test("safetensors: a file decodes at any alignment, and in any order of its data", () => {
  const bytes = encodeSafetensors(state);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(decode(shifted.subarray(3)).state, state);
  const header = {
    a: { dtype: "F32", shape: [1], data_offsets: [4, 8] },
    b: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
  };
  const swapped = file(header, 8);
  new DataView(swapped.buffer).setFloat32(swapped.length - 4, 5, true);
  assert.equal(decode(swapped).state.get("a")!.values[0], 5);
});

const tensor = (change: Record<string, unknown> = {}) => ({
  x: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...change },
});
const lies: Record<string, readonly [Uint8Array<ArrayBuffer>, RegExp]> = {
  "no bytes": [new Uint8Array(), /has 0 bytes, and a safetensors file starts with 8/],
  "half a length": [new Uint8Array(7), /has 7 bytes/],
  "a header past the end": [file({}, 0, 3n), /claims a header of 3 bytes, and the file has 10/],
  "a header of 2⁶⁴ − 1 bytes": [file({}, 0, 2n ** 64n - 1n), /claims a header of 18446744073709552000/],
  "an empty header": [file("", 8), /its header is not JSON/],
  "text": [file("hello"), /its header is not JSON/],
  "bytes that are no UTF-8": [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /its header is not JSON/],
  "null": [file("null"), /its header is not a JSON object/],
  "a list": [file("[]"), /its header is not a JSON object/],
  "an entry that is null": [file({ x: null }), /entry "x" is not a JSON object/],
  "an entry that is a number": [file({ x: 1 }), /entry "x" is not a JSON object/],
  "metadata that is text": [file({ __metadata__: "a" }), /entry "__metadata__" is not a JSON object/],
  "metadata that is not text": [
    file({ __metadata__: { a: 1 } }),
    /__metadata__ holds something that is not a string/,
  ],
  "a type nobody knows": [file(tensor({ dtype: "F12" }), 8), /"x" is F12, and only F64, F32, F16/],
  "half precision in the room of single": [
    file(tensor({ dtype: "F16" }), 8),
    /"x" \[2\] claims bytes 0 to 8/,
  ],
  "a type by the name of a method": [file(tensor({ dtype: "toString" }), 8), /"x" is toString, and only/],
  "no dtype": [file(tensor({ dtype: undefined }), 8), /"x" is undefined, and only F64/],
  "no shape": [file(tensor({ shape: undefined }), 8), /"x" has no valid shape/],
  "a negative extent": [file(tensor({ shape: [-2] }), 8), /"x" has no valid shape/],
  "half an extent": [file(tensor({ shape: [0.5, 4] }), 8), /"x" has no valid shape/],
  "an extent as text": [file(tensor({ shape: ["2"] }), 8), /"x" has no valid shape/],
  "extents whose product is beyond numbers": [
    file(tensor({ shape: Array(60).fill(2 ** 40) }), 8),
    /claims bytes 0 to 8/,
  ],
  "no offsets": [file(tensor({ data_offsets: undefined }), 8), /"x" has no valid data_offsets/],
  "offsets that are no list": [file(tensor({ data_offsets: 8 }), 8), /"x" has no valid data_offsets/],
  "one offset": [file(tensor({ data_offsets: [8] }), 8), /"x" has no valid data_offsets/],
  "three offsets": [file(tensor({ data_offsets: [0, 8, 8] }), 8), /"x" has no valid data_offsets/],
  "a negative offset": [file(tensor({ data_offsets: [-8, 0] }), 8), /"x" has no valid data_offsets/],
  "offsets between bytes": [file(tensor({ data_offsets: [0.5, 8.5] }), 9), /"x" has no valid data_offsets/],
  "offsets past the end": [file(tensor({ data_offsets: [4, 12] }), 8), /claims bytes 4 to 12 of 8/],
  "offsets backwards": [file(tensor({ data_offsets: [8, 0] }), 8), /claims bytes 8 to 0 of 8/],
  "less data than the shape needs": [file(tensor({ shape: [3] }), 8), /"x" \[3\] claims bytes 0 to 8/],
  "more data than the shape needs": [file(tensor({ shape: [1] }), 8), /"x" \[1\] claims bytes 0 to 8/],
  "data that was cut off": [encodeSafetensors(state).slice(0, -1), /claims bytes/],
  "bytes of no tensor at the end": [file(tensor(), 12), /end at byte 8 of the data, and 12 are there/],
  "bytes of no tensor in between": [
    file({ ...tensor(), y: { dtype: "F32", shape: [1], data_offsets: [12, 16] } }, 16),
    /"y" starts at byte 12 of the data, and 8 is next/,
  ],
  "two tensors in the same bytes": [
    file({ ...tensor(), y: { dtype: "F32", shape: [1], data_offsets: [4, 8] } }, 8),
    /"y" starts at byte 4 of the data, and 8 is next/,
  ],
};

Deno.test("safetensors: a file that lies is a WeightsError", async (t) => {
  for (const [what, [bytes, message]] of Object.entries(lies)) {
    await t.step(what, () =>
      assert.throws(
        () => decode(bytes),
        (error) => error instanceof WeightsError && message.test(error.message),
      ));
  }
});

Deno.test("safetensors: the file is named in errors", async () => {
  await assert.rejects(
    readWeights(encodeSafetensors(state).slice(0, -1), "w.safetensors"),
    (error) =>
      error instanceof WeightsError &&
      error.message.startsWith('Cannot read weights from "w.safetensors": tensor '),
  );
});

Deno.test("safetensors: every type keeps its bytes, and complex numbers have no place", () => {
  const half = {
    dtype: "float16",
    shape: [3],
    strides: [1],
    offset: 0,
    storage: Uint8Array.of(0, 0x3c, 0, 0xc0, 1, 0),
  } as const;
  const count = {
    dtype: "int64",
    shape: [],
    strides: [],
    offset: 0,
    storage: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0),
  } as const;
  const { tensors } = parseSafetensors(
    encodeStoredTensors(new Map<string, typeof half | typeof count>([["a", half], ["__proto__", count]])),
  );
  assert.deepEqual([...tensors.keys()], ["a", "__proto__"]);
  assert.equal(tensors.get("a")!.dtype, "float16");
  assert.deepEqual(elementBytes(tensors.get("a")!), half.storage);
  assert.deepEqual(hostTensor(tensors.get("a")!).values, Float32Array.of(1, -2, 2 ** -24));
  assert.deepEqual(hostTensor(tensors.get("__proto__")!), { shape: [], values: Float32Array.of(7) });
  const complex = { ...count, dtype: "complex64" } as const;
  assert.throws(
    () => encodeStoredTensors(new Map([["z", complex]])),
    /Cannot write "z" as safetensors: .* complex64/,
  );
});
