/** Classes as they are proposed: what a rule of values is, and how colors and shares are written. @module */
import { hex } from "./mask_values.ts";

/** Which values of masks are a class, as `load` takes it. */
export type ClassRule =
  | number
  | string
  | { readonly [channel in Channel]?: number | readonly [number, number] };

/** What a rule looks at; `value` is a gray value or palette index, or what red, green and blue share. */
export type Channel = "value" | "red" | "green" | "blue";

/** Classes by name, in the order of their labels. */
export interface Meaning {
  /** Name → which values of masks are the class. */
  readonly classes: Readonly<Record<string, ClassRule>>;
  /** Values that count for nothing. */
  readonly ignore: readonly (number | string)[];
  /** What was assumed, and how to have it otherwise; a line each. */
  readonly notes: readonly string[];
}

/** Names that a file beside the masks, or their own colors, give to values. */
export interface KnownNames {
  /** Where they are from. */
  readonly source: string;
  /** Value or color (0xrrggbb) → name. */
  readonly byIndex?: ReadonlyMap<number, string>;
  readonly byColor?: ReadonlyMap<number, string>;
  /** Whether values without a name count for nothing. */
  readonly othersAreVoid?: boolean;
}

/** More values than this are no classes, but numbers of objects or smooth edges. */
export const mostClasses = 64;

/** Where a color, 0xrrggbb, has its channels. */
export const channels = [["red", 16], ["green", 8], ["blue", 0]] as const;

/** One channel of a color. */
export function channelOf(color: number, channel: "red" | "green" | "blue"): number {
  return (color >> channels.find(([name]) => name === channel)![1]) & 255;
}

/** Colors that everybody calls the same. */
const basic: Readonly<Record<number, string>> = {
  0x000000: "black",
  0xffffff: "white",
  0xff0000: "red",
  0x00ff00: "green",
  0x0000ff: "blue",
  0xffff00: "yellow",
  0x00ffff: "cyan",
  0xff00ff: "magenta",
};

/** What people call a color; else as CSS writes it. */
export function colorName(color: number): string {
  return basic[color] ?? hex(color);
}

/** A share in percent, with as many digits as tell it from none and all. */
export function percent(share: number): string {
  return share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}
