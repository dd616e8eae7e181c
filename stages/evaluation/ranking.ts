/** Which unlabeled images to label next: those that the networks know least about come first. @module */
import { decodePng } from "../codecs/png.ts";
import type { PseudoLabels } from "../datasets/pseudo_labels.ts";

/** By what images are ranked: where several networks are scored by their disagreement, else by the confidence of the one. */
export type RankedBy = "disagreement" | "confidence";

/** An image in its place. */
export interface RankedImage {
  readonly id: string;
  /** 0 to 1, the higher the sooner: the share of the pixels on which the networks disagree; or 1 less the mean confidence. */
  readonly score: number;
  /** Share of the pixels behind it: on which the networks disagree; or whose confidence is below the threshold of the labels. */
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
 * Disagreement is the share of pixels that Seung, Opper and Sompolinsky's committee of two ("Query by committee", COLT 1992) is
 * asked about; confidence is Lewis and Gale's ("A sequential algorithm for training text classifiers", SIGIR 1994), the mean over
 * pixels.
 *
 * @param by Without it, by disagreement where the labels tell it.
 * @throws {DecodeError} If a map of confidence is damaged.
 */
export async function rankImages(labels: PseudoLabels, by?: RankedBy): Promise<Ranking> {
  const { entries } = labels.index, tellsConflict = entries.every(({ conflict }) => conflict !== undefined);
  const chosen = by ?? (tellsConflict ? "disagreement" : "confidence");
  const images: RankedImage[] = [];
  for (const { id, folder, kept, conflict = 0 } of entries) {
    if (chosen === "disagreement") images.push({ id, score: conflict, share: conflict });
    else {
      const name = `${folder}/confidence.png`, { data } = decodePng(await labels.read(name), name);
      images.push({ id, score: 1 - mean(data) / 255, share: 1 - kept });
    }
  }
  return { by: chosen, images: images.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)) };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
