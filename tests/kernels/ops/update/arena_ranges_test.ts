import assert from "node:assert/strict";
import { splitRange } from "../../../../kernels/ops/update/arena_ranges.ts";

Deno.test("splitRange() covers a range with aligned pieces", () => {
  const MiB = 2 ** 20;
  assert.deepEqual(splitRange(256, 256), []);
  assert.deepEqual(splitRange(256, 272), [{ offset: 256, bytes: 16 }]);
  assert.deepEqual(splitRange(0, 64 * MiB), [{ offset: 0, bytes: 64 * MiB }]);
  assert.deepEqual(splitRange(512, 130 * MiB), [
    { offset: 512, bytes: 64 * MiB },
    { offset: 512 + 64 * MiB, bytes: 64 * MiB },
    { offset: 512 + 128 * MiB, bytes: 2 * MiB - 512 },
  ]);
  assert.throws(() => splitRange(16, 512), /Cannot split bytes 16 to 512 .* multiples of 256/);
  assert.throws(() => splitRange(512, 256), /not before the start/);
});
