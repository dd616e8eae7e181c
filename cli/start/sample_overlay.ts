/** A photograph of a folder beside the same with its mask drawn over it, for a person to believe. @module */
import { UserError } from "../../pipeline/mod.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import type { Pixels } from "../../stages/codecs/picture.ts";
import type { ClassList } from "../../stages/datasets/classes.ts";
import { readImage, readMask } from "../../stages/datasets/decode_sample.ts";
import type { ListedSample } from "../../stages/datasets/id_list.ts";
import type { Labeling } from "../../stages/datasets/labeling.ts";

/** How many images are looked at for the one whose mask shows most. */
const candidates = 12;
/** How much of a pixel is its class's color. */
const strength = 0.5;

/**
 * Draws the one of the first images whose mask has the most classes.
 *
 * @param masked Images with a mask.
 * @returns A PNG, and the image's path; undefined where none can be drawn.
 */
export async function sampleOverlay(
  root: string,
  masked: readonly ListedSample[],
  labeling: Labeling,
  classes: ClassList,
): Promise<{ readonly png: Uint8Array; readonly image: string } | undefined> {
  let best: { readonly path: string; readonly image: Pixels; readonly labels: Uint8Array } | undefined;
  let most = 0;
  for (const sample of masked.slice(0, candidates)) {
    const read = await readBoth(root, sample, labeling), shown = new Set(read?.labels).size;
    if (read !== undefined && shown > most) {
      best = read;
      most = shown;
    }
  }
  if (best === undefined) return undefined;
  const { path, image: { width, height, data }, labels } = best;
  const both = sideBySide(data, tinted(data, labels, classes), width, height);
  return { png: encodeRgbPng(both, 2 * width, height), image: path };
}

/** An image and its labels; undefined where one of the two has a fault, which was said before. */
async function readBoth(root: string, sample: ListedSample, labeling: Labeling) {
  const at = { sample, list: root, root };
  try {
    const image = await readImage(at, { orientation: "upright" });
    return { path: sample.image, image, labels: (await readMask(at, image, labeling, "upright")).data };
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Mixes each pixel with the color of its class; one that is black, as background mostly is, leaves it as it is. */
function tinted(image: Uint8Array, labels: Uint8Array, { colors }: ClassList): Uint8Array {
  const mixed = image.slice();
  labels.forEach((label, pixel) => {
    const color = colors[label];
    if (color === undefined || Math.max(...color) === 0) return;
    color.forEach((value, channel) => {
      const at = 3 * pixel + channel;
      mixed[at] = Math.round((1 - strength) * mixed[at]! + strength * value);
    });
  });
  return mixed;
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
