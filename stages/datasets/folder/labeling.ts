/** Makes labels of a folder's masks, by the marks of its classes. @module */
import { ignoreIndex } from "../classes.ts";
import type { Labeling, LabelingProblem } from "../labeling.ts";
import type { StoredImage } from "../../codecs/image.ts";
import { type ClassEntry, marksOf, type PixelMark } from "./class_values.ts";
import { fits, type PixelKind, type SeenPixel, seenPixel } from "./seen_pixel.ts";
import { ambiguousProblem, unnamedProblem } from "./unnamed.ts";

/**
 * Labels pixels: what is ignored comes first, then the class whose mark fits, then `"else"`. Equal pixels are looked at once.
 *
 * @returns Gives a {@linkcode LabelingProblem} for a mask in which a pixel fits no class, or two.
 */
export function markLabeling(entries: readonly ClassEntry[], ignore: readonly PixelMark[]): Labeling {
  return (mask) => {
    const { width, height, channels } = mask;
    const labels = new Uint8Array(width * height);
    const kinds = new Map<number | string, PixelKind>(), keyAt = keysOf(mask);
    let kind: PixelKind | undefined, before: number | string | undefined;
    for (let pixel = 0; pixel < labels.length; pixel++) {
      const key = keyAt(pixel);
      if (kind === undefined || key !== before) {
        before = key;
        kind = kinds.get(key);
        if (kind === undefined) {
          const seen = seenPixel(mask, pixel * channels), label = labelOf(seen);
          if (typeof label === "object") return label;
          kinds.set(key, kind = { pixel: seen, label, count: 0 });
        }
      }
      kind.count++;
      labels[pixel] = kind.label ?? ignoreIndex;
    }
    const all = [...kinds.values()];
    return all.every(({ label }) => label !== undefined) ? labels : unnamedProblem(all, entries);
  };

  function labelOf(pixel: SeenPixel): number | undefined | LabelingProblem {
    if (ignore.some((mark) => fits(mark, pixel))) return ignoreIndex;
    const fitting = entries.flatMap(([, marks], label) =>
      marksOf(marks).some((mark) => fits(mark, pixel)) ? [label] : []
    );
    if (fitting.length > 1) return ambiguousProblem(pixel, fitting.map((label) => entries[label]![0]));
    if (fitting.length === 1) return fitting[0];
    const other = entries.findIndex(([, marks]) => marksOf(marks).includes("else"));
    return other >= 0 ? other : ignore.includes("else") ? ignoreIndex : undefined;
  }
}

/** What tells pixels apart, by their position: all samples in one number, or in a text where a number cannot hold them. */
function keysOf({ data, channels, bits }: StoredImage): (pixel: number) => number | string {
  if (channels === 1) return (pixel) => data[pixel]!;
  if (channels * bits > 53) {
    return (pixel) => data.subarray(pixel * channels, (pixel + 1) * channels).join();
  }
  const radix = 2 ** bits;
  return (pixel) => {
    let key = 0;
    for (let at = pixel * channels; at < (pixel + 1) * channels; at++) key = key * radix + data[at]!;
    return key;
  };
}
