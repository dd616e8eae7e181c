/** How the samples of a mask become labels, and how that of published data sets does. @module */
import { type ClassList, ignoreIndex } from "./classes.ts";
import type { StoredImage } from "../codecs/image.ts";

/** What is wrong with a mask, and what to do about it: parts of a sentence. */
export interface LabelingProblem {
  readonly problem: string;
  readonly remedy: string;
}

/** Makes labels of a mask's samples: height × width, a class or 255; or says why it cannot. */
export type Labeling = (mask: StoredImage) => Uint8Array | LabelingProblem;

/**
 * One label a pixel, as published data sets have: value i is class i.
 *
 * @param ignored Values that are ignored, besides 255.
 */
export function indexLabeling(classes: ClassList, ignored: readonly number[]): Labeling {
  const last = classes.names.length - 1;
  return ({ data, channels, bits, width }) => {
    if (channels !== 1) {
      return {
        problem:
          `has ${channels} channels of ${bits} bits; it must hold one label a pixel, as a palette or gray image`,
        remedy: "Convert the masks",
      };
    }
    const labels = new Uint8Array(data.length);
    for (let pixel = 0; pixel < labels.length; pixel++) {
      const value = data[pixel]!;
      if (value <= last) labels[pixel] = value;
      else if (value === ignoreIndex || ignored.includes(value)) labels[pixel] = ignoreIndex;
      else return outside(value, pixel);
    }
    return labels;

    function outside(value: number, first: number): LabelingProblem {
      let count = 0;
      for (const other of data) count += Number(other === value);
      return {
        problem: `holds the value ${value} in ${count} ${count === 1 ? "pixel" : "pixels"}, first at row ${
          Math.floor(first / width)
        }, column ${first % width}; labels are 0 to ${last}, and 255 is ignored`,
        remedy: "Convert the masks to this data set's labels",
      };
    }
  };
}
