/** AEL's choice of images and classes, by how sure the network is of each class. AEL §3.1. @module */
import type { ChoiceStep, Chosen } from "../choice.ts";
import type { AelOptions } from "./options.ts";

/** What the choice reads. */
export interface ReadState {
  /** How sure the network is of each class, [C]. */
  readonly confidence: ArrayLike<number>;
  /** 1 where an unlabeled image holds a class, [C, images]. */
  readonly index: ArrayLike<number>;
}

/** Classes that may be pasted, ascending. */
export function pastable(classes: number, { neverPasted }: Pick<AelOptions, "neverPasted">): number[] {
  return Array.from({ length: classes }, (_, k) => k).filter((k) => !neverPasted.includes(k));
}

/**
 * Partners of labeled images, the classes that are pasted of them; and for each mixed image the one that it is cut out of, by a
 * class that the network is not sure of and that the image holds.
 */
export function chooseImages(
  { confidence, index }: ReadState,
  { images, sizes, uniform }: ChoiceStep,
  options: Pick<AelOptions, "mixed" | "pasted" | "neverPasted" | "pasteProbability">,
): Chosen<"partner" | "first" | "second", "pasted" | "partners" | "wanted" | "places"> {
  const classes = confidence.length, unsure = Array.from(confidence, (q) => Math.max(0, 1 - q));
  const tail = pastable(classes, options), pasted = new Array<number>(classes).fill(0);
  for (let draw = 0; draw < options.pasted && tail.length > 0; draw++) {
    pasted[tail[drawn(tail.map((k) => Math.sqrt(unsure[k]!)), uniform("paste_class", draw))]!] = 1;
  }
  const first = options.mixed === "all" ? images.unlabeled : Array.from(
    { length: images.unlabeled.length / 2 },
    (_, slot) => images.unlabeled[2 * slot + (uniform("kept", slot) < 0.5 ? 0 : 1)]!,
  );
  const wanted = first.map((_, slot) => drawn(unsure, uniform("class", slot)));
  const second = wanted.map((k, slot) => {
    const holding: number[] = [];
    for (let image = 0; image < sizes.unlabeled; image++) {
      if (index[k * sizes.unlabeled + image] === 1) holding.push(image);
    }
    const one = (count: number) => Math.floor(uniform("image", slot) * count);
    return holding.length > 0 ? holding[one(holding.length)]! : one(sizes.unlabeled);
  });
  return {
    images: {
      partner: images.labeled.map((_, slot) => Math.floor(uniform("partner", slot) * sizes.labeled)),
      first,
      second,
    },
    state: {
      pasted,
      partners: images.labeled.map((_, slot) =>
        uniform("paste_coin", slot) > 1 - options.pasteProbability ? 1 : 0
      ),
      wanted,
      places: first.flatMap((image, slot) => [image, second[slot]!]),
    },
  };
}

/** Which of several is drawn by their softmax. */
function drawn(scores: readonly number[], number: number): number {
  const odds = scores.map(Math.exp), total = odds.reduce((sum, odd) => sum + odd, 0);
  let sum = 0;
  const found = odds.findIndex((odd) => (sum += odd / total) > number);
  // The sum of all may round to less than 1.
  return found < 0 ? scores.length - 1 : found;
}
