import assert from "node:assert/strict";
import { HeldMemory } from "../../../runtime/gpu/held_memory.ts";
import { gpuTest } from "../../support/gpu.ts";

gpuTest("buffers and textures count from when they are made until they are destroyed, once", (device) => {
  const { gpu } = device, held = new HeldMemory(gpu);
  const buffer = (size: number) => gpu.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
  const first = buffer(1024),
    texture = gpu.createTexture({
      size: [4, 2, 3],
      format: "rgba32float",
      dimension: "2d",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
  assert.equal(held.most, 1024 + 4 * 2 * 3 * 16);
  first.destroy();
  first.destroy();
  held.reset();
  assert.equal(held.most, 4 * 2 * 3 * 16);
  const second = buffer(64);
  texture.destroy();
  second.destroy();
  assert.equal(held.most, 64 + 4 * 2 * 3 * 16);
  held.reset();
  assert.equal(held.most, 0);
});
