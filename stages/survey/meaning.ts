/** What the values of masks probably mean: a proposal of classes, with the reasons, for a person to correct. @module */
import { hex, type MaskValues } from "./mask_values.ts";

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
const mostClasses = 64;
/** Share of all pixels that the drawn colors of a mask have at least, whatever is between them. */
const drawnShare = 0.95;
/** Share of all pixels below which a color is not taken for a drawn one. */
const drawnAlone = 0.001;
/** The value that is void by convention (PASCAL VOC, Cityscapes, and most that came after them). */
const voidValue = 255;

const channels = [["red", 16], ["green", 8], ["blue", 0]] as const;

/**
 * Proposes classes for the values of masks.
 *
 * @param values Of the masks that were looked at, one at least.
 * @param known Names that files beside the masks give.
 */
export function proposeClasses(values: MaskValues, known?: KnownNames): Meaning {
  return values.form === "color" ? ofColors(values, known) : ofNumbers(values, known);
}

function ofNumbers(found: MaskValues, known?: KnownNames): Meaning {
  const { values } = found;
  const what = found.form === "index" ? "palette index" : "gray value";
  if (known?.byIndex !== undefined) return named(values, known.byIndex, known);
  if (known?.byColor !== undefined && found.form === "index") {
    const byIndex = [...found.palette].flatMap(([index, color]) => {
      const name = known.byColor!.get(color);
      return name === undefined ? [] : [[index, name] as const];
    });
    if (byIndex.length > 0) return named(values, new Map(byIndex), known);
  }
  if (values.length === 1) return single(values[0]!, what);
  if (values.length === 2) {
    const [low, high] = values as [number, number];
    return {
      classes: { background: low, foreground: high },
      ignore: [],
      notes: [
        `Masks hold two values: ${what} ${low} is taken for background, ${high} for foreground. ` +
        `Other names: --class NAME=${low} --class NAME=${high}`,
      ],
    };
  }
  if (isSmooth(found)) return smooth(found);
  const last = values.at(-1)!;
  if (values.length > mostClasses || last > 255) return instances("value", last, found);
  const labels = values.filter((value) => value !== voidValue);
  return {
    classes: Object.fromEntries(labels.map((value) => [`class ${value}`, value])),
    ignore: labels.length < values.length ? [voidValue] : [],
    notes: [
      `What the values mean is not said anywhere: each ${what} is a class of its number. ` +
      `Names, in this order: --classes ${labels.map((value) => `name${value}`).slice(0, 4).join(",")}${
        labels.length > 4 ? ",…" : ""
      }`,
      ...(labels.length < values.length
        ? [`${voidValue} is ignored, as in PASCAL VOC; if it is a class: --class NAME=${voidValue}`]
        : []),
      ...(found.lasts.length === found.masks && new Set(found.lasts).size > 1
        ? [
          `If the values number objects of one class: --class background=0 --class object=1-${last}`,
        ]
        : []),
    ],
  };
}

/** What files call pixels that count for nothing. */
const voidName = /^(?:void|ignored?|unlabell?ed|__ignore__|-)$/i;

/** The classes that a file names; values that it does not name are told. */
function named(
  values: readonly number[],
  names: ReadonlyMap<number, string>,
  { source, othersAreVoid = false }: KnownNames,
): Meaning {
  const entries = [...names].sort(([a], [b]) => a - b);
  const nameless = values.filter((value) => !names.has(value) && value !== voidValue);
  return {
    classes: {
      ...Object.fromEntries(
        entries.filter(([, name]) => !voidName.test(name)).map(([value, name]) => [name, value]),
      ),
      ...(othersAreVoid ? {} : Object.fromEntries(nameless.map((value) => [`class ${value}`, value]))),
    },
    ignore: [
      ...entries.filter(([, name]) => voidName.test(name)).map(([value]) => value),
      ...(othersAreVoid ? nameless : []),
      ...(values.includes(voidValue) && !names.has(voidValue) ? [voidValue] : []),
    ],
    notes: [
      `Names are from ${source}.`,
      ...(nameless.length > 0 && !othersAreVoid
        ? [`It does not name the ${plural(nameless.length, "value")} ${few(nameless.map(String))}.`]
        : []),
    ],
  };
}

