/** What the images and masks of one role hold: sizes, classes by pixels and images, and what counts for nothing. @module */
import { type ClassList, ignoreIndex } from "../datasets/classes.ts";
import { type CountedMask, formOf, MaskValues, type ValueCount } from "./mask_values.ts";

/** Why images are in a data set. */
export type DataRole = "labeled" | "unlabeled" | "validation";

/** Pixels of a class, and the masks in which it occurs. */
export interface ClassCount extends Readonly<ValueCount> {
  readonly name: string;
}

/** Gathers what one role holds, image after image. */
export class RoleSurvey {
  /** `width × height` → images. */
  readonly sizes: Map<string, number> = new Map();
  /** Images that were decoded, with their masks where there are any to be read. */
  decoded = 0;
  /** Images that their files say are not stored upright. */
  turned = 0;
  /** Pixels that are ignored, of masks without a fault. */
  ignored = 0;
  /** Masks without a fault. */
  masks = 0;
  /** Ids of those of them that have no pixel that counts. */
  readonly uncounted: string[] = [];
  readonly #labels = new Map<number, ValueCount>();
  #labeled = 0;
  #values: MaskValues | undefined;

  /**
   * @param role Which role.
   * @param listed Images of the role, whether looked at or not.
   * @param classes Of the data set.
   */
  constructor(readonly role: DataRole, readonly listed: number, readonly classes: ClassList) {}

  /** Takes in an image. */
  addImage({ width, height, orientation }: { width: number; height: number; orientation: number }): void {
    const size = `${width} × ${height}`;
    this.sizes.set(size, (this.sizes.get(size) ?? 0) + 1);
    if (orientation !== 1) this.turned++;
  }

  /** Takes in what a mask's file holds. */
  addSamples(mask: CountedMask): void {
    this.#values ??= new MaskValues(formOf(mask));
    this.#values.add(mask);
  }

  /** Takes in the labels of a mask that has no fault. */
  addLabels(id: string, labels: Uint8Array): void {
    const counts = new Uint32Array(256);
    for (const label of labels) counts[label]!++;
    counts.forEach((pixels, label) => {
      if (pixels === 0 || label === ignoreIndex) return;
      const found = this.#labels.get(label) ?? { pixels: 0, images: 0 };
      this.#labels.set(label, { pixels: found.pixels + pixels, images: found.images + 1 });
    });
    this.masks++;
    this.ignored += counts[ignoreIndex]!;
    this.#labeled += labels.length;
    if (counts[ignoreIndex] === labels.length) this.uncounted.push(id);
  }

  /** The values of its masks; undefined where none was looked at. */
  get values(): MaskValues | undefined {
    return this.#values;
  }

  /** Pixels of all masks without a fault. */
  get pixels(): number {
    return this.#labeled;
  }

  /** All classes, in the order of their labels. */
  get histogram(): ClassCount[] {
    return this.classes.names.map((name, label) => ({
      name,
      ...(this.#labels.get(label) ?? { pixels: 0, images: 0 }),
    }));
  }
}
