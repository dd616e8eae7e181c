import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { DecodeError } from "../../../stages/codecs/image.ts";
import { decodeWebp } from "../../../stages/codecs/webp.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };

const file = (name: keyof typeof golden.cases) => Uint8Array.fromBase64(golden.cases[name].file);

Deno.test("channels, and what was lost, are as the file says", async () => {
  for (
    const [name, channels, lossy] of [
      ["lossless.webp", 3, undefined],
      ["rgba_lossless.webp", 4, undefined],
      ["lossy.webp", 3, "lossy WebP"],
      ["rgba_lossy.webp", 4, "lossy WebP"],
      ["animated_lossless.webp", 4, undefined],
      ["animated_lossy.webp", 4, "lossy WebP"],
    ] as const
  ) {
    const image = await decodeWebp(file(name), name);
    deepStrictEqual([image.channels, image.lossy], [channels, lossy], name);
    strictEqual(image.data.length, image.width * image.height * channels);
  }
});

Deno.test("a WebP that is cut anywhere is refused by name, and the next one decodes", async () => {
  for (const name of ["lossless.webp", "rgba_lossy.webp", "animated_lossless.webp"] as const) {
    const whole = file(name);
    for (let length = 0; length < whole.length; length += 13) {
      await rejects(
        decodeWebp(whole.subarray(0, length), "cut.webp"),
        (error: unknown) =>
          error instanceof DecodeError && error.message.startsWith('Cannot decode "cut.webp"'),
        `${name} at ${length}`,
      );
      // And where the container says that this is all.
      if (length < 20 || name.startsWith("animated")) continue;
      const told = whole.slice(0, length);
      new DataView(told.buffer).setUint32(4, length - 8, true);
      await rejects(decodeWebp(told, "told.webp"), DecodeError, `${name} at ${length}`);
    }
    strictEqual((await decodeWebp(whole, name)).width, 19);
  }
});

Deno.test("what is not decoded is refused with the reason", async () => {
  const changed = (name: keyof typeof golden.cases, at: number, value: number) => {
    const copy = file(name).slice();
    copy[at] = value;
    return decodeWebp(copy, "odd.webp");
  };
  await rejects(changed("lossless.webp", 8, 0x41), /it is a RIFF file, but no WebP/);
  await rejects(changed("lossless.webp", 20, 0), /the head of its picture is damaged/);
  await rejects(
    changed("animated_lossless.webp", 24, 40),
    /its first picture is 19 × 13, the whole 41 × 13\. Save it/,
  );
  await rejects(changed("lossless.webp", 25, 0xff), /it is damaged: libwebp cannot decode it|claims/);
});
