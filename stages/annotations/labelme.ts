/** Reads LabelMe's JSON, one file a picture. @module */
import { z } from "zod";
import { DecodeError } from "../codecs/image.ts";
import { decodePng } from "../codecs/png.ts";
import {
  type Annotation,
  annotationError,
  checkPoints,
  checkRing,
  type Point,
  type Shape,
} from "./annotation.ts";
import { parseJson } from "./json_text.ts";
import { runsOf } from "./run_lengths.ts";

/** Pixels across a line and a line strip, and around a point: those of LabelMe's `shape_to_mask`. */
const lineWidth = 10, pointRadius = 5;

const shape = z.object({
  label: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
  shape_type: z.string().nullish(),
  mask: z.string().nullish(),
});
const side = z.int().positive().nullish();
const document = z.object({ shapes: z.array(shape), imageWidth: side, imageHeight: side });

/** How many points a kind of shape has. */
const counts: Readonly<Record<string, number>> = {
  circle: 2,
  rectangle: 2,
  line: 2,
  point: 1,
  mask: 2,
  oriented_rectangle: 4,
};

/**
 * Reads the annotation of one picture, as LabelMe 3 to 5 write it. A shape covers what LabelMe's `shapes_to_label` gives it:
 * lines are 10 pixels wide, a point is a disc of radius 5.
 *
 * @param text The file's text.
 * @param file The file's path, for errors.
 * @throws {DataError} If it is no such JSON, or a shape is of a kind that LabelMe makes no mask of, has not as many points as its
 *   kind, or a mask that is no PNG of the size that its corners say. The message names the shape, counted from 0.
 */
export function readLabelMe(text: string, file: string): Annotation {
  const { shapes, imageWidth, imageHeight } = parseJson(text, file, document, "annotation of LabelMe");
  const size = imageWidth && imageHeight ? { width: imageWidth, height: imageHeight } : undefined;
  const regions = shapes.map((given, index) => {
    const place = `shape ${index} (${JSON.stringify(given.label)})`;
    return { label: given.label, place, shape: shapeOf(given, file, place) };
  });
  return { file, size, regions, isLabeled: true };
}

function shapeOf({ shape_type, points, mask }: z.infer<typeof shape>, file: string, place: string): Shape {
  const type = shape_type ?? "polygon", count = counts[type];
  if (count !== undefined && points.length !== count) {
    const wanted = count === 1 ? "1" : `${count}`;
    throw annotationError(
      file,
      place,
      `a ${type} of ${points.length} points; it must have ${wanted}`,
      "Draw the shape again in LabelMe",
    );
  }
  checkPoints(points, file, place);
  const [first, second] = points as unknown as [Point, Point];
  switch (type) {
    case "polygon":
    case "oriented_rectangle":
      checkRing(points, file, place);
      return { kind: "pillow-polygon", points };
    case "rectangle":
      return { kind: "pillow-rectangle", corners: [first, second] };
    case "circle": {
      const radius = Math.sqrt((first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2);
      return { kind: "pillow-disc", center: first, radius };
    }
    case "point":
      return { kind: "pillow-disc", center: first, radius: pointRadius };
    case "line":
    case "linestrip":
      return { kind: "pillow-line", points, width: lineWidth };
    case "mask":
      return bitmapOf(mask, first, second, file, place);
  }
  throw annotationError(
    file,
    place,
    `LabelMe makes no mask of the kind "${type}"`,
    "Draw the shape as a polygon, or delete it",
  );
}

/** A painted mask: a PNG as large as the box of its two corners, both included. */
function bitmapOf(
  mask: string | null | undefined,
  from: Point,
  to: Point,
  file: string,
  place: string,
): Shape {
  const refuse = (what: string) => annotationError(file, place, what, "Paint the mask again in LabelMe");
  if (typeof mask !== "string") throw refuse("a mask without its pixels");
  const [left, top] = from.map(Math.trunc) as [number, number];
  const [right, bottom] = to.map(Math.trunc) as [number, number];
  try {
    const { width, height, channels, data } = decodePng(Uint8Array.fromBase64(mask), place);
    if (width !== right - left + 1 || height !== bottom - top + 1 || channels !== 1) {
      throw refuse(
        `its mask is ${width} × ${height} of ${channels} channels; its corners make ${right - left + 1} × ${
          bottom - top + 1
        } of 1`,
      );
    }
    const runs = runsOf(data.length, (index) => data[index]! > 0);
    return { kind: "runs", left, top, width, height, order: "rows", runs };
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(`its mask is no PNG that can be read (${error.message})`);
    if (error instanceof SyntaxError) throw refuse("its mask is no base64");
    throw error;
  }
}
