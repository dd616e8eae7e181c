import assert from "node:assert/strict";
import { elementwise, WORKGROUP } from "../../kernels/launch.ts";
import { MAX_GROUPS } from "../../kernels/shader/kernel.ts";

Deno.test("elementwise() covers every element once, within WebGPU's limit on each axis", () => {
  const most = MAX_GROUPS * WORKGROUP;
  for (const count of [1, 63, 64, 65, 1000, most, most + 1, 2 * most, 2 * most + 1, 2 ** 31]) {
    const { groups: [x, y, z], stride } = elementwise(count);
    assert.ok([x, y, z].every((n) => Number.isInteger(n) && n >= 1 && n <= MAX_GROUPS), `${count}`);
    // A kernel takes element y · stride + x: rows must follow each other without gap or overlap.
    assert.equal(stride, x * WORKGROUP);
    assert.ok(stride * y * z >= count, `${count} elements are covered`);
    assert.ok(stride * (y - 1) < count, "no row is empty");
  }
});
