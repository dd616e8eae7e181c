/** Pictures as people have them, labeled by a network. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";
import { openNetwork } from "../../library.ts";
import pictures from "../golden/pillow_pictures.json" with { type: "json" };
import { gpuTest } from "../support/gpu.ts";
import { testCheckpoint } from "../support/training.ts";

gpuTest(
  "a file is seen upright, and of more than 8 bits by the values that the network was trained on",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "crossview-" });
    try {
      const weights = join(folder, "w.safetensors"), deep = join(folder, "deep.png");
      const width = 33, height = 20, low = 100, high = 355;
      await testCheckpoint(weights, { change: { range: [low, high] } });
      await using network = await openNetwork(weights);

      // 0 to 255 in steps of one, moved into the range.
      const light = Uint8Array.from(
        { length: width * height },
        (_, i) => (i * 7 + Math.floor(i / width) * 31) & 255,
      );
      const data = Uint16Array.from(light, (value) => value + low);
      await Deno.writeFile(deep, encode({ width, height, channels: 1, depth: 16, data }));
      const rgb = Uint8Array.from({ length: light.length * 3 }, (_, i) => light[Math.floor(i / 3)]!);
      const found = await network.predict(deep),
        expected = await network.predict({ width, height, data: rgb });
      assert.deepEqual(found.labels, expected.labels);
      assert.deepEqual(found.confidence, expected.confidence);

      const turned = join(folder, "turned.jpg"), { file, upright } = pictures.cases["exif_6.jpg"];
      await Deno.writeFile(turned, Uint8Array.fromBase64(file));
      const [wide, tall, pixels] = upright as [number, number, string];
      const seen = await network.predict(turned);
      assert.deepEqual([seen.width, seen.height], [13, 19]);
      const same = await network.predict({ width: wide, height: tall, data: Uint8Array.fromBase64(pixels) });
      assert.deepEqual(seen.confidence, same.confidence);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

gpuTest("a file of more than 8 bits is not guessed at by a network of 8", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    const weights = join(folder, "w.safetensors"), deep = join(folder, "deep.png");
    const width = 33, height = 20;
    await testCheckpoint(weights);
    const light = Uint8Array.from({ length: width * height }, (_, i) => (i * 7) & 255);
    const data = Uint16Array.from(light, (value) => value + 300);
    await Deno.writeFile(deep, encode({ width, height, channels: 1, depth: 16, data }));
    {
      await using network = await openNetwork(weights);
      await assert.rejects(network.predict(deep), /deep\.png": it has 16 bits a sample.*range: \[0, 65535\]/);
    }
    await using network = await openNetwork(weights, { range: [300, 555] });
    const rgb = Uint8Array.from({ length: light.length * 3 }, (_, i) => light[Math.floor(i / 3)]!);
    const found = await network.predict(deep), expected = await network.predict({ width, height, data: rgb });
    assert.deepEqual(found.confidence, expected.confidence);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
