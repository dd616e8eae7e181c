/** The data set that a run's unlabeled images came from, as it is now. @module */
import { type Override, type PlanNode, resolveConfig, UserError } from "../../pipeline/mod.ts";
import { type FilesConfig, openDataset, orientationOf } from "../../stages/datasets/dataset.ts";
import { readImage } from "../../stages/datasets/decode_sample.ts";
import { parsePattern } from "../../stages/datasets/folder/pattern.ts";
import type { ListedSample } from "../../stages/datasets/id_list.ts";
import type { ResolvedLists } from "../../stages/datasets/layouts.ts";
import type { ImageSet } from "../../stages/datasets/samples.ts";
import { load, type LoadConfig } from "../../stages/load.ts";
import { UsageError } from "../terminal/errors.ts";

/** A data set of files, with who is labeled now. */
export interface RunFiles {
  readonly config: LoadConfig & FilesConfig;
  readonly lists: ResolvedLists;
}

/**
 * Opens the data set that a run has loaded.
 *
 * @param loader The stage that did, as the run's plan has it.
 * @param overrides Of that stage, as where the data has moved.
 * @returns Undefined if its images are in no files: drawn, or made by a stage of somebody's own.
 * @throws {DataError} If it is not where it was. @throws {UsageError} If another stage is to be set.
 */
export async function openRunFiles(
  loader: PlanNode | undefined,
  overrides: readonly Override[],
): Promise<RunFiles | undefined> {
  const other = overrides.find(({ stage }) => stage !== loader?.id);
  if (other !== undefined) {
    throw new UsageError(
      `Cannot set "${other.stage}" of a run that is done. ${
        loader === undefined
          ? "Its images are in no files that could have moved."
          : `Where its data has moved, say --set ${loader.id}.root=PATH.`
      }`,
    );
  }
  if (loader === undefined) return undefined;
  const config = resolveConfig(load.definition.config, loader.config, overrides, loader.id)
    .config as LoadConfig;
  const { dataset } = config;
  if (dataset === "shapes") return undefined;
  const ofFiles = { ...config, dataset };
  return { config: ofFiles, lists: (await openDataset(ofFiles)).lists };
}

/** What results of an image are called, so that `load` finds them where it looks for annotations: without extension. */
export function resultNameOf(
  { id, image }: Pick<ListedSample, "id" | "image">,
  { dataset, images }: FilesConfig,
): string {
  return dataset === "folder" ? parsePattern(images).key(image) ?? id : id;
}

/** What annotation tools may show otherwise than a run has seen it. */
export interface FileTraits {
  /** Its EXIF turns it, and the data set does not. */
  readonly isTurned: boolean;
  /** It has more than 8 bits a sample. */
  readonly isDeep: boolean;
}

/**
 * Holds an image against the one that a run has seen.
 *
 * @throws {DataError} If it cannot be read. @throws {UserError} If its pixels are others.
 */
export async function assertUnchanged(
  sample: ListedSample,
  { config, lists }: RunFiles,
  seen: Pick<ImageSet, "image" | "size" | "range">,
  place: number,
): Promise<FileTraits> {
  const orientation = orientationOf(config);
  const located = { sample, list: lists.unlabeled.path, root: config.root };
  const { width, height, data, ...file } = await readImage(located, { orientation, range: seen.range });
  const size = seen.size(place), pixels = seen.image(place);
  if (width === size.width && height === size.height && data.every((value, at) => value === pixels[at])) {
    return { isTurned: orientation === "stored" && file.orientation !== 1, isDeep: file.bits > 8 };
  }
  throw new UserError(
    `Cannot take "${sample.image}" of "${config.root}": it is another image than the run has ranked` +
      `${
        width === size.width && height === size.height
          ? ""
          : `, ${width} × ${height} and not ${size.width} × ${size.height}`
      }` +
      `. Train again, so that it is ranked as it is now.`,
  );
}
