/** Logits of fewer pixels than the image has. @module */

/** Logits as stored, and pixels of the image. */
export interface UpsampledCase {
  readonly shape: readonly [batch: number, height: number, width: number, classes: number];
  readonly height: number;
  readonly width: number;
}

/** Awkward ones: single rows, columns and pixels, odd factors, classes that fill a vector or nearly so. */
export const upsampledCases: readonly UpsampledCase[] = [
  { shape: [2, 7, 5, 21], height: 25, width: 19 },
  { shape: [3, 1, 1, 3], height: 4, width: 7 },
  { shape: [1, 1, 6, 5], height: 1, width: 11 },
  { shape: [1, 5, 1, 2], height: 9, width: 1 },
  { shape: [2, 5, 3, 6], height: 5, width: 9 },
  { shape: [2, 2, 2, 19], height: 67, width: 3 },
];
