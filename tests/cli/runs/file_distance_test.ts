/** How far apart two files are, as `cache verify` says it. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileDistance } from "../../../cli/runs/file_distance.ts";
import { encodeSafetensors } from "../../../models/safetensors.ts";
import { placeTest } from "../support.ts";

const weights = (tensors: Record<string, readonly number[]>) =>
  encodeSafetensors(
    new Map(
      Object.entries(tensors).map(([name, values]) => [name, {
        shape: [values.length],
        values: Float32Array.from(values),
      }]),
    ),
  );
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

placeTest("tensors by group, numbers by leaf, other bytes by count", async ({ folder }) => {
  const [before, after] = [join(folder, "before"), join(folder, "after")];
  const compare = async (file: string, old: Uint8Array, now: Uint8Array) => {
    await Deno.writeFile(before, old);
    await Deno.writeFile(after, now);
    return await fileDistance({ output: "out", file, before, after });
  };
  const far = await compare(
    "w.safetensors",
    weights({
      "a.b.one": [1, -4],
      "a.b.two": [2, 2],
      "a.c.x": [1],
      "a.d": [NaN, 1],
      "gone": [1],
      "n.n": [1],
    }),
    weights({
      "a.b.one": [1, -4.5],
      "a.b.two": [2, 2.5],
      "a.c.x": [1],
      "a.d": [NaN, 1],
      "new": [1],
      "n.n": [NaN],
    }),
  );
  assert.deepEqual(far.lines, [
    "gone: [1] before, none now",
    "new: none before, [1] now",
    "a.b: 2.50e-1 at most, in a.b.two",
    "a.c: equal",
    "a.d: equal",
    "n.n: Infinity at most, in n.n",
  ]);
  const near = await compare("w.safetensors", weights({ a: [4, 0] }), weights({ a: [4, 1e-3] }));
  assert.ok(Math.abs(near.relative! - 2.5e-4) < 1e-9);
  const json = await compare(
    "v.json",
    text({ a: [1, { b: 2 }], c: "x" }),
    text({ a: [1, { b: 3 }], c: "x" }),
  );
  assert.deepEqual([json.file, json.lines], ["out/v.json", ["a.1.b: 2 before, 3 now"]]);
  const many = await compare("v.json", text([1, 2, 3, 4, 5, 6, 7]), text([2, 3, 4, 5, 6, 7, 9]));
  assert.deepEqual([many.lines[0], many.lines.length, many.lines[5]], [
    "0: 1 before, 2 now",
    6,
    "and 2 more",
  ]);
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual((await compare("x.png", bytes, Uint8Array.of(1, 9, 9))).lines, ["2 of 3 bytes differ"]);
  assert.deepEqual((await compare("x.png", bytes, bytes.subarray(1))).lines, ["3 bytes before, 2 now"]);
  // What is not what its name says is compared as bytes.
  for (const name of ["w.safetensors", "v.json"]) {
    assert.deepEqual((await compare(name, bytes, Uint8Array.of(1, 2, 4))).lines, ["1 of 3 bytes differ"]);
  }
  const gone = await fileDistance({ output: "out", file: "x", before, after: undefined });
  assert.deepEqual(gone.lines, ["is not there now"]);
});
