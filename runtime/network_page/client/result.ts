/// <reference lib="dom" />
/** What the network says of a picture, as pixels and as numbers. @module */
import { backgroundOf } from "../../../stages/annotations/write.ts";
import type { ClassList } from "../../../stages/datasets/classes.ts";
import { overlay } from "../../../stages/evaluation/overlay.ts";
import type { LabeledPicture, RgbaImage } from "./labeler.ts";

/** Ways of looking at a labeled picture. */
export const WAYS = ["overlay", "classes", "confidence", "picture"] as const;

/** One of them. */
export type Way = typeof WAYS[number];

/** A class in a picture. */
export interface Area {
  /** Its index. */
  readonly label: number;
  readonly pixels: number;
  /** Of the picture, [0, 1]. */
  readonly share: number;
  /** Mean over its pixels, [0, 1]. */
  readonly confidence: number;
}

/** The classes that a picture shows, largest first. */
export function areasOf(
  { labels, confidence }: Pick<LabeledPicture, "labels" | "confidence">,
  classes: number,
): Area[] {
  const pixels = new Float64Array(classes), sums = new Float64Array(classes);
  labels.forEach((label, i) => {
    pixels[label]!++;
    sums[label]! += confidence[i]!;
  });
  return Array.from(pixels, (count, label) => ({
    label,
    pixels: count,
    share: count / labels.length,
    confidence: sums[label]! / count,
  })).filter(({ pixels }) => pixels > 0).sort((a, b) => b.pixels - a.pixels || a.label - b.label);
}

/** The labeled picture in one of its ways; tinted as `predict --overlay` does, confidence from black, 0, to white, 1. */
export function shown(
  way: Way,
  image: RgbaImage,
  { labels, confidence }: Pick<LabeledPicture, "labels" | "confidence">,
  classes: ClassList,
): ImageData {
  const { width, height, data } = image, out = new ImageData(width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) rgb[3 * i + channel] = data[4 * i + channel]!;
  }
  const seen = way === "overlay"
    ? overlay(rgb, labels, image, classes, backgroundOf(classes))
    : way === "picture"
    ? rgb
    : rgb.map((_, at) => {
      const i = Math.floor(at / 3);
      return way === "classes" ? classes.colors[labels[i]!]![at % 3]! : Math.round(255 * confidence[i]!);
    });
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) out.data[4 * i + channel] = seen[3 * i + channel]!;
    out.data[4 * i + 3] = 255;
  }
  return out;
}
