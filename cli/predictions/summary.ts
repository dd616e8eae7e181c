/** What was found in images: the area of each class, as JSON and as a table. @module */
import type { ClassList } from "../../stages/datasets/classes.ts";
import { table } from "../terminal/text.ts";

/** The area of a class in one image. */
export interface Area {
  readonly pixels: number;
  /** Of the labeled pixels, 0 to 1. */
  readonly share: number;
}

/** The result of one image. */
export interface PredictedImage {
  /** Path of the image. */
  readonly image: string;
  /** Path of its true labels, where a list names them. */
  readonly truth?: string | undefined;
  /** Size of the labels; under a center crop less than the image. */
  readonly width: number;
  readonly height: number;
  /** The files that were written, relative to the folder. */
  readonly files: {
    /** The labels of the headline. */
    readonly mask: string;
    readonly overlay?: string;
    readonly labelme?: string;
    /** Of each prediction that was written, the headline's among them. */
    readonly predictions: Readonly<Record<string, string>>;
    readonly conflict?: string;
  };
  /** By class, in the order of the labels. */
  readonly areas: Readonly<Record<string, Area>>;
}

/** Counts the pixels of each class. */
export function areasOf(labels: Uint8Array, { names }: ClassList): Record<string, Area> {
  const counts = new Float64Array(names.length);
  for (const label of labels) counts[label]!++;
  return Object.fromEntries(
    names.map((name, label) => [name, { pixels: counts[label]!, share: counts[label]! / labels.length }]),
  );
}

/** A line for each image, two columns for each class; as RFC 4180 has it. */
export function summaryTable(images: readonly PredictedImage[], { names }: ClassList): string {
  const head = [
    "image",
    "width",
    "height",
    ...names.flatMap((name) => [`${name} (pixels)`, `${name} (share)`]),
  ];
  const rows = images.map(({ image, width, height, areas }) => [
    image,
    width,
    height,
    ...names.flatMap((name) => [areas[name]!.pixels, Number(areas[name]!.share.toFixed(6))]),
  ]);
  return [head, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/** What all images hold together, for the terminal: of each class its share of all pixels, and the images in which it is. */
export function areaTable(images: readonly PredictedImage[]): string {
  const pixels = images.reduce((sum, { width, height }) => sum + width * height, 0);
  const rows = Object.keys(images[0]!.areas).map((name) => {
    const areas = images.map(({ areas }) => areas[name]!.pixels);
    const share = areas.reduce((sum, area) => sum + area, 0) / pixels;
    return [name, `${(100 * share).toFixed(1)} %`, String(areas.filter((area) => area > 0).length)];
  });
  return table(["class", "area", "images"], rows);
}

/** A text that a table program could take for a formula is kept one. */
function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
