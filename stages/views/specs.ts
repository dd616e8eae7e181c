/** What a method sees: draws of images by name, views of each draw by name. How they look is the stage augment's. @module */
import type { Tensor } from "../../kernels/tensor.ts";

/** The draw's crop as it is, or the same crop with its colors changed; each strong view of a draw is changed anew. */
export interface ImageView {
  /** Which of the two. */
  readonly kind: "weak" | "strong";
}

/**
 * Which image stands inside the box of image i of N: N − 1 − i; i + 1, of the last one the first; that of a permutation, drawn
 * each step; or the one at the same place of another draw.
 */
export type Partner = "reversed" | "next" | "permutation" | "same place";

/** A rectangle of pixels; its ends are outside. */
export interface Box {
  /** Its first column. */
  readonly x0: number;
  /** Its first row. */
  readonly y0: number;
  /** The column after its last. */
  readonly x1: number;
  /** The row after its last. */
  readonly y1: number;
}

/** Numbers in [0, 1), one after another. */
export interface Numbers {
  /** The next one. */
  uniform(): number;
}

/**
 * How one of `count` boxes of an image is drawn; a method's own law is a function in its file. Pure, but for the streams: an image
 * has `stream`, and all images of a step are given the same numbers by `batch`.
 */
export type BoxLaw = (stream: Numbers, crop: number, count: number, batch: Numbers) => Box;

/** Boxes for mixing. */
export interface BoxView {
  /** What tells it from views that are images. */
  readonly kind: "boxes";
  /** Which image stands inside a box; `any` of the batch, drawn for each box by itself. */
  readonly partner: Partner | "any";
  /** The stage augment's CutMix unless told. */
  readonly law?: BoxLaw;
  /** Boxes of an image; one over another toggles, or, where each has its own partner, covers it. */
  readonly count: number;
  /** How often an image has one of the stage's boxes, in place of what its `cutmix.probability` says. */
  readonly probability?: number;
  /** Where told, whether there are boxes in a step is drawn once for all images, with this probability; else they are empty. */
  readonly perStep?: number;
}

/** What a method may say of its boxes; the rest is the experiment's. */
export type BoxOptions = Partial<Pick<BoxView, "law" | "count" | "probability" | "perStep">>;

/** Views by name. */
export type ViewSpecs = Readonly<Record<string, ImageView | BoxView>>;

/** A range of zoom. */
export interface Zoom {
  /** Of the resized long side, relative to the image's. */
  readonly scale: readonly [low: number, high: number];
  /** Whether each pixel of what is shrunk is made of all that it covers; if not, of the nearest four. Below 0.5 it cannot be. */
  readonly antialias: boolean;
}

/** What a method may say of a draw besides its views. */
export type DrawOptions = Pick<Draw, "share" | "zoom"> & {
  /** `chosen` by the method's choice; of unlabeled ones also `others`, those of a second walk. */
  readonly images?: "others" | "chosen";
};

/**
 * Which images a draw is of: those that people have labeled; those without labels; or both of them, the latter with the labels that
 * an earlier training has given them.
 */
export type DrawnSet = "labeled" | "unlabeled" | "pseudo-labeled";

/** A draw of one batch. */
export interface Draw<
  Set extends DrawnSet = DrawnSet,
  V extends ViewSpecs = ViewSpecs,
> {
  /** Which images. */
  readonly set: Set;
  /** Whose turn it is in a second walk through the set, by orders of its own; those that the method's choice says; else in the first. */
  readonly images?: "others" | "chosen";
  /** Of the batch: of a walk its first images. All unless told. */
  readonly share?: number;
  /** How crops are zoomed, in place of the stage augment's scale. */
  readonly zoom?: Zoom;
  /** How each is seen, by name. */
  readonly views: V;
}

/**
 * The draws of a method, by name. Those of one set and one walk through it are of the same images, each cropped anew; of chosen
 * images each has its own.
 */
export type Draws = Readonly<Record<string, Draw>>;

