import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { windowBound } from "../../../kernels/ops/view/resample_view.ts";
import { RandomStream } from "../../../kernels/random.ts";
import type { Bytes, Geometry } from "../../../kernels/ops/view/view_settings.ts";
import { drawGeometry } from "../../../stages/views/draws.ts";
import { boxTable, pastedTable, photometricTable, ViewPacker } from "../../../stages/views/tables.ts";

const blank = (width: number, height: number, channels = 3): Bytes => ({
  width,
  height,
  channels,
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => i % 251),
});
const same = (image: Bytes): Geometry => ({
  sourceWidth: image.width,
  sourceHeight: image.height,
  width: image.width,
  height: image.height,
  x: 0,
  y: 0,
  flip: false,
});

Deno.test("every view that can be drawn fits the room that the extents promise", () => {
  for (let i = 0; i < 800; i++) {
    const stream = new RandomStream({ seed: 1, stream: "sizes", sample: i });
    const width = stream.integer(1, 160), height = stream.integer(1, 160), crop = stream.integer(1, 90);
    const image = blank(width, height);
    const geometry = drawGeometry(stream, { width, height, crop, scale: [0.5, 2] });
    const extents = {
      batch: 1,
      width: crop,
      height: crop,
      maxWidth: width,
      maxHeight: height,
      minRatio: 0.5,
    };
    const { windows } = new ViewPacker(extents).pack([{ image, geometry }]);
    ok(windows[4]! <= windowBound(crop, height, 0.5));
  }
});

Deno.test("only the window that a crop shows is packed", () => {
  const image = blank(500, 375), mask = blank(500, 375, 1);
  const extents = { batch: 1, width: 64, height: 64, maxWidth: 500, maxHeight: 500, minRatio: 0.5 };
  const geometry = { ...same(image), width: 1000, height: 750, x: 300, y: 200 };
  const { pixels, masks, windows } = new ViewPacker(extents).pack([{ image, mask, geometry }]);
  // 64 pixels at double size show 32 of the source, and a neighbor at either end.
  deepStrictEqual([...windows], [0, 26, 0, 9, 34, 0, 0, 0]);
  deepStrictEqual([pixels.byteLength, masks.byteLength], [34 * 26 * 4, 34 * 9 * 4]);
  const first = new Uint8Array(pixels.buffer, 0, 3);
  const at = (99 * 500 + 149) * 3;
  deepStrictEqual([...first], [...image.data.subarray(at, at + 3)]);
});

Deno.test("what does not fit is refused with both sizes", () => {
  const extents = { batch: 1, width: 8, height: 8, maxWidth: 60, maxHeight: 40, minRatio: 0.5 };
  const packer = new ViewPacker(extents);
  const image = blank(60, 40), geometry = same(image);
  throws(() => packer.pack([]), /Cannot pack 0 views: the batch is of 1/);
  const large = blank(61, 40);
  throws(
    () => packer.pack([{ image: large, geometry: same(large) }]),
    /its image is 61 × 40, and there is room for 60 × 40/,
  );
  throws(
    () => packer.pack([{ image, geometry: { ...geometry, sourceWidth: 59 } }]),
    /its geometry is for 59 × 40, its image is 60 × 40/,
  );
  throws(() => packer.pack([{ image, mask: blank(60, 41, 1), geometry }]), /its mask is 60 × 41/);
  const shrunk = { ...geometry, width: 15, height: 10 };
  throws(() => packer.pack([{ image, geometry: shrunk }]), /shrink to no less than a half/);
  const narrow = new ViewPacker({ ...extents, width: 24, height: 12, minRatio: 1 });
  throws(
    () => narrow.pack([{ image, geometry: { ...geometry, width: 30, height: 20, y: 0 } }]),
    /it shows 49 × 25 pixels of its image, and there is room for 40 × 28, at a least ratio of 1/,
  );
});

Deno.test("the photometric table says what is done, in the words that the kernels read", () => {
  const jitter = { order: [2, 0, 3, 1], brightness: 1.5, contrast: 0.75, saturation: 1, hue: -0.25 };
  const table = photometricTable([{ gray: true, jitter }, { gray: false, blur: 2 }]);
  deepStrictEqual([...table.subarray(0, 2)], [3, 0x1302]);
  deepStrictEqual([...new Float32Array(table.buffer, 8, 3)], [1.5, 0.75, 1]);
  strictEqual(table[5], 256 - 63);
  strictEqual(table[12], 4);
  // √17 = 4.1: a box of 3 whole pixels and a part of one more at either end.
  strictEqual(table[20], 1);
  throws(() => photometricTable([{ gray: false, blur: 300 }]), /Cannot blur view 0 with sigma 300/);
});

Deno.test("the box table holds corners and partners", () => {
  deepStrictEqual([...boxTable([[{ x0: 1, y0: 2, x1: 3, y1: 4 }]], [7])], [1, 2, 3, 4, 7, 0, 0, 0]);
});

Deno.test("the table of pasted boxes holds corners and the partner of each", () => {
  const box = { x0: 1, y0: 2, x1: 3, y1: 4 };
  deepStrictEqual(
    [...pastedTable([[box, { ...box, x0: 0 }]], [[7, 5]])],
    [1, 2, 3, 4, 7, 0, 0, 0, 0, 2, 3, 4, 5, 0, 0, 0],
  );
});
