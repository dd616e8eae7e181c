/** Makes a mask of an annotation. @module */
import { type Annotation, annotationError, type Point, type Region, type Shape } from "./annotation.ts";
import { coverRing } from "./coco_polygon.ts";
import { coverEllipse } from "./pillow_ellipse.ts";
import { type Canvas, coverLine, coverPolygon, coverRectangle, coverSpan } from "./pillow_polygon.ts";

/**
 * Draws the regions in their order, each by its tool's own rule; later ones cover earlier ones.
 *
 * @param values Label → mask value, 0–255; undefined leaves the regions of the label out.
 * @param background Value of what no region covers.
 * @param size The picture's.
 * @returns height × width values.
 * @throws {DataError} If the annotation was made for a picture of another size, a label is none of `values`, or a region that is
 *   to be drawn has no area.
 */
export function rasterize(
  annotation: Annotation,
  values: ReadonlyMap<string, number | undefined>,
  background: number,
  size: { readonly width: number; readonly height: number },
): Uint8Array {
  assertSize(annotation, size);
  const { width, height } = size;
  const mask = new Uint8Array(width * height).fill(background);
  for (const region of annotation.regions) {
    if (!values.has(region.label)) throw unknownLabel(annotation.file, region, values);
    const value = values.get(region.label);
    if (value === undefined) continue;
    if (region.shape.kind === "none") throw withoutArea(annotation.file, region, region.shape.name);
    coverShape({ width, height, data: mask, value }, region.shape);
  }
  return mask;
}

/** Covers what a shape covers; what lies off the canvas counts for nothing. */
export function coverShape(canvas: Canvas, shape: Shape): void {
  switch (shape.kind) {
    case "coco-polygons":
      return shape.rings.forEach((ring) => coverRing(canvas, ring));
    case "pillow-polygon":
      return coverPolygon(canvas, shape.points);
    case "pillow-rectangle":
      return coverRectangle(canvas, shape.corners);
    case "pillow-disc": {
      const { center: [x, y], radius } = shape;
      return coverEllipse(canvas, x - radius, y - radius, x + radius, y + radius);
    }
    case "pillow-line":
      return coverLine(canvas, shape.points, shape.width);
    case "ellipse":
      return coverCenters(canvas, shape.center, shape.radii, shape.angle);
    case "runs":
      return coverRuns(canvas, shape);
    case "none":
      return;
  }
}

function coverCenters(canvas: Canvas, [x, y]: Point, [rx, ry]: Point, degrees: number): void {
  const cos = Math.cos(degrees * Math.PI / 180), sin = Math.sin(degrees * Math.PI / 180);
  const reach = Math.max(rx, ry), { width, height } = canvas;
  for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(height, y + reach); row++) {
    for (let column = Math.max(0, Math.floor(x - reach)); column < Math.min(width, x + reach); column++) {
      const dx = column + 0.5 - x, dy = row + 0.5 - y;
      const along = (dx * cos + dy * sin) / rx, across = (dy * cos - dx * sin) / ry;
      if (along * along + across * across <= 1) coverSpan(canvas, row, column, column);
    }
  }
}

function coverRuns(
  canvas: Canvas,
  { left, top, width, height, order, runs }: Shape & { kind: "runs" },
): void {
  let at = 0;
  runs.forEach((run, index) => {
    for (let pixel = at; index % 2 === 1 && pixel < at + run; pixel++) {
      const [row, column] = order === "rows"
        ? [Math.floor(pixel / width), pixel % width]
        : [pixel % height, Math.floor(pixel / height)];
      coverSpan(canvas, top + row, left + column, left + column);
    }
    at += run;
  });
}

function assertSize({ file, size: claimed }: Annotation, { width, height }: Size): void {
  if (claimed === undefined || (claimed.width === width && claimed.height === height)) return;
  const isTurned = claimed.width === height && claimed.height === width;
  throw annotationError(
    file,
    "the picture's size",
    `it is of a picture of ${claimed.width} × ${claimed.height}, and the picture is ${width} × ${height}${
      isTurned ? ": one of the two is turned, as a camera's orientation says" : ""
    }`,
    "Annotate the picture as it is, or put back the one that was annotated",
  );
}

type Size = { readonly width: number; readonly height: number };

function withoutArea(file: string, { label, place }: Region, name: string) {
  return annotationError(
    file,
    place,
    `a ${name} covers no area`,
    `Draw its outline as a polygon, or leave the label "${label}" out`,
  );
}

function unknownLabel(file: string, { label, place }: Region, values: ReadonlyMap<string, unknown>) {
  return annotationError(
    file,
    place,
    `the label "${label}" is none of ${[...values.keys()].map((known) => `"${known}"`).join(", ")}`,
    `Add "${label}" to the classes, or give the shape another label`,
  );
}
