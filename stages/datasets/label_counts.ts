/** Counts the labels of masks as they pass, and says what a training on them cannot learn. @module */
import { type ClassList, ignoreIndex } from "./classes.ts";
import { keyText, someOf } from "./words.ts";

/** Counts labels over masks. */
export class LabelCounts {
  readonly #pixels = new Float64Array(ignoreIndex + 1);
  readonly #uncounted: string[] = [];
  #masks = 0;

  /** @param classes What the labels mean. */
  constructor(readonly classes: ClassList) {}

  /** Takes a mask in. */
  add(id: string, mask: Uint8Array): void {
    const ignored = this.#pixels[ignoreIndex]!;
    for (const label of mask) this.#pixels[label]!++;
    if (this.#pixels[ignoreIndex]! - ignored === mask.length) this.#uncounted.push(id);
    this.#masks++;
  }

  /** What is worth a warning; nothing where all classes are labeled and each mask counts. */
  warnings(): string[] {
    const { names } = this.classes, masks = this.#masks, uncounted = this.#uncounted;
    if (masks === 0 || uncounted.length === masks) return [];
    const labeled = names.filter((_, label) => this.#pixels[label]! > 0);
    const absent = names.filter((_, label) => this.#pixels[label]! === 0);
    const share = 100 * this.#pixels[ignoreIndex]! / this.#pixels.reduce((sum, count) => sum + count, 0);
    return [
      ...(uncounted.length === 0 ? [] : [
        `in ${uncounted.length} of ${masks} labeled masks no pixel counts, as all are ignored: ${
          someOf(uncounted)
        }`,
      ]),
      ...(labeled.length > 1 ? [] : [
        `the labeled masks hold the class "${labeled[0]}" alone, and ${
          share.toFixed(1)
        } % of their pixels are ignored: no ` +
        `other can be learned. If ${ignoreIndex} is a class in them, load them as dataset "folder", with classes: ` +
        `{ ${keyText(labeled[0]!)}: ${names.indexOf(labeled[0]!)}, object: ${ignoreIndex} }`,
      ]),
      ...(labeled.length > 1 && absent.length > 0
        ? [
          `${absent.length} of ${names.length} classes are in no labeled mask, and cannot be learned: ${
            someOf(absent)
          }`,
        ]
        : []),
    ];
  }
}
