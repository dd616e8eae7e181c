import { deepStrictEqual, rejects } from "node:assert/strict";
import { encode } from "fast-png";
import { encodePalettePng } from "../../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../../stages/datasets/classes.ts";
import { readImage, readMask } from "../../../stages/datasets/decode_sample.ts";
import { indexLabeling } from "../../../stages/datasets/labeling.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };

const labeling = indexLabeling(pascalClasses, []);
const photograph = Uint8Array.fromBase64(golden.cases["exif_6.jpg"].file); // 19 × 13 as stored
const labels = (width: number, height: number) =>
  Uint8Array.from({ length: width * height }, (_, i) => i % 21);
const mask = (width: number, height: number) =>
  encodePalettePng(labels(width, height), width, height, maskPalette(pascalClasses));

const located = (mask: Uint8Array) => ({
  sample: { id: "a", image: "a.jpg", mask: "a.png", line: 1 },
  list: "list.txt",
  root: ".",
  read: (path: string) => Promise.resolve((path.endsWith(".jpg") ? photograph : mask).slice()),
});

async function readBoth(file: Uint8Array, orientation: "upright" | "stored") {
  const image = await readImage(located(file), { orientation });
  return { image, mask: await readMask(located(file), image, labeling, orientation) };
}

Deno.test("a mask fits the image as it is asked for, and an error says where it fits the other way", async () => {
  for (
    const [size, orientation, advice] of [
      [
        [19, 13],
        "stored",
        /a\.png" is 13 × 19, the image is 19 × 13; .*turned by its EXIF orientation, 6: set load\.orientation to upright/,
      ],
      [
        [13, 19],
        "upright",
        /is 19 × 13, the image is 13 × 19; .*not turned by its EXIF orientation, 6: set load\.orientation to stored/,
      ],
    ] as const
  ) {
    const [width, height] = size;
    const { image, mask: read } = await readBoth(mask(width, height), orientation);
    deepStrictEqual([image.width, image.height, read.width, read.height], [width, height, width, height]);
    deepStrictEqual(read.data, labels(width, height));
    await rejects(readBoth(mask(height, width), orientation), advice);
    await rejects(
      readBoth(mask(13, 13), orientation),
      /must have one size\. Extract or export the two again, or remove/,
    );
  }
});

Deno.test("a label beyond 8 bits is refused by its place and count", async () => {
  const data = Uint16Array.from({ length: 19 * 13 }, (_, i) => i === 21 || i === 99 ? 300 : i % 21);
  const wide = encode({ width: 19, height: 13, channels: 1, depth: 16, data });
  await rejects(
    readBoth(wide, "stored"),
    /holds the value 300 in 2 pixels, first at row 1, column 2; labels are 0 to 20/,
  );
});
