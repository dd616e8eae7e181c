/** Canonical JSON and the suggestions for mistyped names. @module */
import assert from "node:assert/strict";
import { canonicalJson, nearest, sha256 } from "../../../pipeline/mod.ts";

Deno.test("equal values have one text", () => {
  assert.equal(
    canonicalJson({ b: [1, -0, 1e21, 0.1], a: { d: undefined, c: null, "": "ü\n" } }),
    '{"a":{"":"ü\\n","c":null},"b":[1,0,1e+21,0.1]}',
  );
  assert.equal(canonicalJson({ "10": 1, "9": 2 }), '{"10":1,"9":2}');
});

Deno.test("what JSON would lose is refused, with the path", () => {
  const refused = [
    NaN,
    Infinity,
    undefined,
    () => 0,
    1n,
    new Map(),
    new Date(0),
    new Uint8Array(1),
    "\ud800",
    [undefined],
  ];
  for (const value of refused) {
    assert.throws(() => canonicalJson({ a: [value === undefined ? [value] : value] }), TypeError);
  }
  assert.throws(() => canonicalJson({ a: { b: [0, NaN] } }), /value\.a\.b\[1\]/);
});

Deno.test("SHA-256 of a text", () => {
  assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

Deno.test("the nearest name", () => {
  assert.equal(nearest("treshold", ["epochs", "threshold"]), "threshold");
  assert.equal(nearest("coTrain", ["co-train", "load"]), "co-train");
  assert.equal(nearest("zzz", ["epochs"]), undefined);
});
