/** The same image as each way labels it, or each seed of a single one, side by side. @module */
import { type GalleryImage, readValidation, type Rgb } from "../report/gallery.ts";
import { scoredOn } from "../runs/lineage.ts";
import { predictionNames } from "../runs/scores.ts";
import type { ComparedWay } from "./ways.ts";

/** Bytes of text that pictures may take in a page, which has 5 MB at most. */
const PICTURE_BYTES = 3_500_000;
/** Most runs whose pictures are shown. */
export const MOST_SHOWN = 8;

/** What a way says of an image by one of its runs: that of the first seed, and of a single way each. */
export interface WayPicture {
  readonly way: string;
  readonly seed: number;
  readonly url: string;
  /** Mean IoU on this image, percent; undefined where there is no truth. */
  readonly miou: number | null | undefined;
}

/** An image, its truth, and what the ways say of it. */
export interface ComparedImage {
  readonly name: string;
  readonly image?: string | undefined;
  readonly truth?: string | undefined;
  readonly ways: readonly WayPicture[];
}

/** Images that were looked at in more than one run. */
export interface ComparedPictures {
  readonly images: readonly ComparedImage[];
  readonly colors: readonly Rgb[];
  readonly classes: readonly string[];
  /** Images that are left out to keep the page small. */
  readonly left: number;
}

/**
 * Reads the pictures of ways from their runs' folders, as far as these were scored on the same images as the first.
 *
 * @param budget Bytes of text that they may take.
 */
export async function comparedPictures(
  ways: readonly ComparedWay[],
  budget: number = PICTURE_BYTES,
): Promise<ComparedPictures> {
  const scored = ways.map(({ name, runs }) => ({
    name,
    runs: runs.filter(({ scores }) => scores !== undefined),
  }));
  // The runs of one way are held against one another.
  const most = ways.length === 1 ? Infinity : 1;
  const looked = scored.flatMap(({ name, runs }) => runs.slice(0, most).map((run) => ({ name, run })));
  const first = looked[0];
  const images = new Map<string, { image?: string; truth?: string; ways: WayPicture[] }>();
  let colors: readonly Rgb[] = [];
  for (const { name, run } of looked.slice(0, MOST_SHOWN)) {
    const on = scoredOn(run);
    if (run !== first!.run && (on === undefined || on !== scoredOn(first!.run))) continue;
    const gallery = await readValidation(run.path, run.scores);
    if (colors.length === 0) colors = gallery.colors;
    const headline = predictionNames(run.scores!).at(-1)!;
    for (const image of gallery.images) {
      const url = urlOf(image, headline);
      if (url === undefined) continue;
      const kept = images.get(image.name) ?? { ...shared(image), ways: [] };
      kept.ways.push({ way: name, seed: run.run.seed, url, miou: image.miou[headline] });
      images.set(image.name, kept);
    }
  }
  const classes = (first?.run.scores?.perClass ?? []).map(({ name }) => name);
  const found = [...images].filter(([, { ways }]) => ways.length > 1).map(([name, image]) => ({
    name,
    ...image,
  }));
  const kept = within(found, budget);
  return { images: kept, colors, classes, left: found.length - kept.length };
}

function urlOf({ pictures }: GalleryImage, name: string): string | undefined {
  return pictures.find((picture) => picture.name === name)?.url;
}

function shared(image: GalleryImage): { image?: string; truth?: string } {
  const [photograph, truth] = [urlOf(image, "image"), urlOf(image, "truth")];
  return { ...(photograph !== undefined && { image: photograph }), ...(truth !== undefined && { truth }) };
}

/** The first images, as many as the budget holds. */
function within(images: readonly ComparedImage[], budget: number): ComparedImage[] {
  let bytes = 0;
  return images.filter(({ image = "", truth = "", ways }) => {
    bytes += image.length + truth.length + ways.reduce((sum, { url }) => sum + url.length, 0);
    return bytes <= budget;
  });
}
