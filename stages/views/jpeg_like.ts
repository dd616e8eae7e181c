/** What JPEG at a low quality does to an image's pixels, without the file. @module */
import type { Bytes } from "../../kernels/ops/view/view_settings.ts";

/** Quantization of luma and chroma at quality 50, row by row (ITU-T T.81, tables K.1 and K.2). */
// deno-fmt-ignore
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100,
  103, 99,
];
// deno-fmt-ignore
const CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
  ...new Array<number>(32).fill(99),
];

/** cos((2x + 1) u π / 16), times √½ for u = 0, halved: an orthonormal transform, by [u · 8 + x]. */
const FORWARD = Float64Array.from({ length: 64 }, (_, i) => {
  const u = Math.floor(i / 8), x = i % 8;
  return Math.cos((2 * x + 1) * u * Math.PI / 16) * (u === 0 ? Math.SQRT1_2 : 1) / 2;
});

/** The same by [x · 8 + u]: its inverse. */
const BACKWARD = FORWARD.map((_, i) => FORWARD[(i % 8) * 8 + Math.floor(i / 8)]!);

/** A plane of numbers, its sides multiples of 8. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

/**
 * Gives an image the blocks and blurred colors of a JPEG file, in place: YCbCr with chroma of half the size, the cosine transform of
 * blocks of 8 × 8, quantization, and all the way back.
 *
 * @param quality As in libjpeg, from 1 to 100.
 */
export function jpegLike({ data, width, height }: Bytes, quality: number): void {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const scaled = (table: readonly number[]) =>
    table.map((entry) => Math.min(Math.max(Math.floor((entry * percent + 50) / 100), 1), 255));
  const luma = scaled(LUMA), chroma = scaled(CHROMA);
  const wide = 16 * Math.ceil(width / 16), high = 16 * Math.ceil(height / 16);
  const whole = (): Plane => ({ width: wide, height: high, values: new Float64Array(wide * high) });
  const [y, cb, cr] = [whole(), whole(), whole()];
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      // Beyond the border the last pixels are repeated.
      const at = 3 * (Math.min(row, height - 1) * width + Math.min(column, width - 1)),
        to = row * wide + column;
      const r = data[at]!, g = data[at + 1]!, b = data[at + 2]!;
      y.values[to] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      cb.values[to] = -0.168736 * r - 0.331264 * g + 0.5 * b;
      cr.values[to] = 0.5 * r - 0.418688 * g - 0.081312 * b;
    }
  }
  const halves = [cb, cr].map(halved);
  quantize(y, luma);
  for (const half of halves) quantize(half, chroma);
  const byte = (value: number) => Math.min(Math.max(Math.round(value), 0), 255);
  const [blue, red] = halves.map(({ values }) => values) as [Float64Array, Float64Array];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const light = y.values[row * wide + column]! + 128, at = 3 * (row * width + column);
      const [one, two] = [blue, red].map((values) => doubled(values, wide / 2, high / 2, column, row)) as [
        number,
        number,
      ];
      data[at] = byte(light + 1.402 * two);
      data[at + 1] = byte(light - 0.344136 * one - 0.714136 * two);
      data[at + 2] = byte(light + 1.772 * one);
    }
  }
}

/** Means of 2 × 2. */
function halved({ width, height, values }: Plane): Plane {
  const half = { width: width / 2, height: height / 2, values: new Float64Array(width * height / 4) };
  for (let row = 0; row < half.height; row++) {
    for (let column = 0; column < half.width; column++) {
      const at = 2 * row * width + 2 * column;
      half.values[row * half.width + column] =
        (values[at]! + values[at + 1]! + values[at + width]! + values[at + width + 1]!) / 4;
    }
  }
  return half;
}

/** A value of a plane of twice the size: of the nearest four, 9, 3, 3 and 1 parts of 16. */
function doubled(values: Float64Array, width: number, height: number, x: number, y: number): number {
  const column = x >> 1, row = y >> 1;
  const nextColumn = Math.min(Math.max(column + 2 * (x & 1) - 1, 0), width - 1);
  const own = row * width, next = Math.min(Math.max(row + 2 * (y & 1) - 1, 0), height - 1) * width;
  return (9 * values[own + column]! + 3 * (values[own + nextColumn]! + values[next + column]!) +
    values[next + nextColumn]!) / 16;
}

/** The cosine transform of each block, rounded to multiples of the table's entries, and back, in place. */
function quantize({ width, height, values }: Plane, table: readonly number[]): void {
  const block = new Float64Array(64), turned = new Float64Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const at = top * width + left;
      for (let i = 0; i < 64; i++) block[i] = values[at + (i >> 3) * width + (i & 7)]!;
      transform(block, turned, FORWARD);
      transform(turned, block, FORWARD);
      for (let i = 0; i < 64; i++) block[i] = table[i]! * Math.round(block[i]! / table[i]!);
      transform(block, turned, BACKWARD);
      transform(turned, block, BACKWARD);
      for (let i = 0; i < 64; i++) values[at + (i >> 3) * width + (i & 7)] = block[i]!;
    }
  }
}

/** Each row by a basis, transposed: twice, it is the rows and the columns. */
function transform(from: Float64Array, to: Float64Array, basis: Float64Array): void {
  for (let row = 0; row < 64; row += 8) {
    for (let u = 0; u < 64; u += 8) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += basis[u + x]! * from[row + x]!;
      to[u + (row >> 3)] = sum;
    }
  }
}
