import assert from "node:assert/strict";
import { decodeWebp } from "../../../stages/codecs/webp.ts";
import { webpEncoder } from "../../../stages/codecs/webp_encoder.ts";

Deno.test("an encoded picture is the picture again, nearly, and much smaller", async () => {
  const encoder = await webpEncoder(), width = 61, height = 40;
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width, y = Math.floor(i / 3 / width);
    return [4 * x, 6 * y, 128][i % 3]!;
  });
  const bytes = encoder.encode(pixels, width, height, 80);
  assert.ok(bytes.length < pixels.length / 5, String(bytes.length));
  const image = await decodeWebp(bytes, "encoded.webp");
  assert.deepEqual([image.width, image.height, image.channels], [width, height, 3]);
  let off = 0;
  image.data.forEach((value, i) => off += Math.abs(value - pixels[i]!));
  assert.ok(off / pixels.length < 4, String(off / pixels.length));
  assert.deepEqual(encoder.encode(pixels, width, height, 80), bytes);
});

Deno.test("pixels that do not fit their size are refused", async () => {
  const encoder = await webpEncoder();
  for (const [length, width, height] of [[10, 2, 2], [0, 0, 5], [16384 * 3, 16384, 1]] as const) {
    assert.throws(() => encoder.encode(new Uint8Array(length), width, height, 80), RangeError);
  }
});