/** The draw's crop. */
export const weak = (): ImageView => ({ kind: "weak" });

/** The crop with its colors changed. */
export const strong = (): ImageView => ({ kind: "strong" });

/** CutMix within the batch: inside a box comes the image that `partner` says. */
export function cutMix(
  options: BoxOptions & { readonly partner: Exclude<BoxView["partner"], "same place"> },
): BoxView {
  return { kind: "boxes", count: 1, ...options };
}

/** Boxes whose inside comes from another draw. */
export const boxes = (options: BoxOptions = {}): BoxView => ({
  kind: "boxes",
  partner: "same place",
  count: 1,
  ...options,
});

/**
 * So much of the crop, its aspect log-uniform, anywhere in it; of several boxes each has its part.
 *
 * @see French et al., BMVC 2020; CPS takes shares from 0.25 to 0.5 and three boxes.
 */
export function areaShare(
  low: number,
  high: number = low,
): (stream: Numbers, crop: number, count: number) => Box {
  return (stream, crop, count) => {
    const share = low + (high - low) * stream.uniform();
    // A share of 0 has no aspect.
    const down = share ** stream.uniform(), across = down > 0 ? share / down : 0;
    const [height, width] = [down, across].map((side) => halfToEven(side * Math.sqrt(1 / count) * crop)) as [
      number,
      number,
    ];
    const y0 = halfToEven((crop - height) * stream.uniform()),
      x0 = halfToEven((crop - width) * stream.uniform());
    return { x0, y0, x1: x0 + width, y1: y0 + height };
  };
}

/** Rounds to the nearest integer, and of two as near to the even one. */
export function halfToEven(value: number): number {
  const floor = Math.floor(value), rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Labeled images: the views, `labels` and `validity`. */
export function labeled<const V extends ViewSpecs>(
  views: V,
  options: Omit<DrawOptions, "images"> & { readonly images?: "chosen" } = {},
): Draw<"labeled", V> {
  return { set: "labeled", ...options, views };
}

/**
 * Unlabeled images: the views and `validity`. With `images: "others"` they are not those of the draws without it, but by chance;
 * with `chosen`, those that the method's choice says.
 */
export function unlabeled<const V extends ViewSpecs>(
  views: V,
  options: DrawOptions = {},
): Draw<"unlabeled", V> {
  return { set: "unlabeled", ...options, views };
}

/**
 * Labeled images, and unlabeled ones with the labels of an earlier training, in one set: the views, `labels`, `validity`, and
 * `clean`, which says whose the labels are. As to `images`, see {@linkcode unlabeled}; a choice counts the labeled ones first.
 */
export function pseudoLabeled<const V extends ViewSpecs>(
  views: V,
  options: DrawOptions = {},
): Draw<"pseudo-labeled", V> {
  return { set: "pseudo-labeled", ...options, views };
}

/**
 * A draw as a step sees it; N is the batch, S the crop. Images are f32[N, S, S, 3], normalized; boxes are a table for
 * kernels/ops/map/mix_boxes.ts. What no step reads is neither drawn, nor uploaded, nor made.
 */
export type Seen<D> = D extends Draw<infer Set, infer V> ?
    & { readonly [K in keyof V]: Tensor }
    & {
      /** u32 map [N, S, S]: 1 where a pixel comes from the image, 0 where it is padding. */
      readonly validity: Tensor;
    }
    & (Set extends "pseudo-labeled" ? {
        /** u32 map [N, S, S]: 1 in images that people have labeled, 0 in all others. */
        readonly clean: Tensor;
      }
      : unknown)
    & (Set extends "labeled" | "pseudo-labeled" ? {
        /** u32 map [N, S, S]; 255 where there is no label or no image. */
        readonly labels: Tensor;
      }
      : unknown)
  : never;

/** All draws as the engine makes them. */
export type SeenDraws = Readonly<Record<string, Readonly<Record<string, Tensor>>>>;
