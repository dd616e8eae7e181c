/** Pictures of what a run's networks say of unlabeled images, small, in the run's folder: for its page. @module */
import { join } from "node:path";
import { makeFolderOf } from "../../pipeline/files/files.ts";
import { isInnerPath, list, object, quantity, text } from "../../pipeline/files/untrusted.ts";
import type { LabeledImages, StoredRanking } from "./ranking.ts";
import type { RunFolder } from "./run_folder.ts";
import { shrunk } from "../report/pictures.ts";

/** Folder of the pictures, in a run's. */
export const UNLABELED = "unlabeled";
/** How many images are shown, from the most to the least doubtful. */
const SHOWN = 12;

/** An image of which there are pictures. */
export interface UnlabeledImage {
  readonly id: string;
  /** Below {@linkcode UNLABELED}. */
  readonly folder: string;
  /** Share of the pixels that keep a label. */
  readonly kept: number;
  /** Share of the pixels on which the networks disagree, where several are scored. */
  readonly conflict?: number;
}

/**
 * Writes image, pseudo-labels, confidence and conflict of images that are spread evenly over the ranking.
 *
 * @throws {CacheError} If they cannot be written, or the cache lost a file.
 */
export async function writeUnlabeled(
  folder: RunFolder,
  { labels, images }: Pick<LabeledImages, "labels" | "images">,
  { images: ranked }: StoredRanking,
): Promise<void> {
  const count = Math.min(SHOWN, ranked.length);
  const ids = Array.from(
    { length: count },
    (_, i) => ranked[Math.round(i * (ranked.length - 1) / Math.max(1, count - 1))]!.id,
  );
  const entries = new Map(labels.index.entries.map((entry) => [entry.id, entry]));
  const places = new Map(images.ids.map((id, place) => [id, place]));
  await folder.directory(UNLABELED, async (path) => {
    const index: UnlabeledImage[] = [];
    for (const id of ids) {
      const { folder, kept, conflict } = entries.get(id)!, place = places.get(id)!;
      const write = async (name: string, bytes: Uint8Array) => {
        const file = join(path, folder, `${name}.png`);
        makeFolderOf(file);
        await Deno.writeFile(file, bytes);
      };
      await write("image", shrunk({ ...images.size(place), channels: 3, data: images.image(place) }));
      for (const [from, name] of [["mask", "pseudo-label"], ["confidence"], ["conflict"]] as const) {
        const file = `${folder}/${from}.png`;
        if (labels.names.includes(file)) await write(name ?? from, shrunk(await labels.read(file), file));
      }
      index.push({ id, folder, kept, ...(conflict !== undefined && { conflict }) });
    }
    await Deno.writeTextFile(join(path, "index.json"), JSON.stringify(index, null, 1) + "\n");
  });
}

const problemOf = list(
  object(
    {
      id: text,
      folder: (value) => typeof value === "string" && isInnerPath(value) ? undefined : "is no path",
      kept: quantity,
      conflict: quantity,
    },
    ["conflict"],
  ),
);

/** What the pictures in a run's folder are of; nothing where there are none, or their index is damaged. */
export async function readUnlabeled(path: string): Promise<readonly UnlabeledImage[]> {
  try {
    const value: unknown = JSON.parse(await Deno.readTextFile(join(path, UNLABELED, "index.json")));
    return problemOf(value) === undefined ? value as UnlabeledImage[] : [];
  } catch {
    return [];
  }
}
