/** What `predict` is to label: image files, folders of them, or a list of a data set. @module */
import { dirname, resolve } from "node:path";
import { type Cache, didYouMean, type Override } from "../../pipeline/mod.ts";
import { FileReadError, fileSize, readFileWhole } from "../../pipeline/files/read_file.ts";
import { decodingBudget, type Range } from "../../stages/codecs/image.ts";
import { decodePicture, type Picture } from "../../stages/codecs/picture.ts";
import { assertReadable, readImage } from "../../stages/datasets/decode_sample.ts";
import { joinPath } from "../../stages/datasets/errors.ts";
import type { IdList } from "../../stages/datasets/id_list.ts";
import { type FilesConfig, openDataset, orientationOf } from "../../stages/datasets/dataset.ts";
import { readIdList } from "../../stages/datasets/layouts.ts";
import type { ImageSet } from "../../stages/datasets/samples.ts";
import { load, type LoadConfig } from "../../stages/load.ts";
import { findFiles } from "../../stages/datasets/folder/walk.ts";
import { type ResultName, resultNames } from "../predictions/names.ts";
import { dataNodes } from "./data_source.ts";
import { imagesOf } from "./own_data.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "./experiment.ts";

/** An image to be labeled. */
export interface PredictionSource extends ResultName {
  /** Absolute path of the image. */
  readonly image: string;
  /** Path of its true labels, where a list names them. */
  readonly mask?: string;
  /** Absolute path of a copy that is annotated in the image's place. */
  readonly copy?: string;
  /**
   * Decodes it.
   * @param range Which values are black and white to the network, of images of more than 8 bits.
   */
  read(range?: Range): Promise<Picture>;
}

/**
 * Image files as typed, and those in folders as typed and in the folders below, by name; each once. Folders of results, of
 * this command and of runs, are left out.
 *
 * @throws {UsageError} If there is nothing at a path, or what cannot be read, or a folder holds no image.
 */
export async function fileSources(typed: readonly string[]): Promise<PredictionSource[]> {
  const images = new Set<string>(), folders: string[] = [];
  for (const given of typed) {
    const path = resolve(typedPath(given));
    if (!(await Deno.stat(path).catch(() => undefined))?.isDirectory) {
      await reading(() => fileSize(path, decodingBudget));
      folders.push(dirname(path));
      images.add(path);
      continue;
    }
    const found = findFiles(path, [""]).pictures.map((name) => resolve(path, name));
    if (found.length === 0) {
      throw new UsageError(
        `Cannot predict "${given}": neither the folder nor one below it holds a picture. For a data set use --data ${given}.`,
      );
    }
    folders.push(path);
    found.forEach((image) => images.add(image));
  }
  const all = [...images], names = resultNames(all, folders);
  return all.map((image, index) => ({
    ...names[index]!,
    image,
    // As a person sees a photograph.
    read: async (range) =>
      await decodePicture(await reading(() => readFileWhole(image, decodingBudget)), image, {
        orientation: "upright",
        range,
      }),
  }));
}

const roles = ["validation", "labeled", "unlabeled"] as const;

/**
 * The images of a data set's list.
 *
 * @param data An experiment, or the folder of a data set.
 * @param list One of the three lists of the data set, or the path of an id list within it; of a stage of one's own, the
 *   output that has them.
 * @param cache Where what such a stage makes is kept.
 * @throws {UsageError} If there is no such data or list. @throws {DataError} If a list breaks its rules.
 */
export async function dataSources(
  data: string,
  list: string,
  overrides: readonly Override[],
  cache: Cache,
): Promise<PredictionSource[]> {
  const [node] = await dataNodes(data, overrides);
  if (node!.stage.name !== load.definition.name) return setSources(await imagesOf(node!, list, cache));
  const { dataset, ...config } = node!.config as LoadConfig;
  if (dataset === "shapes") {
    throw new UsageError(
      `Cannot predict the images of "${data}": they are drawn, not read from files. Name a folder, or an experiment on one.`,
    );
  }
  const { root } = config;
  const { path, samples } = await findList(list, { ...config, dataset });
  for (const sample of samples) assertReadable("image", { sample, list: path, root });
  const absolute = (name: string) => resolve(joinPath(root, name));
  const images = samples.map((sample) => absolute(sample.image));
  const names = resultNames(images, images.map((image) => dirname(image)));
  return samples.map((sample, index) => ({
    ...names[index]!,
    image: images[index]!,
    ...(sample.mask === undefined ? {} : { mask: absolute(sample.mask) }),
    read: (range) =>
      readImage({ sample, list: path, root }, { orientation: orientationOf({ ...config, dataset }), range }),
  }));
}

/** The images of a set, called by their ids. */
function setSources(set: ImageSet): PredictionSource[] {
  const top = resolve("/"), names = resultNames(set.ids.map((id) => resolve(top, id)), [top]);
  return set.ids.map((id, index) => ({
    ...names[index]!,
    image: id,
    read: () => Promise.resolve({ ...set.size(index), data: set.image(index), orientation: 1, bits: 8 }),
  }));
}

async function findList(given: string, options: FilesConfig): Promise<IdList> {
  const role = roles.find((known) => known === given);
  if (role !== undefined) return (await openDataset(options)).lists[role];
  const path = typedPath(given);
  if (await Deno.lstat(path).then(() => true, () => false)) {
    return await readIdList(path, "optional", options);
  }
  throw new UsageError(
    `Cannot find the list "${given}": there is no file "${path}". ${
      didYouMean(given, roles)
    } Or name a file.`,
  );
}

/** Runs what reads an image that was named on the command line. */
async function reading<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    const reason = error.missing ? `there is no file "${error.path}"` : error.reason;
    throw new UsageError(`Cannot predict "${error.path}": ${reason}.`);
  }
}
