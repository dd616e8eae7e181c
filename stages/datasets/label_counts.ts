/** Counts the labels of masks as they pass, and says what a training on them cannot learn. @module */
import { type ClassList, ignoreIndex } from "./classes.ts";
import { keyText, someOf } from "./words.ts";

/** Pixels of a class, and the masks in which it occurs. */
export interface ClassCount {
  readonly name: string;
  readonly pixels: number;
  readonly images: number;
}

/** Counts labels over masks. */
export class LabelCounts {
  readonly #pixels = new Float64Array(ignoreIndex + 1);
  readonly #images = new Uint32Array(ignoreIndex + 1);
  readonly #uncounted: string[] = [];
  #masks = 0;

  /** @param classes What the labels mean. */
  constructor(readonly classes: ClassList) {}

  /** Takes a mask in. */
  add(id: string, mask: Uint8Array): void {
    const own = new Uint32Array(ignoreIndex + 1);
    for (const label of mask) own[label]!++;
    own.forEach((count, label) => {
      this.#pixels[label]! += count;
      this.#images[label]! += Number(count > 0);
    });
    if (own[ignoreIndex] === mask.length) this.#uncounted.push(id);
    this.#masks++;
  }

  /** Masks that were taken in. */
  get masks(): number {
    return this.#masks;
  }

  /** Their pixels. */
  get pixels(): number {
    return this.#pixels.reduce((sum, count) => sum + count, 0);
  }

  /** Those of them that are ignored. */
  get ignored(): number {
    return this.#pixels[ignoreIndex]!;
  }

  /** Ids of masks in which no pixel counts. */
  get uncounted(): readonly string[] {
    return this.#uncounted;
  }

  /** All classes, in the order of their labels. */
  get histogram(): ClassCount[] {
    return this.classes.names.map((name, label) => ({
      name,
      pixels: this.#pixels[label]!,
      images: this.#images[label]!,
    }));
  }

  /** What is worth a warning; nothing where all classes are labeled and each mask counts. */
  warnings(): string[] {
    const { names } = this.classes, masks = this.#masks, uncounted = this.#uncounted;
    if (masks === 0 || uncounted.length === masks) return [];
    const labeled = names.filter((_, label) => this.#pixels[label]! > 0);
    const absent = names.filter((_, label) => this.#pixels[label]! === 0);
    const share = 100 * this.ignored / this.pixels;
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
