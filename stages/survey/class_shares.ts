/** Which share of masks each class has, of values that were counted already. @module */
import { ignoreIndex } from "../datasets/classes.ts";
import type { Labeling } from "../datasets/labeling.ts";
import type { MaskValues, ValueCount } from "./mask_values.ts";

/** What becomes of counted values by a labeling. */
export interface ClassShares {
  /** By label: pixels, and masks in which the class occurs, at least. */
  readonly classes: readonly ValueCount[];
  /** Pixels that are ignored. */
  readonly ignored: number;
  /** Values that are no class, with their pixels. */
  readonly unnamed: readonly { readonly value: number; readonly pixels: number }[];
}

/**
 * Labels each counted value once.
 *
 * @param count How many classes there are.
 */
export function classShares(values: MaskValues, labeling: Labeling, count: number): ClassShares {
  const classes: ValueCount[] = Array.from({ length: count }, () => ({ pixels: 0, images: 0 }));
  const unnamed: { value: number; pixels: number }[] = [];
  let ignored = 0;
  for (const [value, { pixels, images }] of values.counts) {
    const labels = labeling(values.sample(value));
    if (!(labels instanceof Uint8Array)) unnamed.push({ value, pixels });
    else if (labels[0] === ignoreIndex) ignored += pixels;
    else {
      const found = classes[labels[0]!]!;
      found.pixels += pixels;
      // Of two values of a class the masks may be the same ones.
      found.images = Math.max(found.images, images);
    }
  }
  return { classes, ignored, unnamed: unnamed.sort((a, b) => b.pixels - a.pixels) };
}
