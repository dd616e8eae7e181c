import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";
import { encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { testCheckpoint } from "../../support/training.ts";
import { placeTest } from "../support.ts";

placeTest(
  "images of more than 8 bits are labeled by the training's range, or a note says that it has none",
  async (place) => {
    const at = (name: string) => join(place.folder, name), width = 33, height = 20;
    const light = Uint8Array.from(
      { length: width * height },
      (_, i) => (i * 7 + Math.floor(i / width) * 31) & 255,
    );
    const deep = Uint16Array.from(light, (value) => value + 100);
    await Deno.writeFile(at("deep.png"), encode({ width, height, channels: 1, depth: 16, data: deep }));
    const rgb = Uint8Array.from({ length: light.length * 3 }, (_, i) => light[Math.floor(i / 3)]!);
    await Deno.writeFile(at("light.png"), encodeRgbPng(rgb, width, height));
    await testCheckpoint(at("deep.safetensors"), { change: { range: [100, 355] } });
    await testCheckpoint(at("light.safetensors"));

    const predicted = async (weights: string) => {
      const out = at(`of-${weights}`);
      const result = await place.command(
        "predict",
        at(weights),
        at("deep.png"),
        at("light.png"),
        "--out",
        out,
      );
      assert.equal(result.status, 0, result.notes);
      const { images } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
      const masks: Uint8Array[] = await Promise.all(
        images.map(({ files }: { files: { mask: string } }) => Deno.readFile(join(out, files.mask))),
      );
      return { masks, notes: result.notes };
    };
    const ranged = await predicted("deep.safetensors"), plain = await predicted("light.safetensors");
    assert.deepEqual(ranged.masks[0], ranged.masks[1]);
    assert.doesNotMatch(ranged.notes, /more than 8 bits/);
    assert.notDeepEqual(plain.masks[0], plain.masks[1]);
    assert.match(
      plain.notes,
      /note: ".*deep\.png" has more than 8 bits a sample, and the network was trained on 8/,
    );
  },
);
