/** Writes masks as annotations, for correction in a tool: LabelMe's JSON, one a picture, and COCO's, one for all. @module */
import type { ClassList } from "../datasets/classes.ts";
import type { Point } from "./annotation.ts";
import {
  doubleArea,
  simplified,
  throughPixels,
  type TracedRegion,
  traceRegions,
  withSlits,
} from "./trace.ts";

/** A mask to be written. */
export interface LabeledPicture {
  /** Path of the picture, as the file is to name it. */
  readonly picture: string;
  readonly width: number;
  readonly height: number;
  /** height × width labels. */
  readonly labels: Uint8Array;
}

/** How a mask is written. */
export interface WriteOptions {
  readonly classes: ClassList;
  /** Farthest that an outline may pass from a corner of the mask's own, pixels; 0 keeps every corner. */
  readonly tolerance: number;
}

/** The class of what lies in no shape: the one of this name, if there is one. */
export function backgroundOf({ names }: ClassList): number | undefined {
  const found = names.findIndex((name) => /^_*background_*$/i.test(name));
  return found < 0 ? undefined : found;
}

/**
 * A mask as LabelMe's JSON: a polygon for each region that is not background. LabelMe draws shapes one over another and knows no
 * holes: the larger come first, and background within a region is a shape of its own. With a tolerance of 0 LabelMe makes the very
 * mask of it again.
 */
export function writeLabelMe(
  { picture, width, height, labels }: LabeledPicture,
  options: WriteOptions,
): string {
  const { classes, tolerance } = options, background = backgroundOf(classes);
  const regions = traceRegions(labels, width, height);
  const objects = regions.filter(({ value }) => value !== background);
  const enclosed = regions.filter((region) =>
    region.value === background && objects.some((object) => encloses(object, region))
  );
  // What is enclosed is smaller than what encloses it, holes and all.
  const shapes = [...objects, ...enclosed].sort((a, b) => doubleArea(b.outer) - doubleArea(a.outer));
  return JSON.stringify(
    {
      version: "5.5.0",
      flags: {},
      shapes: shapes.map(({ value, outer }) => ({
        label: classes.names[value],
        points: simplified(throughPixels(outer), tolerance),
        group_id: null,
        description: "",
        shape_type: "polygon",
        flags: {},
      })),
      imagePath: picture,
      imageData: null,
      imageHeight: height,
      imageWidth: width,
    },
    null,
    1,
  ) + "\n";
}

/** Whether a region lies in a hole of another. */
function encloses({ outer, holes }: TracedRegion, { outer: [corner] }: TracedRegion): boolean {
  if (holes.length === 0) return false;
  // The middle of the pixel that a region's first side is over: the side's left end is the ring's last corner.
  const [x, y] = [corner![0] - 0.5, corner![1] + 0.5];
  let isInside = false;
  outer.forEach(([x0, y0], index) => {
    const [x1, y1] = outer[(index + 1) % outer.length]!;
    if ((y0 > y) !== (y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)) isInside = !isInside;
  });
  return isInside;
}

/** Collects masks for one JSON of COCO. Categories are numbered from 1, in the order of the classes. */
export class CocoWriter {
  readonly #images: object[] = [];
  readonly #annotations: object[] = [];

  constructor(private readonly options: WriteOptions) {}

  /**
   * Adds a mask: an annotation for each region that is not background. COCO knows no holes: an outline goes along a slit of no
   * width to each. With a tolerance of 0 pycocotools makes the very mask of it again.
   */
  add({ picture, width, height, labels }: LabeledPicture): void {
    const { classes, tolerance } = this.options, background = backgroundOf(classes);
    const image = this.#images.push({ id: this.#images.length + 1, file_name: picture, width, height });
    for (const { value, area, outer, holes } of traceRegions(labels, width, height)) {
      if (value === background) continue;
      const ring = withSlits(simplified(outer, tolerance), holes.map((hole) => simplified(hole, tolerance)));
      this.#annotations.push({
        id: this.#annotations.length + 1,
        image_id: image,
        category_id: value + 1,
        segmentation: [ring.flat()],
        area,
        bbox: boxOf(outer),
        iscrowd: 0,
      });
    }
  }

  /** The file's text. */
  text(): string {
    const categories = this.options.classes.names.map((name, index) => ({
      id: index + 1,
      name,
      supercategory: "",
    }));
    return JSON.stringify({ images: this.#images, annotations: this.#annotations, categories }) + "\n";
  }
}

function boxOf(ring: readonly Point[]): number[] {
  const [xs, ys] = [0, 1].map((axis) => ring.map((point) => point[axis]!)) as [number[], number[]];
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b));
  return [least(xs), least(ys), most(xs) - least(xs), most(ys) - least(ys)];
}
