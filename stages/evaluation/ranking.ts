/** Which unlabeled images to label next: those that the networks know least about come first. @module */
import { decodePng } from "../codecs/png.ts";
import { codePointOrder } from "../datasets/folder/order.ts";
import type { PseudoLabelEntry, PseudoLabels } from "../datasets/pseudo_labels.ts";

/** What images are ranked by: the disagreement of the networks, where several are scored, else the confidence of the one. */
export type RankedBy = "disagreement" | "confidence";

/** An image in its place. */
export interface RankedImage {
  readonly id: string;
  /** Mean {@linkcode doubtOf} of its pixels, 0 to 1: the share on which the networks disagree, or 1 less the mean confidence. */
  readonly score: number;
  /** Share of its pixels on which the networks disagree; of one network, of those that are below the labels' threshold. */
  readonly share: number;
}

/** Images in the order in which to label them. */
export interface Ranking {
  readonly by: RankedBy;
  readonly images: readonly RankedImage[];
}

/**
 * Ranks the images that labels were made for. Equal scores go by id, in the order of code points.
 *
 * Disagreement is what Seung, Opper and Sompolinsky ask about ("Query by committee", COLT 1992), confidence what Lewis and Gale do
 * ("A sequential algorithm for training text classifiers", SIGIR 1994); both in the mean over pixels.
 *
 * @param by Without it, disagreement where the labels tell it.
 * @throws {DecodeError} If a map of confidence is damaged.
 */
export async function rankImages(labels: PseudoLabels, by: RankedBy = knownBy(labels)): Promise<Ranking> {
  const images: RankedImage[] = [];
  for (const entry of labels.index.entries) {
    const { id, kept, conflict } = entry;
    if (by === "disagreement" && conflict !== undefined) {
      images.push({ id, score: conflict, share: conflict });
    } else images.push({ id, score: mean(await doubtOf(labels, entry, by)) / 255, share: 1 - kept });
  }
  return { by, images: images.sort((a, b) => b.score - a.score || codePointOrder(a.id, b.id)) };
}

function knownBy({ index: { entries } }: PseudoLabels): RankedBy {
  return entries.every(({ conflict }) => conflict !== undefined) ? "disagreement" : "confidence";
}

/**
 * How little is known of each pixel of an image: 255 where the networks disagree and 0 elsewhere; or 255 · (1 − confidence).
 *
 * @returns height × width.
 */
export async function doubtOf(
  labels: PseudoLabels,
  { folder }: PseudoLabelEntry,
  by: RankedBy,
): Promise<Uint8Array> {
  const name = `${folder}/${by === "disagreement" ? "conflict" : "confidence"}.png`;
  const data = decodePng(await labels.read(name), name).data as Uint8Array;
  return data.map(by === "disagreement" ? (value) => 255 * value : (value) => 255 - value);
}

/** What is doubtful is shown in this color, on a photograph without colors. */
const doubtful = [255, 214, 0] as const;

/**
 * Shows where the doubt is: the photograph dark and gray, and over it yellow, as strong as the doubt.
 *
 * @param image height × width × 3, RGB.
 * @param doubt height × width, 0 to 255.
 * @returns height × width × 3, RGB.
 */
export function doubtMap(image: Uint8Array, doubt: Uint8Array): Uint8Array {
  const shown = new Uint8Array(image.length);
  doubt.forEach((value, pixel) => {
    const [red, green, blue] = image.subarray(3 * pixel, 3 * pixel + 3) as unknown as [
      number,
      number,
      number,
    ];
    const gray = (0.299 * red + 0.587 * green + 0.114 * blue) / 2;
    doubtful.forEach((full, channel) =>
      shown[3 * pixel + channel] = Math.round(gray + (full - gray) * value / 255)
    );
  });
  return shown;
}

function mean(values: Uint8Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