function ofColors(found: MaskValues, known?: KnownNames): Meaning {
  const { values } = found;
  if (known?.byColor !== undefined && values.some((color) => known.byColor!.has(color))) {
    const entries = [...known.byColor].map(([color, name]) => [name, hex(color)] as const);
    const nameless = values.filter((color) => !known.byColor!.has(color));
    return {
      classes: {
        ...Object.fromEntries(entries.filter(([name]) => !voidName.test(name))),
        ...Object.fromEntries(nameless.map((color) => [hex(color), hex(color)])),
      },
      ignore: entries.filter(([name]) => voidName.test(name)).map(([, color]) => color),
      notes: [
        `Names are from ${known.source}.`,
        ...(nameless.length > 0
          ? [`It does not name the ${plural(nameless.length, "color")} ${few(nameless.map(hex))}.`]
          : []),
      ],
    };
  }
  const one = oneChannel(values);
  if (one !== undefined) return inOneChannel(one, found);
  if (values.length === 1) return single(hex(values[0]!), "color");
  if (isSmooth(found)) return smooth(found);
  if (values.length > mostClasses || found.further > 0) return smoothColors(found) ?? objectColors(found);
  if (values.length === 2 && values[0] === 0) {
    return {
      classes: { background: hex(0), foreground: hex(values[1]!) },
      ignore: [],
      notes: [
        `Masks hold two colors: black is taken for background, ${hex(values[1]!)} for foreground. ` +
        `Other names: --class NAME=${hex(0)} --class NAME=${hex(values[1]!)}`,
      ],
    };
  }
  return {
    classes: Object.fromEntries(values.map((color) => [colorName(color), hex(color)])),
    ignore: [],
    notes: [
      `Each color is a class, named by its color. Other names, in this order: --classes ${
        values.slice(0, 4).map((_, i) => `name${i}`).join(",")
      }${values.length > 4 ? ",…" : ""}. A color that is drawn around the others is mostly void: --ignore ${
        hex(values.at(-1)!)
      }`,
    ],
  };
}

/** The channel that alone is not 0 in all colors, if it holds numbers and no brightness. */
function oneChannel(
  values: readonly number[],
): { readonly channel: "red" | "green" | "blue"; readonly numbers: number[] } | undefined {
  if (values.length < 3) return undefined;
  for (const [channel, shift] of channels) {
    const numbers = values.map((value) => (value >> shift) & 255);
    if (values.every((value, at) => value === numbers[at]! << shift)) return { channel, numbers };
  }
  return undefined;
}

function inOneChannel(
  { channel, numbers }: NonNullable<ReturnType<typeof oneChannel>>,
  found: MaskValues,
): Meaning {
  const last = Math.max(...numbers);
  const shift = channels.find(([name]) => name === channel)![1];
  // Objects are numbered 1, 2, … anew in each mask; classes leave gaps where an image lacks one.
  const own = [...found.counts].filter(([, { images }]) => images === found.masks).length;
  const isNumbered = numbers.every((number, at) => number === at) && own >= 1 && nested(found, shift);
  if (isNumbered || numbers.length > mostClasses) return instances(channel, 255, found);
  return {
    classes: Object.fromEntries(numbers.map((number) => [`class ${number}`, { [channel]: number }])),
    ignore: [],
    notes: [
      `Masks are colors of which ${channel} alone is not 0: each of its values is a class of its number. Names, in this order: ` +
      `--classes ${numbers.slice(0, 4).map((number) => `name${number}`).join(",")}${
        numbers.length > 4 ? ",…" : ""
      }`,
      `If the values number objects of one class: --class background=${channel}:0 --class object=${channel}:1-${last}`,
    ],
  };
}

/** Whether no value occurs in more masks than the value below it, as numbers of objects never do. */
function nested(found: MaskValues, shift: number): boolean {
  const images = found.values.map((value) => found.counts.get(value)!.images);
  return shift >= 0 && images.every((count, at) => at === 0 || count <= images[at - 1]!);
}

