import { deepStrictEqual, rejects } from "node:assert/strict";
import { DecodeError } from "../../../stages/codecs/image.ts";
import { decodeJpeg } from "../../../stages/codecs/jpeg.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };
import { testWithShared } from "../../support/shared_data.ts";

const file = (name: keyof typeof golden.cases) => Uint8Array.fromBase64(golden.cases[name].file);
const kinds = [
  "cmyk.jpg",
  "ycck_420.jpg",
  "ycck_420_progressive.jpg",
  "ycck_420_restarts.jpg",
  "cmyk_progressive_restarts.jpg",
] as const;

/** Where a marker lies. */
const find = (bytes: Uint8Array, marker: number) =>
  bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === marker);
const zeros = (count: number) => Array<number>(count).fill(0);

/** A file with bytes put in before its end. */
function padded(bytes: Uint8Array, ...more: number[]): Uint8Array {
  return new Uint8Array([...bytes.subarray(0, -2), ...more, ...bytes.subarray(-2)]);
}

testWithShared("field", "CMYK photographs have Pillow's pixels", async (root) => {
  const path = `${root}/cmyk/JPEGImages/i0.jpg`;
  const { data, width } = await decodeJpeg(await Deno.readFile(path), path);
  deepStrictEqual([...data.subarray(0, 3)], [18, 2, 4]);
  deepStrictEqual([...data.subarray(3 * (10 * width + 10)).subarray(0, 3)], [57, 19, 16]);
});

for (const kind of kinds) {
  Deno.test(`${kind}: cut anywhere, its end marker in place or not, it is refused; the next one decodes`, async () => {
    const whole = file(kind), scan = find(whole, 0xda);
    for (let length = 0; length < whole.length - 8; length += 101) {
      await rejects(decodeJpeg(whole.subarray(0, length), "cut.jpg"), DecodeError, `cut at ${length}`);
      if (length < scan + 14) continue;
      const ended = new Uint8Array([...whole.subarray(0, length), 0xff, 0xd9]);
      // A progressive file without its last scans is a whole one of fewer details.
      if (!kind.includes("progressive")) {
        await rejects(decodeJpeg(ended, "ended.jpg"), DecodeError, `at ${length}`);
      }
    }
    deepStrictEqual((await decodeJpeg(whole, kind)).width, golden.cases[kind].width);
  });
}

Deno.test("bytes that a scan of four components leaves over are refused, but for padding", async () => {
  const whole = file("ycck_420.jpg"), { data } = await decodeJpeg(whole, "whole.jpg");
  deepStrictEqual((await decodeJpeg(padded(whole, ...zeros(9)), "padded.jpg")).data, data);
  await rejects(
    decodeJpeg(padded(whole, ...zeros(40)), "over.jpg"),
    /unusual kind of CMYK: a scan leaves bytes over/,
  );
  await rejects(decodeJpeg(padded(whole, 1, 2, 3), "over.jpg"), /a scan leaves bytes over/);
});

Deno.test("what cannot be taken apart is refused with the reason", async () => {
  const whole = file("ycck_420.jpg"), frame = find(whole, 0xc0);
  const restarts = file("ycck_420_restarts.jpg");
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return decodeJpeg(copy, "odd.jpg");
  };
  await rejects(
    changed(whole, frame + 20, 0x11),
    /its first or its fourth component is not sampled at every pixel/,
  );
  await rejects(changed(whole, find(whole, 0xda) + 4, 3), /a scan has 3 components; 1 of 4 or all are read/);
  await rejects(changed(whole, find(whole, 0xda) + 6, 0x33), /names a Huffman table that is not there/);
  await rejects(
    changed(restarts, find(restarts, 0xd1) + 1, 0xd5),
    /a restart marker of a scan is not where it should be/,
  );
  await rejects(changed(whole, find(whole, 0xc4) + 5, 200), /a Huffman table/);
  await rejects(
    changed(whole, frame + 9, 5),
    /it has 5 color components; 1 \(gray\), 3 \(color\) or 4 \(CMYK\)/,
  );
});
