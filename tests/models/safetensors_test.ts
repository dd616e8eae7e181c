import assert from "node:assert/strict";
import { WeightsError } from "../../models/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../models/safetensors.ts";
import type { StateDict } from "../../models/state_dict.ts";

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
  const decoded = decodeSafetensors(bytes, "it");
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
  assert.deepEqual(decodeSafetensors(shifted.subarray(3), "it").state, state);
  const header = {
    a: { dtype: "F32", shape: [1], data_offsets: [4, 8] },
    b: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
  };
  const swapped = file(header, 8);
  new DataView(swapped.buffer).setFloat32(swapped.length - 4, 5, true);
  assert.equal(decodeSafetensors(swapped, "it").state.get("a")!.values[0], 5);
});

const tensor = (change: Record<string, unknown> = {}) => ({
  x: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...change },
});
const lies: Record<string, readonly [Uint8Array, RegExp]> = {
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
  "half precision": [file(tensor({ dtype: "F16", data_offsets: [0, 4] }), 4), /"x" is F16, and only F32/],
  "no dtype": [file(tensor({ dtype: undefined }), 8), /"x" is undefined, and only F32/],
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

Deno.test("safetensors: a file that lies is a WeightsError that names it", async (t) => {
  for (const [what, [bytes, message]] of Object.entries(lies)) {
    await t.step(what, () =>
      assert.throws(
        () => decodeSafetensors(bytes, "w.safetensors"),
        (error) =>
          error instanceof WeightsError && message.test(error.message) &&
          error.message.startsWith('Cannot read weights from "w.safetensors": '),
      ));
  }
});
