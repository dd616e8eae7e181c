/** What an annotation tool says of one picture: regions with labels, in drawing order. @module */
import { DataError } from "../datasets/errors.ts";

/** A place in a picture, pixels: (0, 0) is the upper left corner of the upper left pixel; x to the right, y down. */
export type Point = readonly [x: number, y: number];

/**
 * What a region covers. How a shape becomes pixels is its tool's own rule, which the kind names:
 *
 * - `coco-polygons`: rings as pycocotools rasterizes them, united. Of COCO, and of CVAT and Label Studio, whose exports take it.
 * - `pillow-polygon`, `pillow-rectangle`, `pillow-disc`, `pillow-line`: as Pillow's `ImageDraw` draws. Of LabelMe.
 * - `ellipse`: the pixels whose centers lie in it. Turned clockwise by `angle` degrees.
 * - `runs`: pixel for pixel, of a box with its first pixel at (left, top): how many pixels in turn are outside and inside, the
 *   first outside, row by row, or column by column as COCO has it. They are as many as the box has.
 * - `none`: no area, as a polyline or a key point has none. It is in the way only where its label is one of the classes.
 */
export type Shape =
  | { readonly kind: "coco-polygons"; readonly rings: readonly (readonly Point[])[] }
  | { readonly kind: "pillow-polygon"; readonly points: readonly Point[] }
  | { readonly kind: "pillow-rectangle"; readonly corners: readonly [Point, Point] }
  | { readonly kind: "pillow-disc"; readonly center: Point; readonly radius: number }
  | { readonly kind: "pillow-line"; readonly points: readonly Point[]; readonly width: number }
  | {
    readonly kind: "ellipse";
    readonly center: Point;
    readonly radii: readonly [x: number, y: number];
    readonly angle: number;
  }
  | {
    readonly kind: "runs";
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly order: "rows" | "columns";
    readonly runs: readonly number[];
  }
  | { readonly kind: "none"; readonly name: string };

/** A region of one label. */
export interface Region {
  /** The label, as it is in the file. */
  readonly label: string;
  /** Where it stands in the file, for errors: `shape 3`, `annotation 12`. */
  readonly place: string;
  /** Which pixels it covers. */
  readonly shape: Shape;
}

/** The regions of one picture. */
export interface Annotation {
  /** Path of the file it was read from. */
  readonly file: string;
  /** Size that the file claims for the picture; undefined where it claims none. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** In drawing order: later ones cover earlier ones. */
  readonly regions: readonly Region[];
  /** Whether somebody labeled the picture. COCO and CVAT list pictures, too, at which nobody has looked. */
  readonly isLabeled: boolean;
}

/** Farthest that a coordinate may lie from 0: twice the longest side of a picture. What is beyond is no slip of a hand. */
export const farthest: number = 2 ** 17;

/** What is wrong at one place of an annotation file. */
export function annotationError(file: string, place: string, what: string, remedy: string): DataError {
  return new DataError(`Cannot read the annotations "${file}", ${place}: ${what}. ${remedy}.`);
}

/**
 * Holds coordinates against what a picture can have.
 * @throws {DataError} For what is not a finite number, or farther than {@linkcode farthest} from 0.
 */
export function checkPoints(points: readonly Point[], file: string, place: string): void {
  for (const [index, point] of points.entries()) {
    const wrong = point.find((value) => !(Math.abs(value) <= farthest));
    if (wrong === undefined) continue;
    throw annotationError(
      file,
      place,
      `point ${index} has the coordinate ${wrong}; each must be a number from −${farthest} to ${farthest}`,
      "Correct the shape in its tool, and export again",
    );
  }
}

/**
 * Holds a ring against the least that has an area.
 * @throws {DataError} As {@linkcode checkPoints}, and for fewer than 3 points.
 */
export function checkRing(points: readonly Point[], file: string, place: string): void {
  if (points.length < 3) {
    throw annotationError(
      file,
      place,
      `a polygon of ${points.length} ${
        points.length === 1 ? "point" : "points"
      } has no area; 3 are the least`,
      "Complete or delete the shape in its tool, and export again",
    );
  }
  checkPoints(points, file, place);
}

/** A point turned clockwise about another, as it is seen: y goes down. */
export function turned([x, y]: Point, [cx, cy]: Point, degrees: number): Point {
  const cos = Math.cos(degrees * Math.PI / 180), sin = Math.sin(degrees * Math.PI / 180);
  return [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos];
}
