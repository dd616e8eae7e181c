/** What `predict` is to label: image files, folders of them, or a list of a data set. @module */
import { basename, join, resolve } from "node:path";
import { didYouMean, messageOf, type Override, UserError } from "../pipeline/mod.ts";
import { toRgb } from "../stages/codecs/image.ts";
import { decodeJpeg } from "../stages/codecs/jpeg.ts";
import { decodePng } from "../stages/codecs/png.ts";
import { type Pixels, readImage } from "../stages/datasets/decode_sample.ts";
import { joinPath } from "../stages/datasets/errors.ts";
import { type IdList, parseIdList } from "../stages/datasets/id_list.ts";
import { resolveLists } from "../stages/datasets/layouts.ts";
import type { LoadConfig } from "../stages/load.ts";
import { dataNodes } from "./data_source.ts";
import { UsageError } from "./errors.ts";
import { typedPath } from "./experiment.ts";

/** An image to be labeled. */
export interface PredictionSource {
  /** What its folder is called after. */
  readonly name: string;
  /** Path of the image. */
  readonly image: string;
  /** Path of its true labels, where a list names them. */
  readonly mask?: string;
  /** Decodes it. */
  read(): Promise<Pixels>;
}

const isImage = (name: string) => /\.(?:jpe?g|png)$/i.test(name);
const stem = (path: string) => basename(path).replace(/\.[^.]+$/, "");

/**
 * Image files as typed, and those in folders as typed, sorted by name.
 * @throws {UsageError} If there is nothing at a path, or a folder holds no image.
 */
export async function fileSources(typed: readonly string[]): Promise<PredictionSource[]> {
  const paths: string[] = [];
  for (const given of typed) {
    const path = typedPath(given);
    const info = await Deno.stat(path).catch(() => undefined);
    if (info === undefined) throw new UsageError(`Cannot predict "${given}": there is no file "${path}".`);
    if (!info.isDirectory) {
      paths.push(path);
      continue;
    }
    const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).filter(isImage).sort();
    if (names.length === 0) {
      throw new UsageError(
        `Cannot predict "${given}": the folder holds no .jpg, .jpeg or .png. For a data set use --data ${given}.`,
      );
    }
    paths.push(...names.map((name) => join(path, name)));
  }
  return paths.map((path) => ({ name: stem(path), image: path, read: () => readPicture(path) }));
}

const roles = ["validation", "labeled", "unlabeled"] as const;

/**
 * The images of a data set's list.
 *
 * @param data An experiment, or the folder of a data set.
 * @param list One of the three lists of the data set, or the path of an id list within it.
 * @throws {UsageError} If there is no such data or list. @throws {DataError} If a list breaks its rules.
 */
export async function dataSources(
  data: string,
  list: string,
  overrides: readonly Override[],
): Promise<PredictionSource[]> {
  const [node] = await dataNodes(data, overrides);
  const { dataset, ...config } = node!.config as LoadConfig;
  if (dataset === "shapes") {
    throw new UsageError(
      `Cannot predict the images of "${data}": they are drawn, not read from files. Name a folder, or an experiment on one.`,
    );
  }
  const { path, samples } = await findList(list, () => resolveLists({ ...config, dataset }));
  const { root } = config;
  const absolute = (name: string) => resolve(joinPath(root, name));
  return samples.map((sample) => ({
    name: stem(sample.image),
    image: absolute(sample.image),
    ...(sample.mask === undefined ? {} : { mask: absolute(sample.mask) }),
    read: () => readImage({ sample, list: path, root }),
  }));
}

async function findList(
  given: string,
  lists: () => Promise<Readonly<Record<(typeof roles)[number], IdList>>>,
): Promise<IdList> {
  const role = roles.find((known) => known === given);
  if (role !== undefined) return (await lists())[role];
  const path = typedPath(given);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const guess = didYouMean(given, roles);
    throw new UsageError(`Cannot find the list "${given}": ${messageOf(error)}. ${guess} Or name a file.`);
  }
  return parseIdList(text, path, { masks: "optional" });
}

async function readPicture(path: string): Promise<Pixels> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new UserError(`Cannot read the image "${path}": ${messageOf(error)}`, { cause: error });
  }
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const image = isPng ? decodePng(bytes, path) : await decodeJpeg(bytes, path);
  return { width: image.width, height: image.height, data: toRgb(image) };
}
