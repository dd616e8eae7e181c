/** The ranking of a run's unlabeled images: `next.json` in its folder, with maps of the first of them. @module */
import { join } from "node:path";
import { makeFolderOf, writeAtomically } from "../../pipeline/files/files.ts";
import { isMissing } from "../../pipeline/files/system_error.ts";
import {
  isInnerPath,
  list,
  object,
  oneOf,
  quantity,
  type Shape,
  text,
} from "../../pipeline/files/untrusted.ts";
import { artifactReader, type Cache, type Plan, type PlanNode } from "../../pipeline/mod.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { type PseudoLabels, pseudoLabelsKind } from "../../stages/datasets/pseudo_labels.ts";
import { type ImageSet, imagesKind } from "../../stages/datasets/samples.ts";
import { thumbnail } from "../../stages/evaluation/overlay.ts";
import {
  doubtMap,
  doubtOf,
  type RankedBy,
  type RankedImage,
  rankImages,
} from "../../stages/evaluation/ranking.ts";
import { type Checkpoint, checkpointKind } from "../../stages/weights/checkpoint.ts";

/** What a run labeled without being told: the last of its stages that did. */
export interface LabeledImages {
  readonly labels: PseudoLabels;
  readonly images: ImageSet;
  /** The networks that labeled them. */
  readonly nets: Checkpoint;
  /** The stage that loaded the images from a data set, if one of the project's did. */
  readonly loader: PlanNode | undefined;
}

/** An image in its place; the first ones with pictures. */
export interface ShownImage extends RankedImage {
  /** The image, small: a PNG's path, relative to the run's folder. */
  readonly image?: string;
  /** Where the networks disagree, or the one is not sure, of the same size. */
  readonly map?: string;
}

/** What `next.json` holds: all unlabeled images, those first that are to be labeled first. */
export interface StoredRanking {
  readonly by: RankedBy;
  readonly images: readonly ShownImage[];
}

const name = "next.json";
/** How many images are shown, and the longest side of their pictures, pixels. */
const shown = 12, side = 192;

/**
 * Finds what a run labeled.
 *
 * @param plan Settled: with keys and digests of all outputs.
 * @returns Undefined if no stage of it made pseudo-labels, or the cache no longer has them.
 */
export async function findLabeled(plan: Plan, cache: Cache): Promise<LabeledImages | undefined> {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const stored = async (id: string, output: string) =>
    (await cache.peek(nodes.get(id)?.key ?? ""))?.outputs[output];
  for (const { id, outputs = {} } of plan.nodes.toReversed()) {
    for (const output of Object.keys(outputs)) {
      const labels = await stored(id, output);
      if (labels?.kind !== pseudoLabelsKind.name) continue;
      const input = async (name: string) => {
        const edge = plan.edges.find((edge) => edge.to === id && edge.input === name);
        return edge && await stored(edge.from, edge.output);
      };
      const images = await input("images"), nets = await input("nets.last");
      if (images?.kind !== imagesKind.name || nets?.kind !== checkpointKind.name) continue;
      return {
        labels: await pseudoLabelsKind.read(artifactReader(cache, labels)),
        images: await imagesKind.read(artifactReader(cache, images)),
        nets: await checkpointKind.read(artifactReader(cache, nets)),
        loader: plan.nodes.find(({ stage, outputs }) =>
          stage === "load" && outputs?.["unlabeled"] === images.digest
        ),
      };
    }
  }
  return undefined;
}

/**
 * Ranks the images that a run labeled, and writes the ranking and the pictures of its first into the run's folder.
 *
 * @throws {CacheError} If it cannot be written, or the cache lost a file.
 */
export async function writeRanking(
  path: string,
  { labels, images }: Pick<LabeledImages, "labels" | "images">,
): Promise<StoredRanking> {
  const { by, images: ranked } = await rankImages(labels);
  const entries = new Map(labels.index.entries.map((entry) => [entry.id, entry]));
  const places = new Map(images.ids.map((id, place) => [id, place]));
  const all: ShownImage[] = [...ranked];
  for (const [rank, image] of ranked.slice(0, shown).entries()) {
    const entry = entries.get(image.id)!, place = places.get(image.id)!;
    const size = images.size(place), pixels = images.image(place);
    const map = doubtMap(pixels, await doubtOf(labels, entry, by));
    const write = async (file: string, picture: Uint8Array) => {
      const { data, width, height } = thumbnail(picture, size, side);
      makeFolderOf(join(path, file));
      await writeAtomically(join(path, file), encodeRgbPng(data, width, height));
      return file;
    };
    all[rank] = {
      ...image,
      image: await write(`next/${entry.folder}/image.png`, pixels),
      map: await write(`next/${entry.folder}/map.png`, map),
    };
  }
  const ranking = { by, images: all };
  await writeAtomically(join(path, name), new TextEncoder().encode(JSON.stringify(ranking, null, 1) + "\n"));
  return ranking;
}

const picture: Shape = (value) =>
  typeof value === "string" && isInnerPath(value) && value.startsWith("next/")
    ? undefined
    : "is no path below next/";
const problemOf = object(
  {
    by: oneOf("disagreement", "confidence"),
    images: list(
      object({ id: text, score: quantity, share: quantity, image: picture, map: picture }, ["image", "map"]),
    ),
  },
  [],
  "more members",
);

/** The ranking that a run's folder holds; undefined where there is none, or none that can be read: it is made again then. */
export async function readRanking(path: string): Promise<StoredRanking | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(join(path, name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return problemOf(value) === undefined ? value as StoredRanking : undefined;
  } catch {
    return undefined;
  }
}
