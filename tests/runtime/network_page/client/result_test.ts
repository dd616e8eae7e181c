import assert from "node:assert/strict";
import { areasOf } from "../../../../runtime/network_page/client/result.ts";

Deno.test("areas are of the classes that are there, largest first, with the mean of their confidence", () => {
  const labels = Uint8Array.of(2, 2, 0, 2, 4, 0, 4, 2),
    confidence = Float32Array.of(1, 0.5, 0.25, 0.5, 1, 0.75, 0.5, 1);
  assert.deepEqual(areasOf({ labels, confidence }, 5), [
    { label: 2, pixels: 4, share: 0.5, confidence: 0.75 },
    { label: 0, pixels: 2, share: 0.25, confidence: 0.5 },
    { label: 4, pixels: 2, share: 0.25, confidence: 0.75 },
  ]);
});
