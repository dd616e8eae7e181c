import assert from "node:assert/strict";
import { gatherTilings } from "../../kernels/ops/convolution/convolution_tiles.ts";
import { chooseSharing, parseSharing, type Sharing } from "../../kernels/sharing.ts";
import { weightSplits, weightTilings } from "../../kernels/ops/convolution/weight_tiles.ts";

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

Deno.test("another way is taken where the adapter runs it, and refused with those that it runs", () => {
  const adapter = { isSoftware: true, subgroupSize: 16, workgroupBytes: 32768, workgroupInvocations: 1024 };
  for (const way of [0, 16, "workgroup"] as const) assert.equal(chooseSharing(adapter, way), way);
  assert.throws(
    () => chooseSharing(adapter, 8),
    /for sharing 8: this adapter runs 16, 0, workgroup .*16 lanes/,
  );
  const small = { isSoftware: false, subgroupSize: 0, workgroupBytes: 16384, workgroupInvocations: 256 };
  assert.throws(() => chooseSharing(small, "workgroup"), /runs 0 .*no known number of lanes.*16384 bytes/);
});

Deno.test("a way is read from the environment as it is written there, and nothing else", () => {
  assert.deepEqual(["", undefined].map((text) => parseSharing(text, "X")), [undefined, undefined]);
  assert.deepEqual(["0", "8", "16", "workgroup"].map((text) => parseSharing(text, "X")), [
    0,
    8,
    16,
    "workgroup",
  ]);
  for (const text of ["32", "08", "none", " 0"]) {
    assert.throws(
      () => parseSharing(text, "X"),
      /kernels for X=.*: it is one of 0, 8, 16, workgroup, or not set/,
    );
  }
});

Deno.test("a GPU's blocks are as large as occupies it, and no wider than the channels", () => {
  const shape = (outputChannels: number, pixels: number) => {
    const [{ constants: { WIDTH, HEIGHT }, pixels: rows, outputs }] = gatherTilings("workgroup", {
      outputChannels,
      pixels,
      classes: 1,
    });
    assert.deepEqual([rows, outputs], [8 * HEIGHT!, 2 * WIDTH!]);
    return [WIDTH, HEIGHT];
  };
  assert.deepEqual(shape(256, 4 * 128 * 128), [8, 16]);
  assert.deepEqual(shape(1024, 4 * 32 * 32), [8, 16]);
  assert.deepEqual(shape(256, 4 * 32 * 32), [8, 8]);
  assert.deepEqual(shape(21, 4 * 128 * 128), [4, 16]);
  const [stem] = weightTilings("workgroup", { taps: 9, inputChannels: 3, outputChannels: 64 });
  assert.deepEqual(stem.constants, { WIDTH: 8, HEIGHT: 8, ROWS: 16, COLUMNS: 16 });
  assert.deepEqual(stem.groups, [1, 1]);
  assert.equal(weightSplits("workgroup", 1, { rows: 4 * 256, pixels: 4 * 256 }), 1024);
});

Deno.test("a weight gradient is split to occupy processors, but not into sums too short to be worth a partial", () => {
  assert.equal(weightSplits(16, 9, { rows: 260, pixels: 260 * 65 }), 4);
  assert.equal(weightSplits(16, 9, { rows: 64, pixels: 64 * 8 }), 2);
  assert.equal(weightSplits(16, 9, { rows: 32, pixels: 32 * 4 }), 1);
  assert.equal(weightSplits(16, 1000, { rows: 260, pixels: 260 * 65 }), 1);
  assert.equal(weightSplits(8, 1, { rows: 2, pixels: 2 * 9999 }), 2);
});

Deno.test("tiles to choose from: the first as ever, the others smaller, larger or turned", () => {
  let textures = false;
  const gathers = (sharing: Sharing, outputChannels: number, pixels = 1000) =>
    gatherTilings(sharing, { outputChannels, pixels, classes: 1, textures }).map(({ name }) => name).join(
      " ",
    );
  assert.equal(gathers(16, 256), "wide-48 wide-32 wide-16");
  assert.equal(gathers(16, 256, 20), "wide-32 wide-16");
  assert.equal(gathers(16, 64), "wide-48 wide-32 wide-16 narrow-2x16 narrow-1x16");
  assert.equal(gathers(16, 21), "narrow-4x8 narrow-2x8 wide-48 wide-32 wide-16");
  assert.equal(gathers(8, 256), "wide-32 wide-48 wide-16");
  assert.equal(gathers(8, 256, 20), "wide-32 wide-16");
  assert.equal(gathers(8, 256, 2), "wide-4");
  assert.equal(gathers(0, 64), "wide-8x2 wide-4x2 wide-16x1");
  assert.equal(gathers("workgroup", 256, 1e6), "blocked-8x16 blocked-16x16 blocked-16x8 blocked-8x8");
  assert.equal(gathers("workgroup", 256), "blocked-8x8 blocked-16x16 blocked-16x8 blocked-8x16");
  assert.equal(gathers("workgroup", 21, 1e6), "blocked-4x16 blocked-4x8");
  textures = true;
  assert.equal(gathers(16, 256, 2), "wide-4");
  assert.equal(gathers(16, 256), "wide-48-texture wide-48 wide-32 wide-16");
  assert.equal(
    gathers(16, 21),
    "narrow-4x8-texture narrow-4x8 narrow-2x8 wide-48-texture wide-48 wide-32 wide-16",
  );
  // With 8 lanes it is not worth the copy.
  assert.equal(gathers(8, 256), "wide-32 wide-48 wide-16 wide-48-texture");
  assert.equal(
    gathers(8, 10),
    "narrow-8x4 narrow-4x4 narrow-8x4-texture wide-32 wide-48 wide-16 wide-48-texture",
  );
  const weights = (
    sharing: Sharing,
    taps: number,
    inputChannels: number,
    outputChannels: number,
    textures = false,
  ) =>
    weightTilings(sharing, { taps, inputChannels, outputChannels, textures }).map(({ name }) => name).join(
      " ",
    );
  assert.equal(weights(16, 9, 64, 64), "wide-8 wide-4 wide-16");
  assert.equal(weights(16, 9, 3, 64), "wide-9 wide-4");
  assert.equal(weights(8, 1, 64, 64), "wide-8 wide-4");
  assert.equal(weights(16, 9, 64, 21), "narrow-8 wide-8 wide-4 wide-16");
  assert.equal(weights("workgroup", 1, 64, 256), "blocked-16x8 blocked-8x8");
  assert.equal(weights(16, 9, 64, 64, true), "wide-16-texture wide-8 wide-4 wide-16");
  assert.equal(weights(8, 1, 64, 64, true), "wide-8 wide-4 wide-8-texture");
  assert.equal(
    weights(16, 9, 32, 32, true),
    "narrow-8-texture narrow-8 wide-16-texture wide-8 wide-4 wide-16",
  );
});
