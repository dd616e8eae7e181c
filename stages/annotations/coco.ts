/** Reads COCO's JSON of instances, one file for all pictures. @module */
import { z } from "zod";
import {
  type Annotation,
  annotationError,
  checkRing,
  type Point,
  type Region,
  type Shape,
} from "./annotation.ts";
import { parseJson } from "./json_text.ts";
import { checkRuns, parseRuns } from "./run_lengths.ts";

const id = z.union([z.number(), z.string()]);
const side = z.int().positive();
const segmentation = z.union([
  z.array(z.array(z.number())),
  z.object({ size: z.tuple([side, side]), counts: z.union([z.array(z.number()), z.string()]) }),
]);
const annotation = z.object({
  id: id.optional(),
  image_id: id,
  category_id: id,
  segmentation: segmentation.nullish(),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
});
const image = z.object({ id, file_name: z.string(), width: side.nullish(), height: side.nullish() });
const document = z.object({
  images: z.array(image),
  categories: z.array(z.object({ id, name: z.string() })),
  annotations: z.array(annotation),
});
type CocoImage = z.infer<typeof image>;

/**
 * Reads annotations by picture, as COCO's `instances_*.json` has them. Polygons become pixels as pycocotools makes them; the rings
 * of one annotation are united, as COCO knows no holes; run lengths, plain or as a text, are taken as they are. Crowds lie under
 * all else, whatever their place in the file, as they are drawn roughly; else later annotations cover earlier ones.
 *
 * A picture that has no annotation counts as not labeled: exports list, too, what nobody has looked at.
 *
 * @param text The file's text.
 * @param file The file's path, for errors.
 * @returns By `file_name`, as it is in the file.
 * @throws {DataError} If it is no such JSON; if an id is there twice, or is that of no picture or category; if an annotation has
 *   no segmentation, a ring of fewer than 3 points, or run lengths that do not fit the picture. The message names the
 *   annotation, counted from 0.
 */
export function readCoco(text: string, file: string): ReadonlyMap<string, Annotation> {
  const { images, categories, annotations } = parseJson(text, file, document, "annotations of COCO");
  const pictures = byId(images, "images", file);
  const names = byId(categories, "categories", file);
  const regions = new Map(images.map(({ id }) => [id, { crowds: [] as Region[], objects: [] as Region[] }]));
  annotations.forEach((given, index) => {
    const place = `annotation ${index}${given.id === undefined ? "" : ` (id ${given.id})`}`;
    const picture = pictures.get(given.image_id), category = names.get(given.category_id);
    if (picture === undefined || category === undefined) {
      const [what, which] = picture === undefined
        ? ["image", given.image_id]
        : ["category", given.category_id];
      throw annotationError(
        file,
        place,
        `its ${what}_id ${which} is none that the file lists`,
        "Export again",
      );
    }
    const region = { label: category.name, place, shape: shapeOf(given.segmentation, picture, file, place) };
    const { crowds, objects } = regions.get(picture.id)!;
    (given.iscrowd ? crowds : objects).push(region);
  });
  const found = new Map<string, Annotation>();
  for (const { id, file_name, width, height } of images) {
    if (found.has(file_name)) {
      throw annotationError(file, `image ${id}`, `"${file_name}" is listed twice`, "Remove one of the two");
    }
    const { crowds, objects } = regions.get(id)!;
    const all = [...crowds, ...objects];
    // Run lengths are of the whole picture, and say its size, too.
    const painted = all.map(({ shape }) => shape).find((shape) => shape.kind === "runs");
    const size = width && height
      ? { width, height }
      : painted && { width: painted.width, height: painted.height };
    found.set(file_name, { file, size, regions: all, isLabeled: all.length > 0 });
  }
  return found;
}

function byId<T extends { readonly id: number | string }>(
  entries: readonly T[],
  what: string,
  file: string,
): ReadonlyMap<number | string, T> {
  const found = new Map<number | string, T>();
  for (const entry of entries) {
    if (found.has(entry.id)) throw annotationError(file, what, `two have the id ${entry.id}`, "Export again");
    found.set(entry.id, entry);
  }
  return found;
}

function shapeOf(
  given: z.infer<typeof segmentation> | null | undefined,
  image: CocoImage,
  file: string,
  place: string,
): Shape {
  if (given == null || Array.isArray(given)) {
    if (!given?.length) {
      throw annotationError(
        file,
        place,
        "it has no segmentation, as boxes of detectors have none",
        "Draw its outline in the annotation tool, or remove it",
      );
    }
    return { kind: "coco-polygons", rings: given.map((ring) => ringOf(ring, file, place)) };
  }
  const { size: [height, width], counts } = given;
  const refuse = (what: string) =>
    annotationError(file, place, `its run lengths are wrong: ${what}`, "Export again");
  if (height !== (image.height ?? height) || width !== (image.width ?? width)) {
    throw refuse(
      `they are of ${width} × ${height} pixels, and the picture is ${image.width} × ${image.height}`,
    );
  }
  try {
    const runs = typeof counts === "string" ? parseRuns(counts) : counts;
    checkRuns(runs, width * height);
    return { kind: "runs", left: 0, top: 0, width, height, order: "columns", runs };
  } catch (error) {
    if (error instanceof RangeError) throw refuse(error.message);
    throw error;
  }
}

function ringOf(numbers: readonly number[], file: string, place: string): Point[] {
  if (numbers.length % 2 !== 0) {
    throw annotationError(
      file,
      place,
      `a polygon of ${numbers.length} numbers; it must have two a point`,
      "Export again",
    );
  }
  const points = Array.from(
    { length: numbers.length / 2 },
    (_, i): Point => [numbers[2 * i]!, numbers[2 * i + 1]!],
  );
  checkRing(points, file, place);
  return points;
}
