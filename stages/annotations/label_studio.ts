/** Reads Label Studio's JSON export, one file for all pictures. @module */
import { z } from "zod";
import {
  type Annotation,
  annotationError,
  checkPoints,
  checkRing,
  type Point,
  type Region,
  type Shape,
  turned,
} from "./annotation.ts";
import { parseJson } from "./json_text.ts";
import { readBrush } from "./run_lengths.ts";

const share = z.number();
const value = z.looseObject({
  points: z.array(z.tuple([share, share])).optional(),
  closed: z.boolean().optional(),
  x: share.optional(),
  y: share.optional(),
  width: share.optional(),
  height: share.optional(),
  radiusX: share.optional(),
  radiusY: share.optional(),
  rotation: z.number().optional(),
  rle: z.array(z.int().min(0).max(255)).optional(),
});
const side = z.int().positive();
const result = z.object({
  id: z.string().optional(),
  type: z.string(),
  value,
  original_width: side.optional(),
  original_height: side.optional(),
  image_rotation: z.number().optional(),
});
const annotation = z.object({
  id: z.number().optional(),
  result: z.array(result),
  was_cancelled: z.boolean().nullish(),
  ground_truth: z.boolean().nullish(),
});
const task = z.object({
  id: z.number(),
  data: z.record(z.string(), z.unknown()),
  file_upload: z.string().nullish(),
  annotations: z.array(annotation),
});
const document = z.array(task);
type Result = z.infer<typeof result>;
type Size = { readonly width: number; readonly height: number };

/** Results that say where something is, by what their type begins with; the others (choices, texts) say something of the whole. */
const kinds = ["polygon", "rectangle", "ellipse", "brush", "keypoint", "vector", "bitmask"] as const;

/**
 * Reads annotations by picture, of the export "JSON". Polygons and rectangles, turned ones too, become pixels as those of its
 * export to COCO do; an ellipse covers the pixels whose centers lie in it; what a brush has painted is taken as it is.
 *
 * A task without an annotation, or whose annotation was skipped, counts as not labeled; an empty annotation that was submitted
 * says that there is nothing but background. Of several annotations the one marked as ground truth is taken.
 *
 * @param text The file's text.
 * @param file The file's path, for errors.
 * @returns By the picture's path, of its address without server, query and `data/upload/<project>/`.
 * @throws {DataError} If it is no such JSON; if a task names no picture, or has several annotations; if a region has not one label,
 *   or a brush that cannot be read. The message names task and region, counted from 0.
 */
export function readLabelStudio(text: string, file: string): ReadonlyMap<string, Annotation> {
  const found = new Map<string, Annotation>();
  for (const given of parseJson(text, file, document, 'export "JSON" of Label Studio')) {
    const place = `task ${given.id}`, name = pictureOf(given, file, place);
    if (found.has(name)) {
      throw annotationError(file, place, `"${name}" is in two tasks`, "Delete one of the two");
    }
    found.set(name, annotationOf(given, file, place));
  }
  return found;
}

function annotationOf({ annotations }: z.infer<typeof task>, file: string, place: string): Annotation {
  const submitted = annotations.filter(({ was_cancelled }) => !was_cancelled);
  const truths = submitted.filter(({ ground_truth }) => ground_truth);
  const [chosen, ...others] = truths.length > 0 ? truths : submitted;
  if (others.length > 0) {
    throw annotationError(
      file,
      place,
      `it has ${others.length + 1} annotations${truths.length > 0 ? " marked as ground truth" : ""}`,
      "Mark one as ground truth in Label Studio, and export again",
    );
  }
  if (chosen === undefined) return { file, size: undefined, regions: [], isLabeled: false };
  const regions: Region[] = [];
  let size: Size | undefined;
  chosen.result.forEach((given, index) => {
    const kind = kindOf(given, chosen.result);
    if (kind === undefined) return;
    const at = `${place}, region ${index} (${given.type})`;
    const own = sizeOf(given, file, at);
    size ??= own;
    if (own.width !== size.width || own.height !== size.height) {
      throw annotationError(
        file,
        at,
        `it is of ${own.width} × ${own.height} pixels, and one before it of ${size.width} × ${size.height}`,
        "Annotate the picture again",
      );
    }
    regions.push({
      label: labelOf(given, file, at),
      place: at,
      shape: shapeOf(kind, given.value, own, file, at),
    });
  });
  return { file, size, regions, isLabeled: true };
}

/**
 * What a result's shape is; undefined if it has none. Where labels are a tag of their own, a shape is there twice under one id,
 * once with its label: that one counts.
 */
