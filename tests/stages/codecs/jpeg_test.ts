import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { DecodeError } from "../../../stages/codecs/image.ts";
import { decodeJpeg, mostPadding } from "../../../stages/codecs/jpeg.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import goldenPixels from "../../golden/pillow_pixels.json" with { type: "json" };
import golden from "../../golden/pillow_small.json" with { type: "json" };
import { testWithShared } from "../../support/shared_data.ts";

const fromBase64 = (text: string) => Uint8Array.fromBase64(text);
const file = fromBase64(golden.cases["color_420.jpg"].file);

for (const [name, expected] of Object.entries(golden.cases)) {
  if (!name.endsWith(".jpg") || name === "cmyk.jpg") continue; // Of which it holds the ink.
  Deno.test(`${name} decodes to Pillow's pixels`, async () => {
    const image = await decodeJpeg(fromBase64(expected.file), name);
    deepStrictEqual([image.width, image.height, image.channels], [expected.width, expected.height, 3]);
    deepStrictEqual(image.data, fromBase64(expected.pixels));
  });
}

testWithShared(
  "data",
  "photographs and masks of PASCAL VOC and CamVid decode to Pillow's pixels",
  async (root) => {
    for (const [path, digest] of Object.entries(goldenPixels.digests)) {
      const bytes = await Deno.readFile(`${root}/${path}`);
      const image = path.endsWith(".jpg") ? await decodeJpeg(bytes, path) : decodePng(bytes, path);
      const hash = createHash("sha256").update(`${image.width}x${image.height}x${image.channels}\n`);
      strictEqual(hash.update(image.data).digest("hex"), digest, path);
    }
  },
);

Deno.test("a JPEG cut anywhere is refused by name, never half an image", async () => {
  for (let length = 0; length < file.length; length += 7) {
    await rejects(decodeJpeg(file.subarray(0, length), "cut.jpg"), (error: unknown) => {
      return error instanceof DecodeError && error.message.startsWith('Cannot decode "cut.jpg"');
    }, `cut at ${length}`);
  }
  await rejects(decodeJpeg(file.subarray(0, file.length - 2), "cut.jpg"), /without the end-of-image marker/);
});

Deno.test("a JPEG whose pixels end early though its marker is there is refused, and the next one decodes", async () => {
  const patched = new Uint8Array(file.length - 40);
  patched.set(file.subarray(0, file.length - 42));
  patched.set([0xff, 0xd9], patched.length - 2);
  await rejects(decodeJpeg(patched, "patched.jpg"), /Cannot decode "patched.jpg": it is damaged/);
  strictEqual((await decodeJpeg(file, "whole.jpg")).width, 23);
});

/** A file with bytes put in before one place. */
function inserted(whole: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  return new Uint8Array([...whole.subarray(0, at), ...bytes, ...whole.subarray(at)]);
}

const zeros = (count: number) => Array<number>(count).fill(0);
/** Where the tables begin, behind the JFIF header, and where the scan ends. */
const tables = file.findIndex((byte, at) => byte === 0xff && file[at + 1] === 0xdb),
  scanEnd = file.length - 2;

Deno.test("what libjpeg warns of though the pixels are whole is read: by its place and its amount", async () => {
  const { data } = await decodeJpeg(file, "whole.jpg");
  const version = file.slice();
  version[11] = 7;
  const adobe = [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 9];
  const withoutJfif = new Uint8Array([...file.subarray(0, 2), ...adobe, ...file.subarray(tables)]);
  const odd = {
    "stray bytes before the tables": inserted(file, tables, ...Array(300).fill(0x41)),
    "a stuffed zero before the tables": inserted(file, tables, 0x41, 0xff, 0, 0x41),
    "fill bytes": inserted(file, tables, 0xff, 0xff),
    "a JFIF version that nobody knows": version,
    "an Adobe transform that nobody knows": withoutJfif,
    "padding of zeros": inserted(file, scanEnd, ...zeros(mostPadding)),
    "all of it": inserted(inserted(version, scanEnd, ...zeros(5)), tables, 1, 2, 3),
    "bytes behind the end": inserted(file, file.length, ...zeros(9), 0x41),
  };
  for (const [name, bytes] of Object.entries(odd)) {
    deepStrictEqual((await decodeJpeg(bytes, name)).data, data, name);
  }
});

Deno.test("bytes that a scan leaves over are refused, though stray bytes before it came first", async () => {
  const over = {
    "other bytes than zeros": inserted(file, scanEnd, ...Array(5).fill(0x41)),
    "more zeros than are padding": inserted(file, scanEnd, ...zeros(mostPadding + 8)),
    "stray bytes twice": inserted(inserted(file, scanEnd, ...Array(5).fill(0x41)), tables, 1, 2, 3),
    "a scan that ends early, and padding": inserted(
      new Uint8Array([...file.subarray(0, scanEnd - 40), 0xff, 0xd9]),
      scanEnd - 40,
      ...zeros(mostPadding),
    ),
  };
  for (const [name, bytes] of Object.entries(over)) {
    await rejects(decodeJpeg(bytes, name), /it is damaged: libjpeg warns of its scan/, name);
  }
});

