/** What the values of masks probably mean: a proposal of classes, with the reasons, for a person to correct. @module */
import {
  type Channel,
  channelOf,
  channels,
  colorName,
  type KnownNames,
  type Meaning,
  mostClasses,
} from "./class_rule.ts";
import { hex, type MaskValues } from "./mask_values.ts";
import { halves, isShaded, ofShades, smoothColors } from "./shades.ts";

/** Share of all pixels that the most frequent value of masks has at least; photographs have none so frequent. */
const frequent = 0.02;
/** The value that is void by convention (PASCAL VOC, Cityscapes, and most that came after them). */
const voidValue = 255;

/** Whether what was counted are masks at all, and no photographs: of many values, one must be frequent. */
export function areMasks({ counts, pixels, further }: MaskValues): boolean {
  if (counts.size <= mostClasses && further === 0) return true;
  return Math.max(...[...counts.values()].map((count) => count.pixels)) / pixels >= frequent;
}

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
  const shaded = ofShades(found);
  if (shaded !== undefined) return shaded;
  const last = values.at(-1)!;
  if (values.length > mostClasses || last > 255) return instances("value", found);
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
  const shaded = ofShades(found);
  if (shaded !== undefined) return shaded;
  const drawn = smoothColors(found);
  if (drawn !== undefined) return drawn;
  if (values.length > mostClasses || found.further > 0) return objectColors(found);
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
  const ends = numbers.map((number, at) =>
    number === 0 || number === 255 ? found.counts.get(found.values[at]!)!.pixels : 0
  );
  if (isShaded(numbers, ends.reduce((sum, pixels) => sum + pixels, 0) / found.pixels)) {
    return halves(channel, `${channel} values`, numbers.length);
  }
  const last = Math.max(...numbers);
  // Objects are numbered 1, 2, … anew in each mask; classes leave gaps where an image lacks one.
  const isNumbered = numbers.every((number, at) => number === at) && nested(found);
  if (isNumbered || numbers.length > mostClasses) return instances(channel, found);
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
function nested({ values, counts }: MaskValues): boolean {
  const images = values.map((value) => counts.get(value)!.images);
  return images.every((count, at) => at === 0 || count <= images[at - 1]!);
}

/** Numbers of objects: whatever is not 0 is one class. */
function instances(channel: Channel, found: MaskValues): Meaning {
  const numbers = found.values.map((value) => channel === "value" ? value : channelOf(value, channel));
  const last = Math.max(...numbers), most = last > 255 ? 65535 : 255;
  const [what, flag] = channel === "value" ? ["gray values", ""] : [`${channel} values`, `${channel}:`];
  return {
    classes: { background: { [channel]: 0 }, object: { [channel]: [1, most] } },
    ignore: [],
    notes: [
      `The masks' ${what} seem to number objects (0 to ${last}), not classes: all but 0 are taken for one class, "object". ` +
      `Its name: --class background=${flag}0 --class NAME=${flag}1-${most}`,
      `If the values are classes: --class NAME=${flag}0 --class NAME=${flag}1, and so on.`,
    ],
  };
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

function single(value: number | string, what: string): Meaning {
  return {
    classes: { background: value },
    ignore: [],
    notes: [
      `All masks hold one value, ${what} ${value}: there is nothing to tell apart. Check that these are the masks.`,
    ],
  };
}

function plural(count: number, what: string): string {
  return count === 1 ? what : `${what}s`;
}

function few(items: readonly string[]): string {
  return items.length <= 8
    ? items.join(", ")
    : `${items.slice(0, 8).join(", ")} and ${items.length - 8} more`;
}
