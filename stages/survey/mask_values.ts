/** Which values masks hold, as they are in the files, and in how many pixels and masks. @module */
import type { StoredImage } from "../codecs/image.ts";

/** What is looked at of a mask. */
export type CountedMask = Pick<StoredImage, "width" | "height" | "channels" | "data" | "palette">;

/** How often a value occurs. */
export interface ValueCount {
  /** Pixels that hold it. */
  pixels: number;
  /** Masks in which it occurs. */
  images: number;
}

/** What a value is: a palette's index, a gray value, or a color. */
export type MaskForm = "index" | "gray" | "color";

/** Most values that are told apart; masks of more are photographs, or drawn with smooth edges. */
export const maximumValues = 4096;

/** The values of many masks of one form. */
export class MaskValues {
  /** Value → how often; a color is red · 65,536 + green · 256 + blue. */
  readonly counts: Map<number, ValueCount> = new Map();
  /** Colors that palettes give the indices, 0xrrggbb; where palettes differ, the first. */
  readonly palette: Map<number, number> = new Map();
  /** Masks that were counted. */
  masks = 0;
  /** Pixels that were counted. */
  pixels = 0;
  /** Pixels whose value came after {@linkcode maximumValues} others. */
  further = 0;
  /** Masks whose values are 0, 1, … without a gap, and how far the last of each goes. */
  readonly lasts: number[] = [];

  /** @param form What a value is. */
  constructor(readonly form: MaskForm) {}

  /** Counts a mask, and gives its values. */
  add(mask: CountedMask): ReadonlyMap<number, number> {
    const own = countValues(mask);
    let seen = 0;
    for (const [value, pixels] of own) {
      let count = this.counts.get(value);
      if (count === undefined && this.counts.size < maximumValues) {
        this.counts.set(value, count = { pixels: 0, images: 0 });
      }
      if (count !== undefined) {
        count.pixels += pixels;
        count.images++;
        seen += pixels;
      }
      const color = mask.palette?.subarray(3 * value, 3 * value + 3);
      if (color?.length === 3 && !this.palette.has(value)) {
        this.palette.set(value, packed(color[0]!, color[1]!, color[2]!));
      }
    }
    const all = mask.width * mask.height;
    this.masks++;
    this.pixels += all;
    this.further += all - seen;
    if (Array.from({ length: own.size }, (_, value) => value).every((value) => own.has(value))) {
      this.lasts.push(own.size - 1);
    }
    return own;
  }

  /** A mask of one pixel of a value. */
  sample(value: number): StoredImage {
    const pixel = { width: 1, height: 1, orientation: 1 } as const;
    if (this.form === "color") {
      return {
        ...pixel,
        channels: 3,
        bits: 8,
        data: Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255),
      };
    }
    const samples = {
      ...pixel,
      channels: 1,
      bits: value > 255 ? 16 : 8,
      data: Uint16Array.of(value),
    } as const;
    if (this.form === "gray") return samples;
    const palette = new Uint8Array(768);
    for (const [index, color] of this.palette) {
      palette.set([color >> 16, (color >> 8) & 255, color & 255], 3 * index);
    }
    return { ...samples, palette };
  }

  /** The values that occur, ascending. */
  get values(): number[] {
    return [...this.counts.keys()].sort((a, b) => a - b);
  }
}

/** What a mask's values are. */
export function formOf({ channels, palette }: CountedMask): MaskForm {
  return channels > 2 ? "color" : palette === undefined ? "gray" : "index";
}

/** Value → pixels of one mask; alpha is no part of a value. */
export function countValues({ channels, data }: CountedMask): Map<number, number> {
  // Neighbors are mostly equal, so most pixels cost a comparison.
  const counts = new Map<number, number>();
  let last = -1, run = 0;
  for (let at = 0; at < data.length; at += channels) {
    const value = channels > 2 ? packed(data[at]!, data[at + 1]!, data[at + 2]!) : data[at]!;
    if (value !== last) {
      if (run > 0) counts.set(last, (counts.get(last) ?? 0) + run);
      last = value;
      run = 0;
    }
    run++;
  }
  if (run > 0) counts.set(last, (counts.get(last) ?? 0) + run);
  return counts;
}

function packed(red: number, green: number, blue: number): number {
  return red * 65536 + green * 256 + blue;
}

/** A color as CSS writes it: `#rrggbb`. */
export function hex(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}