function kindOf(given: Result, all: readonly Result[]): typeof kinds[number] | undefined {
  const kind = kinds.find((kind) => given.type.startsWith(kind));
  if (given.type !== "labels") {
    const isTwice = all.some(({ id, type }) => type === "labels" && id !== undefined && id === given.id);
    return isTwice ? undefined : kind;
  }
  const { points, rle, radiusX, width } = given.value;
  return points ? "polygon" : rle ? "brush" : radiusX ? "ellipse" : width ? "rectangle" : undefined;
}

function labelOf({ type, value }: Result, file: string, place: string): string {
  const labels = value[type];
  if (Array.isArray(labels) && labels.length === 1 && typeof labels[0] === "string") return labels[0];
  const found = Array.isArray(labels) ? `${labels.length} labels` : "no label";
  throw annotationError(
    file,
    place,
    `it has ${found}; it must have one`,
    "Give it one label in Label Studio",
  );
}

function sizeOf(
  { original_width: width, original_height: height, image_rotation }: Result,
  file: string,
  place: string,
) {
  if (image_rotation) {
    throw annotationError(
      file,
      place,
      `it was drawn on the picture turned by ${image_rotation}°`,
      "Annotate the picture unturned",
    );
  }
  if (width !== undefined && height !== undefined) return { width, height };
  throw annotationError(file, place, "it does not say the picture's size", "Export again");
}

function shapeOf(
  kind: typeof kinds[number],
  {
    points = [],
    closed,
    x = NaN,
    y = NaN,
    width = NaN,
    height = NaN,
    radiusX = NaN,
    radiusY = NaN,
    rotation = 0,
    rle,
  }: z.infer<typeof value>,
  size: Size,
  file: string,
  place: string,
): Shape {
  const refuse = (what: string, remedy: string) => annotationError(file, place, what, remedy);
  /** Of percent. */
  const pixels = (
    across: number,
    down: number,
  ): Point => [across * size.width / 100, down * size.height / 100];
  switch (kind) {
    case "polygon": {
      if (closed === false) throw refuse("the polygon is not closed", "Close or delete it in Label Studio");
      const ring = points.map(([across, down]) => pixels(across, down));
      checkRing(ring, file, place);
      return { kind: "coco-polygons", rings: [ring] };
    }
    case "rectangle": {
      const corner = pixels(x, y), [w, h] = pixels(width, height);
      const offsets: Point[] = [[0, 0], [w, 0], [w, h], [0, h]];
      const ring = offsets.map(([dx, dy]) => turned([corner[0] + dx, corner[1] + dy], corner, rotation));
      checkRing(ring, file, place);
      return { kind: "coco-polygons", rings: [ring] };
    }
    case "ellipse": {
      const center = pixels(x, y), radii = pixels(radiusX, radiusY);
      checkPoints([center, radii], file, place);
      return { kind: "ellipse", center, radii, angle: rotation };
    }
    case "bitmask":
      throw refuse("a bitmask is not read", "Paint it with the brush, or export COCO");
    case "keypoint":
    case "vector":
      return { kind: "none", name: kind };
    case "brush":
      try {
        return {
          kind: "runs",
          left: 0,
          top: 0,
          ...size,
          order: "rows",
          runs: readBrush(rle ?? [], size.width, size.height),
        };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw refuse(`its brush cannot be read: ${error.message}`, "Export again");
      }
  }
}

/**
 * The path of a task's picture: of the field "image", or of the only one that is the name of a picture; else what was uploaded.
 */
function pictureOf({ data, file_upload }: z.infer<typeof task>, file: string, place: string): string {
  const fields = "image" in data ? [data.image] : Object.values(data);
  const names = [
    ...new Set([
      ...fields.filter(isPicture),
      ...(fields.some(isPicture) ? [] : [file_upload].filter(isPicture)),
    ]),
  ];
  if (names.length !== 1) {
    const found = names.length === 0 ? "no picture" : names.map((name) => `"${name}"`).join(" and ");
    throw annotationError(
      file,
      place,
      `it names ${found}`,
      'Put the address of one picture into its field "image"',
    );
  }
  const address = names[0]!, local = /[?&]d=([^&]+)/.exec(address)?.[1];
  const path = local ?? address.replace(/^[a-z0-9]+:\/\/[^/]*\//i, "").replace(/[?#].*$/, "");
  return decoded(path).replace(/^\/+/, "").replace(/^data\/upload\/(?:\d+\/)?/, "");
}

function isPicture(value: unknown): value is string {
  return typeof value === "string" && /\.(?:jpe?g|jfif|png|gif|bmp|webp|tiff?)(?:[?#&]|$)/i.test(value);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
