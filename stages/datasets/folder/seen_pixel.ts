/** A mask's pixel, as the marks of classes see it. @module */
import type { StoredImage } from "../../codecs/image.ts";
import { type ChannelRule, isColor, type PixelMark, type ValueRange } from "./class_values.ts";

/** A pixel: its samples as they are in the file, of a palette's index those of its color. */
export interface SeenPixel {
  /** Gray value or palette index, or what red, green and blue share; −1 where they differ. */
  readonly value: number;
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  /** The largest sample where the mask has no alpha. */
  readonly alpha: number;
  /** `"#ff0000"`: the color on a screen; undefined where 16 bits say what 8 cannot. */
  readonly color: string | undefined;
}

/** A kind of pixel in a mask. */
export interface PixelKind {
  readonly pixel: SeenPixel;
  /** Its label; undefined if nothing names it. */
  readonly label: number | undefined;
  /** How many pixels are of it. */
  count: number;
}

/**
 * Looks at a pixel.
 *
 * @param at Index of its first sample.
 */
export function seenPixel({ data, channels, bits, palette }: StoredImage, at: number): SeenPixel {
  const first = data[at]!, most = 2 ** bits - 1;
  if (palette !== undefined) {
    // An index beyond the palette is a gray, as Pillow has it.
    const [red = first, green = first, blue = first] = palette.subarray(3 * first, 3 * first + 3);
    return { value: first, red, green, blue, alpha: 255, color: colorOf([red, green, blue], 255) };
  }
  const isGray = channels < 3;
  const [red, green, blue] = isGray ? [first, first, first] : [first, data[at + 1]!, data[at + 2]!];
  return {
    value: red === green && green === blue ? red : -1,
    red,
    green,
    blue,
    alpha: channels % 2 === 0 ? data[at + channels - 1]! : most,
    color: colorOf([red, green, blue], most),
  };
}

/** The color of samples of any depth, if 8 bits hold it. */
function colorOf(samples: readonly number[], most: number): string | undefined {
  const bytes = samples.map((sample) => sample * 255 / most);
  if (!bytes.every(Number.isInteger)) return undefined;
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Whether a mark fits a pixel; `"else"` fits none by itself. */
export function fits(mark: PixelMark, pixel: SeenPixel): boolean {
  if (typeof mark === "number") return pixel.value === mark;
  if (typeof mark === "string") return isColor(mark) && mark.toLowerCase() === pixel.color;
  const rules = Object.entries(mark) as [keyof ChannelRule, ValueRange][];
  return rules.every(([channel, range]) => isWithin(pixel[channel], range));
}

function isWithin(value: number, range: ValueRange): boolean {
  return typeof range === "number" ? value === range : value >= range[0] && value <= range[1];
}
