/** The largest images that are accepted, from the smallest files that can hold them, stay within memory. @module */
import assert from "node:assert/strict";
import { join as joinPath } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { decodingBudget, maximumPixels } from "../../stages/codecs/image.ts";
import { withFolder } from "../support/stage_run.ts";
import { join } from "../support/weights/bytes.ts";
import { mostMemory, peakMemory } from "./watch.ts";

/** A black PNG. */
function blackPng(side: number, bitDepth: number, colorType: number, channels: number): Uint8Array {
  const chunk = (type: string, content: Uint8Array) => {
    const body = join([new TextEncoder().encode(type), content]);
    return [word(content.length), body, word(crc32(body))];
  };
  const header = join([word(side), word(side), Uint8Array.of(bitDepth, colorType, 0, 0, 0)]);
  const pixels = new Uint8Array(
    deflateSync(new Uint8Array(side * (1 + Math.ceil(side * channels * bitDepth / 8)))),
  );
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
  return join([
    signature,
    ...chunk("IHDR", header),
    ...chunk("IDAT", pixels),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

const child = fileURLToPath(new URL("./read_image_child.ts", import.meta.url));
/** Color type, channels, bits, and the largest side: by the bytes that decoding takes for a pixel. */
const cases = [
  { name: "RGB of 8 bits", colorType: 2, channels: 3, bitDepth: 8, perPixel: 6 },
  { name: "RGB and alpha of 16 bits", colorType: 6, channels: 4, bitDepth: 16, perPixel: 16 },
] as const;

for (const { name, colorType, channels, bitDepth, perPixel } of cases) {
  const side = Math.floor(Math.sqrt(Math.min(maximumPixels, decodingBudget / perPixel)));
  Deno.test(
    `${name}, ${side} × ${side}: from a small file to pixels in 512 MiB`,
    withFolder(async (folder) => {
      const file = joinPath(folder, "large.png");
      await Deno.writeFile(file, blackPng(side, bitDepth, colorType, channels));
      assert.ok((await Deno.stat(file)).size < 1e6);
      const process = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--allow-read", child, file],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const reader = process.stdout.getReader();
      const { value } = await reader.read();
      const memory = await peakMemory(process.pid);
      await process.stdin.close();
      reader.releaseLock();
      await process.stdout.cancel();
      await process.status;
      assert.equal(
        new TextDecoder().decode(value),
        `${side} × ${side}, ${side * side * channels} bytes\n`,
      );
      if (Deno.build.os === "linux") assert.ok(memory! < mostMemory, `${memory! / 2 ** 20} MiB`);
    }),
  );
}
