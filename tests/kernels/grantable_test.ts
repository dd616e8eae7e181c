import assert from "node:assert/strict";
import { grantableBytes } from "../../kernels/grantable.ts";

const MIB = 2 ** 20;

/** A device that grants buffers below a size; notes what it was asked for, and what it still holds. */
function granting(below: number) {
  const asked: number[] = [], held = new Set<number>(), scopes: (Error | null)[] = [];
  const gpu = {
    pushErrorScope: (filter: string) => {
      assert.equal(filter, "out-of-memory");
      scopes.push(null);
    },
    popErrorScope: () => Promise.resolve(scopes.pop()),
    createBuffer({ size }: GPUBufferDescriptor) {
      assert.equal(size % 16, 0);
      const id = asked.push(size);
      if (size < below) held.add(id);
      else scopes[scopes.length - 1] = new Error("not enough memory left");
      return { destroy: () => held.delete(id) };
    },
  } as unknown as GPUDevice;
  return { gpu, asked, held };
}

Deno.test("a device that grants what it claims is asked once, and not at all where it claims little", async () => {
  const { gpu, asked, held } = granting(Infinity);
  assert.equal(await grantableBytes(gpu, 2 ** 31 - 1), 2 ** 31 - 1);
  assert.equal(await grantableBytes(gpu, 10 * MIB), 10 * MIB);
  assert.deepEqual(asked, [2 ** 31 - 16]);
  // No plan needs one buffer of the 2^52 bytes that some claim.
  assert.equal(await grantableBytes(gpu, 2 ** 52), 4096 * MIB);
  assert.equal(held.size, 0);
});

Deno.test("a device that grants less than it claims is asked until that is known, and counted on for a little less", async () => {
  for (const heap of [64 * MIB, 230e6, 1000 * MIB, 4000 * MIB]) {
    for (const claimed of [2 ** 31 - 1, 2 ** 52]) {
      const { gpu, asked, held } = granting(heap), found = await grantableBytes(gpu, claimed);
      const most = Math.min(heap, claimed);
      if (heap > claimed) assert.equal(found, claimed);
      else assert.ok(found < most && found > 0.7 * most, `${found} of ${most}`);
      assert.ok(asked.length <= 16, `${asked.length}`);
      assert.equal(held.size, 0);
    }
  }
});