Deno.test("an unusual sampling of chroma is refused by its factors", async () => {
  const frame = file.findIndex((byte, at) => byte === 0xff && file[at + 1] === 0xc0);
  const sampled = file.slice();
  sampled[frame + 11] = 0x31;
  await rejects(
    decodeJpeg(sampled, "odd.jpg"),
    /its header is damaged, or its sampling factors \(3×1, 1×1, 1×1\) are none of the usual ones \(4:4:4, 4:4:0/,
  );
});

testWithShared(
  "field",
  "a flipped bit of which libjpeg warns is refused; 4:4:0 has Pillow's pixels",
  async (root) => {
    const read = async (path: string) => await decodeJpeg(await Deno.readFile(`${root}/${path}`), path);
    strictEqual((await read("jpeg_damaged/baseline_good.jpg")).width, 160);
    await rejects(read("jpeg_damaged/baseline_flipped.jpg"), /it is damaged/);
    const digests = {
      "jpeg_440/h2v1_control.jpg": "9968274a2a6d963d2433695b5681094bc1381881dfe423be24328a38fc76fbfa",
      "jpeg_440/h2v1_rotated90.jpg": "2c0fd2a36d7ace869ee00d0ffc9d17eb544043c7014c7cb4e498cee86e6038b2",
    };
    for (const [path, digest] of Object.entries(digests)) {
      strictEqual(createHash("sha256").update((await read(path)).data).digest("hex"), digest, path);
    }
  },
);

Deno.test("many at once give each its own result", async () => {
  const jobs = Array.from({ length: 8 }, (_, i) => i % 2 === 0 ? file : file.subarray(0, 700 + i));
  const results = await Promise.allSettled(jobs.map((bytes, i) => decodeJpeg(bytes, `${i}.jpg`)));
  deepStrictEqual(
    results.map((result) => result.status),
    jobs.map((_, i) => i % 2 ? "rejected" : "fulfilled"),
  );
});

Deno.test("what is not decoded is refused with the reason", async () => {
  await rejects(
    decodeJpeg(new TextEncoder().encode("<html>"), "page.jpg"),
    /does not begin with a JPEG marker/,
  );
  const frame = file.findIndex((byte, at) => byte === 0xff && file[at + 1] === 0xc0);
  const changed = (offset: number, values: number[]) => {
    const copy = file.slice();
    copy.set(values, frame + offset);
    return decodeJpeg(copy, "odd.jpg");
  };
  await rejects(changed(1, [0xc3]), /its coding \(SOF3\)/);
  await rejects(changed(1, [0xc9]), /its coding \(SOF9\)/);
  await rejects(changed(4, [12]), /12 bits per sample; 8 are read/);
  await rejects(changed(5, [0xff, 0xff, 0xff, 0xff]), /claims 65535 × 65535 pixels; of its kind, \d+ in all/);
  await rejects(
    changed(5, [0x10, 0, 0x10, 0]),
    /it is cut short: \d+ bytes cannot hold the 4096 × 4096 pixels that it claims/,
  );
  await rejects(changed(5, [0, 200]), DecodeError); // more lines claimed than the scan holds
});

Deno.test("many scans over many pixels are refused before they cost hours; a second frame header, too", async () => {
  const progressive = fromBase64(golden.cases["progressive.jpg"].file);
  const at = progressive.findLastIndex((byte, index) => byte === 0xff && progressive[index + 1] === 0xda);
  const scan = progressive.subarray(at, progressive.length - 2);
  const frame = progressive.findIndex((byte, index) => byte === 0xff && progressive[index + 1] === 0xc2);
  const parts = [progressive.subarray(0, -2), ...Array(400).fill(scan), progressive.subarray(-2)];
  const long = new Uint8Array(parts.flatMap((part) => [...part]));
  long.set([0x08, 0x00, 0x08, 0x00], frame + 5);
  await rejects(
    decodeJpeg(long, "long.jpg"),
    /it has \d{3} scans over 2048 × 2048 pixels; 1073741824 pixels in all/,
  );
  const header = progressive.subarray(frame, frame + 19);
  const twice = new Uint8Array([
    ...progressive.subarray(0, frame + 19),
    ...header,
    ...progressive.subarray(frame + 19),
  ]);
  await rejects(decodeJpeg(twice, "twice.jpg"), /it has a second frame header, at byte \d+/);
});
