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
/** A black TIFF, gray, of one strip, that lies on its side. */
function blackTiff(side: number): Uint8Array {
  const pixels = new Uint8Array(deflateSync(new Uint8Array(side * side)));
  const fields = [
    ...[[256, side], [257, side], [258, 8], [259, 8], [262, 1], [273, 8], [274, 6], [278, side]],
    [279, pixels.length],
  ] as const;
  const directory = new Uint8Array(2 + 12 * fields.length + 4), view = new DataView(directory.buffer);
  view.setUint16(0, fields.length);
  fields.forEach(([tag, value], entry) => {
    const at = 2 + 12 * entry;
    view.setUint16(at, tag!);
    view.setUint16(at + 2, 4);
    view.setUint32(at + 4, 1);
    view.setUint32(at + 8, value!);
  });
  return join([Uint8Array.of(0x4d, 0x4d, 0, 42), word(8 + pixels.length), pixels, directory]);
}

/** Files, and the bytes that decoding takes for a pixel: that makes the largest side. */
const cases = [
  { name: "RGB of 8 bits", perPixel: 6, file: (side: number) => blackPng(side, 8, 2, 3) },
  { name: "RGB and alpha of 16 bits", perPixel: 19, file: (side: number) => blackPng(side, 16, 6, 4) },
  { name: "gray TIFF that is turned", perPixel: 7, file: blackTiff },
] as const;

for (const { name, perPixel, file: black } of cases) {
  const side = Math.floor(Math.sqrt(Math.min(maximumPixels, decodingBudget / perPixel)));
  Deno.test(
    `${name}, ${side} × ${side}: from a small file to pixels in 512 MiB`,
    withFolder(async (folder) => {
      const file = joinPath(folder, "large");
      await Deno.writeFile(file, black(side));
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
        `${side} × ${side}, ${side * side * 3} bytes\n`,
      );
      if (Deno.build.os === "linux") assert.ok(memory! < mostMemory, `${memory! / 2 ** 20} MiB`);
    }),
  );
}
