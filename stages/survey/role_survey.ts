/** What the images and masks of one role hold. @module */
import { LabelCounts } from "../datasets/label_counts.ts";
import type { ClassList } from "../datasets/classes.ts";
import { type CountedMask, formOf, MaskValues } from "./mask_values.ts";

/** Why images are in a data set. */
export type DataRole = "labeled" | "unlabeled" | "validation";

/** Gathers what one role holds, image after image. */
export class RoleSurvey {
  /** `width × height` → images. */
  readonly sizes: Map<string, number> = new Map();
  /** Images that were decoded, with their masks where there are any to be read. */
  decoded = 0;
  /** Images that their files say are not stored upright. */
  turned = 0;
  /** The labels of masks without a fault. */
  readonly labels: LabelCounts;
  #values: MaskValues | undefined;

  /**
   * @param role Which role.
   * @param listed Images of the role, whether looked at or not.
   * @param classes Of the data set.
   */
  constructor(readonly role: DataRole, readonly listed: number, classes: ClassList) {
    this.labels = new LabelCounts(classes);
  }

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

  /** The values of its masks; undefined where none was looked at. */
  get values(): MaskValues | undefined {
    return this.#values;
  }
}
