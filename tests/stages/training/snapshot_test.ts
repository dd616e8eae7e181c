import assert from "node:assert/strict";
import {
  allFinite,
  decodeSnapshot,
  encodeSnapshot,
  type Snapshot,
  snapshotSize,
} from "../../../stages/training/snapshot.ts";

const snapshot: Snapshot = {
  state: {
    step: 7,
    history: {
      losses: [{ step: 1, epoch: 0, terms: { ce1: 0.1 + 0.2, ce2: Math.fround(1 / 3) } }],
      evaluations: [{
        epoch: 1,
        protocol: "original",
        miou: { branch1: 12.345678901234567, branch2: 0, average: 100 },
      }],
    },
    scores: { protocol: "original", scores: { branch1: 12.345678901234567, branch2: 0, average: 100 } },
    best: { branch1: "a".repeat(64) },
  },
  adapter: "a GPU\nwith two lines",
  captured: [Float32Array.of(1, -0, 1e-45, 3.4e38), Float32Array.of(), Float32Array.of(Math.fround(0.1))],
};
const lengths = snapshot.captured.map(({ length }) => length);

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

Deno.test("a snapshot comes back to the bit, wherever it lies in memory", () => {
  const bytes = joined(encodeSnapshot(snapshot));
  assert.deepEqual(decodeSnapshot(bytes, lengths), snapshot);
  // Behind a header of any length, so at any alignment.
  const shifted = joined([Uint8Array.of(1, 2, 3), bytes]).subarray(3);
  const { captured } = decodeSnapshot(shifted, lengths);
  assert.ok(Object.is(captured[0]![1], -0));
  assert.deepEqual(captured, snapshot.captured);
  const { about, most } = snapshotSize(lengths);
  assert.ok(about === 20 && most > bytes.length);
});

Deno.test("a snapshot of another network is refused, with both sizes", () => {
  const bytes = joined(encodeSnapshot(snapshot));
  assert.throws(() => decodeSnapshot(bytes, [4, 0, 2]), /holds 20 bytes of weights, and 24 belong/);
  assert.throws(() => decodeSnapshot(bytes.slice(0, -4), lengths), /holds 16 bytes/);
  assert.throws(() => decodeSnapshot(new Uint8Array(), lengths), RangeError);
});

Deno.test("what is NaN or infinite anywhere is not finite; the largest and smallest numbers are", () => {
  assert.ok(allFinite(snapshot.captured));
  assert.ok(allFinite([]));
  for (const bad of [NaN, Infinity, -Infinity]) {
    const values = new Float32Array(1000);
    values[999] = bad;
    assert.equal(allFinite([new Float32Array(3), values]), false, String(bad));
  }
});
