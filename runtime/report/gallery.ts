/** The pictures of a run as its page shows them: small ones, within a budget of bytes, with what they are worth. @module */
import { join } from "node:path";
import { score } from "../../stages/evaluation/metrics.ts";
import { predictionNames, type RunScores, shownName } from "../runs/scores.ts";
import { readRanking, type StoredRanking } from "../runs/ranking.ts";
import { readUnlabeled, UNLABELED } from "../runs/unlabeled.ts";
import { embedded, pngOf } from "./pictures.ts";
import type { StoredImage } from "../../stages/codecs/image.ts";

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Bytes of text that pictures of a kind may take in a page, which has 5 MB at most. */
export const PICTURE_BYTES = { validation: 2_400_000, unlabeled: 900_000, ranked: 500_000 } as const;

/** One image and what was made of it. */
export interface GalleryImage {
  /** Its id, or of that what a file system takes. */
  readonly name: string;
  /** By name, in the order in which they are shown. */
  readonly pictures: readonly { readonly name: string; readonly label: string; readonly url: string }[];
  /** Name of the picture that is laid over the image; absent where there is none. */
  readonly over?: string | undefined;
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
  /** Images that are in the run's folder and not here, as there are too many bytes. */
  readonly left: number;
  /** Images that cannot be read. */
  readonly unreadable: number;
}

/** Reads the pictures of scored images in a run's folder. */
export async function readValidation(path: string, scores: RunScores | undefined): Promise<Gallery> {
  const predictions = scores === undefined ? [] : predictionNames(scores);
  const over = scores?.headline ?? predictions.at(-1);
  const folders = await pictureFolders(path, "pictures");
  const part = (folder: string) => folder === "pictures" ? folder : folder.slice("pictures/".length);
  return await gather(
    folders,
    PICTURE_BYTES.validation,
    scores?.perClass?.length ?? 0,
    async (folder, files) => {
      const decoded = await decodeAll(path, folder, files);
      return { decoded, image: await galleryImage(part(folder), decoded, predictions, over) };
    },
  );
}

/** Reads the pictures of unlabeled images in a run's folder. */
export async function readUnlabeledGallery(path: string): Promise<Gallery> {
  const known = new Map((await readUnlabeled(path)).map((image) => [`${UNLABELED}/${image.folder}`, image]));
  const folders = await pictureFolders(path, UNLABELED);
  return await gather(
    folders.filter(({ folder }) => known.has(folder)),
    PICTURE_BYTES.unlabeled,
    0,
    async (folder, files) => {
      const decoded = await decodeAll(path, folder, files), { id, kept, conflict } = known.get(folder)!;
      const image = await galleryImage(id, decoded, ["pseudo-label", "confidence"], "pseudo-label");
      return { decoded, image: image && { ...image, kept, conflict } };
    },
  );
}

/** Images in the order in which to label them, with pictures of the first. */
export interface ShownRanking {
  readonly by: StoredRanking["by"];
  /** How many are ranked. */
  readonly count: number;
  /** Share of their pixels that are in doubt, in the mean: 0 to 1. */
  readonly mean: number;
  readonly images: readonly {
    readonly id: string;
    /** 0 to 1. */
    readonly share: number;
    readonly score: number;
    readonly image: string;
    readonly map: string;
  }[];
}

/** Reads a run's ranking and the pictures that belong to it; undefined where there is none. */
export async function readShownRanking(path: string): Promise<ShownRanking | undefined> {
  const ranking = await readRanking(path);
  if (ranking === undefined) return undefined;
  const images = [];
  let bytes = 0;
  for (const { id, share, score, image, map } of ranking.images) {
    if (image === undefined || map === undefined) continue;
    const urls = [];
    for (const file of [image, map]) {
      const decoded = await Deno.readFile(join(path, file)).then(
        (bytes) => pngOf(bytes, file),
        () => undefined,
      );
      if (decoded !== undefined) urls.push(await embedded(decoded));
    }
    bytes += urls.reduce((sum, { length }) => sum + length, 0);
    if (bytes > PICTURE_BYTES.ranked) break;
    if (urls.length === 2) images.push({ id, share, score, image: urls[0]!, map: urls[1]! });
  }
  const count = ranking.images.length;
  return {
    by: ranking.by,
    count,
    mean: ranking.images.reduce((sum, { share }) => sum + share / count, 0),
    images,
  };
}

/** Decoded pictures by name, without those that cannot be read. */
type Decoded = ReadonlyMap<string, StoredImage>;

async function decodeAll(path: string, folder: string, files: readonly string[]): Promise<Decoded> {
  const decoded = new Map<string, StoredImage>();
  for (const file of files) {
    const image = pngOf(await Deno.readFile(join(path, folder, file)), file);
    if (image !== undefined) decoded.set(file.replace(/\.png$/, ""), image);
  }
  return decoded;
}

/** Reads folders one after another, as long as there is room. */
async function gather(
  folders: readonly { readonly folder: string; readonly files: readonly string[] }[],
  budget: number,
  classes: number,
  read: (
    folder: string,
    files: readonly string[],
  ) => Promise<{ decoded: Decoded; image: GalleryImage | undefined }>,
): Promise<Gallery> {
  const images: GalleryImage[] = [];
  let colors: readonly Rgb[] = [], left = 0, unreadable = 0, bytes = 0;
  for (const { folder, files } of folders) {
    if (bytes > budget) {
      left++;
      continue;
    }
    const { decoded, image } = await read(folder, files);
    const size = image?.pictures.reduce((sum, { url }) => sum + url.length, 0) ?? 0;
    if (image === undefined) unreadable++;
    else if (bytes + size > budget) left++;
    else images.push(image);
    // What has no room ends the gallery: a smaller one further on would be out of turn.
    bytes += size;
    if (colors.length === 0) colors = colorsOf(decoded, classes);
  }
  return { colors, images, left, unreadable };
}

async function galleryImage(
  name: string,
  decoded: Decoded,
  predictions: readonly string[],
  over: string | undefined,
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
    ...(over !== undefined && decoded.has(over) && { over }),
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
function colorsOf(decoded: Decoded, classes: number): Rgb[] {
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
