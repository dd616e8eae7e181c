/** Draws some of the labeled images, and says which. @module */
import { DataError } from "../errors.ts";
import type { ListedSample } from "../id_list.ts";
import { counted, someOf } from "../words.ts";
import { drawn } from "./order.ts";

/** What is drawn of which images. */
export interface Draw {
  /** The leaf that says how many. */
  readonly leaf: "labeled" | "validation";
  /** A number of images, or below 1 a share of them. */
  readonly amount: number;
  /** How many may be drawn at most. */
  readonly most: number;
  /** Names the draw. */
  readonly seed: number;
}

/**
 * Draws some of the images with a mask. A share is rounded, to one at least where there is one to spare.
 *
 * @returns Those drawn, in their order, and a note of which they are.
 * @throws {DataError} If a number of images cannot be had.
 */
export function drawSamples(
  samples: readonly ListedSample[],
  { leaf, amount, most, seed }: Draw,
): { readonly samples: readonly ListedSample[]; readonly note: string } {
  const share = Math.min(most, Math.max(1, Math.round(amount * samples.length)));
  const count = amount < 1 ? share : amount;
  if (count > most) {
    throw new DataError(
      `Cannot draw load.${leaf}=${amount} images of ${samples.length} with a mask: ${most} can be had` +
        `${most < samples.length ? ", as one must be labeled" : ""}. Give a smaller number, or more masks.`,
    );
  }
  const some = drawn(samples, count, seed, ({ id }) => id);
  return {
    samples: some,
    note:
      `${leaf}: ${count} of ${counted(samples.length, "image")} with a mask, drawn by splitSeed ${seed}: ` +
      someOf(some.map(({ image }) => image)),
  };
}
