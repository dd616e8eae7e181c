/** A photograph of a folder beside the same with its mask drawn over it, for a person to believe. @module */
import { UserError } from "../../pipeline/mod.ts";
import type { Range } from "../../stages/codecs/image.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import type { Pixels } from "../../stages/codecs/picture.ts";
import { backgroundOf } from "../../stages/annotations/write.ts";
import type { Dataset } from "../../stages/datasets/dataset.ts";
import { type LocatedSample, readImage, readMask } from "../../stages/datasets/decode_sample.ts";
import { overlay } from "../../stages/evaluation/overlay.ts";

/** How many images are looked at for the one whose mask shows most. */
const candidates = 12;

/**
 * Draws the one of the first labeled images that shows the most classes.
 *
 * @param range Which values of samples of more than 8 bits are black and white.
 * @returns A PNG, and the image's path; undefined where none can be drawn.
 */
export async function sampleOverlay(
  root: string,
  dataset: Dataset,
  range: Range | undefined,
): Promise<{ readonly png: Uint8Array; readonly image: string } | undefined> {
  const { lists: { labeled }, classes } = dataset;
  let best: Labeled | undefined, most = 0;
  for (const sample of labeled.samples.slice(0, candidates)) {
    const read = await readBoth({ sample, list: labeled.path, root }, dataset, range);
    const shown = new Set(read?.labels).size;
    if (read === undefined || shown <= most) continue;
    best = read;
    most = shown;
  }
  if (best === undefined) return undefined;
  const { path, image: { width, height, data }, labels } = best;
  const tinted = overlay(data, labels, { width, height }, classes, backgroundOf(classes));
  return { png: encodeRgbPng(sideBySide(data, tinted, width, height), 2 * width, height), image: path };
}

/** An image and its labels. */
interface Labeled {
  readonly path: string;
  readonly image: Pixels;
  readonly labels: Uint8Array;
}

/** @returns undefined where one of the two has a fault, which was said before. */
async function readBoth(
  at: LocatedSample,
  { labeling, orientation }: Dataset,
  range: Range | undefined,
): Promise<Labeled | undefined> {
  try {
    const image = await readImage(at, { orientation, range });
    return { path: at.sample.image, image, labels: (await readMask(at, image, labeling, orientation)).data };
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Two pictures of one size, side by side: height × 2 width × 3. */
function sideBySide(left: Uint8Array, right: Uint8Array, width: number, height: number): Uint8Array {
  const row = 3 * width, both = new Uint8Array(2 * row * height);
  for (let y = 0; y < height; y++) {
    both.set(left.subarray(y * row, (y + 1) * row), 2 * y * row);
    both.set(right.subarray(y * row, (y + 1) * row), (2 * y + 1) * row);
  }
  return both;
}
