import assert from "node:assert/strict";
import { gatherTiling, weightSplits, weightTiling } from "../../kernels/convolution_tiles.ts";
import { chooseSharing } from "../../kernels/sharing.ts";

Deno.test("software shares by subgroups of 8 or 16 lanes, a GPU by workgroup memory, others not at all", () => {
  const roomy = { workgroupBytes: 32768, workgroupInvocations: 1024 };
  assert.equal(chooseSharing({ isSoftware: true, subgroupSize: 16, ...roomy }), 16);
  assert.equal(chooseSharing({ isSoftware: true, subgroupSize: 0, ...roomy }), 0);
  assert.equal(chooseSharing({ isSoftware: true, subgroupSize: 4, ...roomy }), 0);
  assert.equal(chooseSharing({ isSoftware: false, subgroupSize: 32, ...roomy }), "workgroup");
  assert.equal(chooseSharing({ isSoftware: false, subgroupSize: 0, ...roomy }), "workgroup");
  assert.equal(
    chooseSharing({ isSoftware: false, subgroupSize: 32, workgroupBytes: 16384, workgroupInvocations: 256 }),
    0,
  );
});

Deno.test("a GPU's blocks are as large as occupies it, and no wider than the channels", () => {
  const shape = (outputChannels: number, pixels: number) => {
    const { constants: { WIDTH, HEIGHT }, pixels: rows, outputs } = gatherTiling("workgroup", {
      outputChannels,
      pixels,
      classes: 1,
    });
    assert.deepEqual([rows, outputs], [8 * HEIGHT!, 2 * WIDTH!]);
    return [WIDTH, HEIGHT];
  };
  assert.deepEqual(shape(256, 4 * 128 * 128), [16, 16]);
  assert.deepEqual(shape(1024, 4 * 32 * 32), [16, 16]);
  assert.deepEqual(shape(256, 4 * 32 * 32), [8, 8]);
  assert.deepEqual(shape(21, 4 * 128 * 128), [4, 16]);
  const stem = weightTiling("workgroup", { taps: 9, inputChannels: 3, outputChannels: 64 });
  assert.deepEqual(stem.constants, { WIDTH: 8, HEIGHT: 8, ROWS: 16, COLUMNS: 16 });
  assert.deepEqual(stem.groups, [1, 1]);
  assert.equal(weightSplits("workgroup", 1, 4 * 256), 512);
});
