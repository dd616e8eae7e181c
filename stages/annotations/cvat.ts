/** Reads CVAT's XML "CVAT for images 1.1", one file for all pictures. @module */
import { SaxesParser } from "saxes";
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
import { checkRuns } from "./run_lengths.ts";

/** Elements that cover an area, and those that cover none. */
const areas = ["box", "polygon", "ellipse", "mask"], others = ["polyline", "points", "cuboid", "skeleton"];
type Attributes = Readonly<Record<string, string>>;
type Picture = {
  readonly name: string;
  readonly size: Size;
  readonly regions: { region: Region; depth: number }[];
};
type Size = { readonly width: number; readonly height: number };

/**
 * Reads annotations by picture. Polygons and boxes, turned ones too, become pixels as in CVAT's export to COCO; an ellipse covers
 * the pixels whose centers lie in it; a mask is taken as it is. Those of a higher `z_order` cover the others; tags count for nothing.
 *
 * A picture without a shape counts as not labeled: the export lists all pictures of a task. Polylines, points, cuboids and
 * skeletons have no area.
 *
 * @param text The file's text.
 * @param file The file's path, for errors.
 * @returns By `name`, below its `subset` if it is of one, as the pictures of the export lie.
 * @throws {DataError} If it is no such XML; if a shape lacks an attribute or has one that cannot be read. The message names the picture and the shape, counted from 0 within it.
 */
export function readCvat(text: string, file: string): ReadonlyMap<string, Annotation> {
  const pictures = new Map<string, Picture>();
  const parser = new SaxesParser();
  const open: string[] = [];
  let picture: Picture | undefined;
  parser.on("error", (error) => {
    throw annotationError(
      file,
      "at its top",
      `it is no XML (${error.message})`,
      "Export again, or name another file",
    );
  });
  parser.on("opentag", ({ name, attributes }) => {
    const given = attributes as Attributes;
    open.push(name);
    if (open.length === 1 && name !== "annotations") throw foreign(`its first element is <${name}>`);
    if (name === "track") throw foreign('it has tracks, as "CVAT for video" has');
    if (name === "image" && open.length === 2) picture = openPicture(given);
    else if (picture !== undefined && open.length === 3) addShape(picture, name, given);
  });
  parser.on("closetag", () => {
    if (open.length === 2) picture = undefined;
    open.pop();
  });
  parser.write(text.replace(/^\uFEFF/, "")).close();
  return new Map([...pictures].map(([name, { size, regions }]) => {
    const inOrder = regions.toSorted((a, b) => a.depth - b.depth).map(({ region }) => region);
    return [name, { file, size, regions: inOrder, isLabeled: inOrder.length > 0 }];
  }));

  function foreign(what: string) {
    return annotationError(file, "at its top", what, 'Export "CVAT for images 1.1", or "COCO 1.0"');
  }

  function openPicture(given: Attributes): Picture {
    if (!given.name) throw annotationError(file, "image", "it has no name", "Export again");
    const name = given.subset ? `${given.subset}/${given.name}` : given.name, place = `image "${name}"`;
    if (pictures.has(name)) throw annotationError(file, place, "it is listed twice", "Remove one of the two");
    const [width, height] = numbersOf(given, ["width", "height"], file, place) as [number, number];
    const opened = { name, size: { width, height }, regions: [] };
    pictures.set(name, opened);
    return opened;
  }

  function addShape({ name, regions }: Picture, kind: string, given: Attributes): void {
    if (!areas.includes(kind) && !others.includes(kind)) return;
    const place = `image "${name}", shape ${regions.length} (${kind} "${given.label ?? ""}")`;
    if (given.label === undefined) throw annotationError(file, place, "it has no label", "Export again");
    const depth = Number(given.z_order ?? 0);
    regions.push({ region: { label: given.label, place, shape: shapeOf(kind, given, file, place) }, depth });
  }
}

function shapeOf(kind: string, given: Attributes, file: string, place: string): Shape {
  if (!areas.includes(kind)) return { kind: "none", name: kind };
  const angle = given.rotation === undefined ? 0 : numbersOf(given, ["rotation"], file, place)[0]!;
  if (kind === "polygon") {
    const points = (given.points ?? "").split(";").map(pointOf);
    checkRing(points, file, place);
    return { kind: "coco-polygons", rings: [points] };
  }
  if (kind === "box") {
    const [left, top, right, bottom] = numbersOf(given, ["xtl", "ytl", "xbr", "ybr"], file, place) as Four;
    const center = [(left + right) / 2, (top + bottom) / 2] as const;
    const corners: Point[] = [[left, top], [right, top], [right, bottom], [left, bottom]];
    const points = angle === 0 ? corners : corners.map((corner) => turned(corner, center, angle));
    checkRing(points, file, place);
    return { kind: "coco-polygons", rings: [points] };
  }
  if (kind === "ellipse") {
    const [x, y, rx, ry] = numbersOf(given, ["cx", "cy", "rx", "ry"], file, place) as Four;
    checkPoints([[x, y], [rx, ry]], file, place);
    return { kind: "ellipse", center: [x, y], radii: [rx, ry], angle };
  }
  const [left, top, width, height] = numbersOf(
    given,
    ["left", "top", "width", "height"],
    file,
    place,
  ) as Four;
  try {
    const runs = (given.rle ?? "").split(",").map(numberOf);
    if (![left, top, width, height].every(Number.isInteger)) {
      throw new RangeError("its box is of no whole pixels");
    }
    checkRuns(runs, width * height);
    return { kind: "runs", left, top, width, height, order: "rows", runs };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw annotationError(file, place, `its run lengths are wrong: ${error.message}`, "Export again");
  }
}

type Four = [number, number, number, number];

/** The point that "x,y" is, NaN for what is none. */
function pointOf(pair: string): Point {
  const [x = "", y = "", ...more] = pair.split(",");
  return more.length > 0 ? [NaN, NaN] : [numberOf(x), numberOf(y)];
}

/** The number that a text is, NaN for none. */
function numberOf(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

function numbersOf(given: Attributes, names: readonly string[], file: string, place: string): number[] {
  return names.map((name) => {
    const value = numberOf(given[name] ?? "");
    if (Number.isFinite(value)) return value;
    const found = given[name] === undefined ? "is missing" : `is "${given[name]}"`;
    throw annotationError(file, place, `its ${name} ${found}; it must be a number`, "Export again");
  });
}
