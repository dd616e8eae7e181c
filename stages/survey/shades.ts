/** Masks with shades, as smooth edges, a resize or JPEG leave between what was drawn. @module */
import { type Channel, channels, colorName, type Meaning, mostClasses, percent } from "./class_rule.ts";
import { hex, type MaskValues } from "./mask_values.ts";

/** More values than this are shades. */
const fewShades = 8;
/** Share of all pixels that black and white have at least, whatever is between them. */
const endsShare = 0.9;
/** Share of all pixels that the drawn colors of a mask have at least, whatever is between them. */
const drawnShare = 0.95;
/** Share of all pixels below which a color is not taken for a drawn one. */
const drawnAlone = 0.01;
/** Share of the other colors that lie between two drawn ones, at least. */
const betweenShare = 0.9;
/** How far such a color may lie from the line between the two, of 255. */
const rounding = 8;

/** Whether values are 0 and 255 with shades between, as smooth edges, a resize or JPEG leave them. */
export function isShaded(values: readonly number[], shareOfEnds: number): boolean {
  return values.length > fewShades && values.includes(0) && values.includes(255) && shareOfEnds >= endsShare;
}

/** Shaded masks in black and white. */
export function ofShades({ form, counts, pixels }: MaskValues): Meaning | undefined {
  const values = [...counts.keys()];
  const isGray = form === "gray" ||
    (form === "color" && values.every((color) => color === (color & 255) * 0x010101));
  const [black, white] = form === "color" ? [0, 0xffffff] : [0, 255];
  const ends = (counts.get(black)?.pixels ?? 0) + (counts.get(white)?.pixels ?? 0);
  if (!isGray || !isShaded(values.map((value) => value & 255), ends / pixels)) return undefined;
  return halves("value", "shades of gray", values.length);
}

/** Below the middle background, from there on foreground. */
export function halves(channel: Channel, what: string, count: number): Meaning {
  return {
    classes: { background: { [channel]: [0, 127] }, foreground: { [channel]: [128, 255] } },
    ignore: [],
    notes: [
      `Masks hold ${count} ${what}, nearly all of them 0 and 255; the others are what smooth edges, a resize or JPEG leave: up to ` +
      `127 is taken for background, from 128 for foreground.`,
    ],
  };
}

/** A few drawn colors and shades between them, as smooth edges, a resize or JPEG leave; undefined where it is not so. */
export function smoothColors({ counts, pixels }: MaskValues): Meaning | undefined {
  const all = [...counts].sort(([a], [b]) => a - b);
  const drawn = all.filter(([, count]) => count.pixels / pixels >= drawnAlone).map(([color]) => color);
  const shades = all.map(([color]) => color).filter((color) => !drawn.includes(color));
  if (drawn.length < 2 || drawn.length > mostClasses / 2 || shades.length <= drawn.length) return undefined;
  const share = drawn.reduce((sum, color) => sum + counts.get(color)!.pixels, 0) / pixels;
  const between = shades.filter((shade) =>
    drawn.some((from, at) => drawn.slice(at + 1).some((to) => isBetween(shade, from, to)))
  );
  if (share < drawnShare || between.length < betweenShare * shades.length) return undefined;
  return {
    classes: Object.fromEntries(drawn.map((color) => [colorName(color), hex(color)])),
    ignore: ["else"],
    notes: [
      `Masks hold ${counts.size} colors, of which ${drawn.length} have ${
        percent(share)
      } of the pixels; those between, as smooth ` +
      `edges, a resize or JPEG leave them, are ignored. Each of the ${drawn.length} is a class. Other names: --class NAME=${
        hex(drawn[0]!)
      }`,
    ],
  };
}

/** Whether a color is about a mixture of two others. */
function isBetween(color: number, from: number, to: number): boolean {
  const [c, a, b] = [color, from, to].map((value) => channels.map(([, shift]) => (value >> shift) & 255));
  const along = a!.map((value, at) => b![at]! - value),
    length = along.reduce((sum, value) => sum + value * value, 0);
  const part = along.reduce((sum, value, at) => sum + value * (c![at]! - a![at]!), 0) / length;
  return part > 0 && part < 1 &&
    c!.every((value, at) => Math.abs(value - a![at]! - part * along[at]!) <= rounding);
}