/** Numbers of objects: whatever is not 0 is one class. */
function instances(channel: Channel, last: number, found: MaskValues): Meaning {
  const most = Math.max(last, 1);
  const highest = channel === "value"
    ? most
    : Math.max(...found.values.map((value) => channelOf(value, channel)));
  return {
    classes: { background: { [channel]: 0 }, object: { [channel]: [1, most] } },
    ignore: [],
    notes: [
      `The masks' ${channel} seems to number objects (0 to ${highest}), not classes: ${channel} > 0 is taken for one class, "object". ` +
      `Its name: --class background=${channel}:0 --class NAME=${channel}:1-${most}`,
      `If the values are classes: --class NAME=${channel}:0 --class NAME=${channel}:1, and so on.`,
    ],
  };
}

function channelOf(color: number, channel: "red" | "green" | "blue"): number {
  return (color >> channels.find(([name]) => name === channel)![1]) & 255;
}

/** Many colors: one an object, on the most frequent. */
function objectColors(found: MaskValues): Meaning {
  const [[background]] = [...found.counts].sort(([, a], [, b]) => b.pixels - a.pixels) as [[number, unknown]];
  return {
    classes: { background: hex(background), object: "else" },
    ignore: [],
    notes: [
      `Masks hold ${
        found.further > 0 ? "more than " : ""
      }${found.values.length} colors, which seem to tell objects apart, not ` +
      `classes: the most frequent, ${
        hex(background)
      }, is taken for background, all else for one class, "object". ` +
      `Its name: --class background=${hex(background)} --class NAME=else`,
    ],
  };
}

/** Whether masks are black and white with shades between, as a resize or JPEG leaves them. */
function isSmooth({ form, counts, pixels }: MaskValues): boolean {
  const [black, white] = form === "color" ? [0, 0xffffff] : [0, 255];
  if (form === "index" || counts.size < 4) return false;
  const grays = form === "gray" || [...counts.keys()].every((color) => color === (color & 255) * 0x010101);
  const ends = (counts.get(black)?.pixels ?? 0) + (counts.get(white)?.pixels ?? 0);
  return grays && counts.has(black) && counts.has(white) && counts.size > 8 && ends / pixels >= 0.9;
}

function smooth({ form, values, counts, pixels }: MaskValues): Meaning {
  const [black, white] = form === "color" ? [0, 0xffffff] : [0, 255];
  const between = 1 - (counts.get(black)!.pixels + counts.get(white)!.pixels) / pixels;
  return {
    classes: { background: { value: [0, 127] }, foreground: { value: [128, 255] } },
    ignore: [],
    notes: [
      `Masks are black and white with ${values.length - 2} shades between (${
        percent(between)
      } of the pixels), as smooth edges, a ` +
      `resize or JPEG leave them: up to 127 is taken for background, from 128 for foreground.`,
    ],
  };
}

/** A few drawn colors and many between them, as smooth edges, a resize or JPEG leave; undefined where it is not so. */
function smoothColors({ counts, pixels }: MaskValues): Meaning | undefined {
  const drawn = [...counts].filter(([, count]) => count.pixels / pixels >= drawnAlone).sort(([a], [b]) =>
    a - b
  );
  const share = drawn.reduce((sum, [, count]) => sum + count.pixels, 0) / pixels;
  if (drawn.length < 2 || drawn.length > mostClasses / 2 || share < drawnShare) return undefined;
  return {
    classes: Object.fromEntries(drawn.map(([color]) => [colorName(color), hex(color)])),
    ignore: ["else"],
    notes: [
      `Masks hold ${counts.size} colors, of which ${drawn.length} have ${
        percent(share)
      } of the pixels; those between, as smooth ` +
      `edges, a resize or JPEG leave them, are ignored. Each of the ${drawn.length} is a class. Other names: --class NAME=${
        hex(drawn[0]![0])
      }`,
    ],
  };
}

function single(value: number | string, what: string): Meaning {
  return {
    classes: { background: value },
    ignore: [],
    notes: [
      `All masks hold one value, ${what} ${value}: there is nothing to tell apart. Check that these are the masks.`,
    ],
  };
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

function colorName(color: number): string {
  return basic[color] ?? hex(color);
}

function plural(count: number, what: string): string {
  return count === 1 ? what : `${what}s`;
}

function few(items: readonly string[]): string {
  return items.length <= 8
    ? items.join(", ")
    : `${items.slice(0, 8).join(", ")} and ${items.length - 8} more`;
}

/** A share in percent, with as many digits as tell it from none and all. */
export function percent(share: number): string {
  return share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}
