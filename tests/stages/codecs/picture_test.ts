import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { DecodeError } from "../../../stages/codecs/image.ts";
import { upright } from "../../../stages/codecs/orientation.ts";
import { decodePicture, decodeStored } from "../../../stages/codecs/picture.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };

interface Case {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly values?: string;
  readonly upright: readonly (string | number)[];
}

const fromBase64 = (text: string) => Uint8Array.fromBase64(text);
const cases = Object.entries<Case>(golden.cases);

for (const [name, { file, upright: expected }] of cases) {
  Deno.test(`${name}: upright, it is Pillow's picture`, async () => {
    const [width, height, pixels] = expected;
    const picture = await decodePicture(fromBase64(file), name, { orientation: "upright" });
    deepStrictEqual([picture.width, picture.height], [width, height]);
    deepStrictEqual(picture.data, fromBase64(String(pixels)));
  });
}

for (const [name, { file, values, width, height }] of cases) {
  if (values === undefined || name === "rgb_orientation_6.tif") continue; // Pillow always turns a TIFF.
  Deno.test(`${name}: its values are as they are stored`, async () => {
    const image = await decodeStored(fromBase64(file), name), bytes = fromBase64(values);
    deepStrictEqual([image.width, image.height], [width, height]);
    // Pillow spreads gray of 2 and 4 bits over 0 to 255.
    const scale = image.palette === undefined && [2, 4].includes(image.bits)
      ? 255 / (2 ** image.bits - 1)
      : 1;
    const expected = image.bits > 8 ? new Uint16Array(bytes.buffer) : bytes;
    deepStrictEqual([...image.data].map((value) => value * scale), [...expected]);
  });
}

Deno.test("pixels are stored as they were unless they are to be turned; either way their orientation is said", async () => {
  const file = fromBase64(golden.cases["exif_6.png"].file);
  const stored = await decodePicture(file, "a.png"), turned = await decodeStored(file, "a.png", "upright");
  deepStrictEqual([stored.width, stored.height, stored.orientation], [19, 13, 6]);
  deepStrictEqual([turned.width, turned.height, turned.orientation], [13, 19, 6]);
});

Deno.test("each orientation takes the corners where EXIF says the first row and column are", () => {
  // 0 1 2    What EXIF calls the visual top and left of row 0 and column 0.
  // 3 4 5
  const expected = {
    1: [3, [0, 1, 2, 3, 4, 5]],
    2: [3, [2, 1, 0, 5, 4, 3]],
    3: [3, [5, 4, 3, 2, 1, 0]],
    4: [3, [3, 4, 5, 0, 1, 2]],
    5: [2, [0, 3, 1, 4, 2, 5]],
    6: [2, [3, 0, 4, 1, 5, 2]],
    7: [2, [5, 2, 4, 1, 3, 0]],
    8: [2, [2, 5, 1, 4, 0, 3]],
  } as const;
  for (const data of [Uint8Array.of(0, 1, 2, 3, 4, 5), Uint16Array.of(0, 1, 2, 3, 4, 5)]) {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8] as const) {
      const image = upright({ width: 3, height: 2, channels: 1, data, orientation });
      deepStrictEqual([image.width, [...image.data]], expected[orientation]);
      strictEqual(image.data.constructor, data.constructor);
    }
  }
});

Deno.test("what is no picture is refused with what it looks like, whatever it is called", async () => {
  const looks = {
    "": /"a\.jpg": it is empty/,
    "%PDF-1.4": /but a PDF/,
    "\0\x05\x16\x07": /but a note of macOS about another file/,
    "version https://git-lfs.github.com/spec/v1": /but a pointer of Git LFS \(git lfs pull gets the file\)/,
    "\0\0\0\x18ftypheic":
      /but a HEIC or AVIF photograph \(export it as JPEG\)\. Give a JPEG, PNG, TIFF, WebP, BMP or GIF/,
    "\xd0\xcf\x11\xe0": /but a file of Windows, perhaps Thumbs\.db/,
    "PK\x03\x04": /but a ZIP archive/,
    "what?": /it is no JPEG, PNG, TIFF, WebP, BMP or GIF\. Give/,
    "<html>": /but text, perhaps a web page/,
  };
  for (const [text, expected] of Object.entries(looks)) {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    await rejects(decodePicture(bytes, "a.jpg"), (error: unknown) => {
      ok(error instanceof DecodeError);
      match(error.message, expected);
      return true;
    });
  }
});
