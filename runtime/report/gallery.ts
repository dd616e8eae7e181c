/** The pictures of a run as its page shows them: small ones, within a budget of bytes, with what they are worth. @module */
import { join } from "node:path";
import { score } from "../../stages/evaluation/metrics.ts";
import { predictionNames, type RunScores, shownName } from "../runs/scores.ts";
import { embedded, pngOf } from "./pictures.ts";
import type { StoredImage } from "../../stages/codecs/image.ts";

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Bytes of text that pictures may take in a page, which has 5 MB at most. */
export const PICTURE_BYTES = 3_500_000;

/** One image and what was made of it. */
export interface GalleryImage {
  /** Of its folder: the id, as a file system takes it. */
  readonly name: string;
  /** By name, in the order in which they are shown. */
  readonly pictures: readonly { readonly name: string; readonly label: string; readonly url: string }[];
  /** Mean IoU of each prediction on this image, percent; null where no pixel is counted. */
  readonly miou: Readonly<Record<string, number | null>>;
  /** Share of the pixels on which the networks disagree. */
  readonly conflict?: number | undefined;
  /** Share of the pixels that keep their pseudo-label. */
  readonly kept?: number | undefined;
}

/** What there is to look at. */
export interface Gallery {
  /** Colors of the classes, in their order. */
  readonly colors: readonly Rgb[];
  readonly images: readonly GalleryImage[];
  /** Images that are in the run's folder and not here, as there are too many bytes, or as they cannot be read. */
  readonly left: number;
  readonly unreadable: number;
}

/**
 * Reads the pictures below a run's folder.
 *
 * @param path The folder.
 * @param part `pictures` or `unlabeled`.
 * @param budget Bytes of text that they may take.
 */
export async function readGallery(
  path: string,
  part: string,
  scores: RunScores | undefined,
  budget: number,
): Promise<Gallery> {
  const images: GalleryImage[] = [];
  let colors: readonly Rgb[] = [], left = 0, unreadable = 0, bytes = 0;
  const predictions = scores === undefined ? [] : predictionNames(scores);
  for (const { folder, files } of await pictureFolders(path, part)) {
    if (bytes >= budget) {
      left++;
      continue;
    }
    const decoded = new Map<string, StoredImage>();
    for (const file of files) {
      const image = pngOf(await Deno.readFile(join(path, folder, file)), file);
      if (image !== undefined) decoded.set(file.replace(/\.png$/, ""), image);
    }
    const picture = await galleryImage(folder.slice(part.length + 1), decoded, predictions);
    if (picture === undefined) {
      unreadable++;
      continue;
    }
    const size = picture.pictures.reduce((sum, { url }) => sum + url.length, 0);
    if (bytes + size > budget) {
      left++;
      continue;
    }
    bytes += size;
    images.push(picture);
    colors = colors.length > 0 ? colors : colorsOf(decoded, scores?.perClass?.length ?? 0);
  }
  return { colors, images, left, unreadable };
}

async function galleryImage(
  name: string,
  decoded: ReadonlyMap<string, StoredImage>,
  predictions: readonly string[],
): Promise<GalleryImage | undefined> {
  if (decoded.size === 0) return undefined;
  const known = ["image", "truth", ...predictions, "conflict"];
  const order = [...known, ...[...decoded.keys()].filter((name) => !known.includes(name)).sort()];
  const pictures = [];
  for (const file of order) {
    const image = decoded.get(file);
    if (image !== undefined) {
      pictures.push({ name: file, label: shownName(file), url: await embedded(image) });
    }
  }
  const truth = decoded.get("truth"), conflict = decoded.get("conflict");
  return {
    name,
    pictures,
    miou: Object.fromEntries(predictions.flatMap((name) => {
      const prediction = decoded.get(name);
      return truth === undefined || prediction === undefined || truth.data.length !== prediction.data.length
        ? []
        : [[name, miouOf(truth.data, prediction.data)]];
    })),
    ...(conflict?.channels === 1 && { conflict: shareOf(conflict.data) }),
  };
}

/** Share of the pixels that are not 0. */
function shareOf(map: StoredImage["data"]): number {
  let count = 0;
  for (const value of map) count += value === 0 ? 0 : 1;
  return count / map.length;
}

/** Mean IoU of one image, percent, over the classes that are in truth or prediction; 255 is ignored. */
function miouOf(truth: StoredImage["data"], prediction: StoredImage["data"]): number | null {
  const classes = 256, matrix = new Float64Array(classes * classes);
  truth.forEach((label, i) => {
    if (label !== 255) matrix[label * classes + prediction[i]!]!++;
  });
  return score({ classes, matrix }).miou;
}

/** The classes' colors, as a mask's palette has them. */
function colorsOf(decoded: ReadonlyMap<string, StoredImage>, classes: number): Rgb[] {
  const palette = [...decoded].find(([name, { palette }]) => name !== "conflict" && palette !== undefined)
    ?.[1].palette;
  if (palette === undefined) return [];
  return Array.from({ length: Math.min(classes, palette.length / 3) }, (_, i) => [
    palette[3 * i]!,
    palette[3 * i + 1]!,
    palette[3 * i + 2]!,
  ]);
}

/** The folders below one that hold PNG files, in order; those of several stages lie one deeper. */
async function pictureFolders(
  path: string,
  part: string,
): Promise<{ readonly folder: string; readonly files: readonly string[] }[]> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(join(path, part)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  const files = entries.filter(({ isFile, name }) => isFile && name.endsWith(".png")).map(({ name }) => name);
  const own = files.length > 0 ? [{ folder: part, files }] : [];
  const below = [];
  for (const { isDirectory, name } of entries) {
    if (isDirectory) below.push(...await pictureFolders(path, `${part}/${name}`));
  }
  return [...own, ...below];
}
