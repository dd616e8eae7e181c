/** Where each data set keeps its lists, which classes it has, and how its mask values are read. */
import { findPartition, PartitionError, partitionPaths, readPartition } from "../../partitions/reader.ts";
import { camvidClasses, cityscapesClasses, type ClassList, pascalClasses } from "./classes.ts";
import { DataError, joinPath } from "./errors.ts";
import { messageOf } from "../../pipeline/errors.ts";
import { FileReadError, readFileWhole } from "../../pipeline/files/read_file.ts";
import {
  assertDisjoint,
  type BareNames,
  decodeListText,
  type IdList,
  parseIdList,
  placeOf,
} from "./id_list.ts";
import { isMissing } from "../../pipeline/files/system_error.ts";

/** The data sets that others published, whose layout and classes are known. */
export type PublishedDataset = "pascal" | "cityscapes" | "camvid";

/** Where the lists of a data set are to be found: leaves of `load`. */
export interface ListConfig {
  /** Folder of the data set. */
  readonly root: string;
  /** Published partition, e.g. pascal/366; without it the lists of the folder are used. */
  readonly partition?: string | undefined;
  /** Folder of the published lists. */
  readonly partitions: string;
  /** Id lists of one's own instead of a partition; a role that is left out has the list of the folder. */
  readonly lists?:
    | {
      readonly labeled?: string | undefined;
      readonly unlabeled?: string | undefined;
      readonly validation?: string | undefined;
    }
    | undefined;
  /** Whether the images of the unlabeled list are labeled, too, by the masks that it names. */
  readonly allLabeled: boolean;
  /** CamVid only: every n-th training frame is labeled, the first included; 8 labels 46 of 367. */
  readonly labeledEvery: number;
  /** CamVid only: which of its lists the output validation is read from. */
  readonly evaluateOn: "validation" | "test";
}

/** The same of one data set. */
export interface ListOptions extends ListConfig {
  readonly dataset: PublishedDataset;
  /** Gives the bytes of a list that nobody published: in a stage `context.read`; {@linkcode readFileWhole} by default. */
  readonly read?: typeof readFileWhole | undefined;
}

/** Who is labeled, who is not, and who is evaluated on. */
export interface ResolvedLists {
  readonly labeled: IdList;
  readonly unlabeled: IdList;
  readonly validation: IdList;
  /** The list files that were read. */
  readonly files: readonly string[];
}

/** The classes of a layout, and the mask values that mean "ignored" besides 255. */
export const layouts: Readonly<
  Record<PublishedDataset, { classes: ClassList; ignoredValues: readonly number[] }>
> = {
  pascal: { classes: pascalClasses, ignoredValues: [] },
  cityscapes: { classes: cityscapesClasses, ignoredValues: [] },
  camvid: { classes: camvidClasses, ignoredValues: [11] },
};

/**
 * Finds, reads and checks the lists: a named partition, lists of one's own, or those in the data set's folder.
 *
 * @throws {DataError} If the folder or a list is missing, a list breaks a rule of {@linkcode parseIdList}, or an image is
 *   in two lists.
 */
export async function resolveLists(options: ListOptions): Promise<ResolvedLists> {
  await assertFolder(options.root, options.dataset);
  const lists = await readLists(options);
  assertDisjoint(lists.labeled, "labeled", lists.unlabeled, "unlabeled");
  assertDisjoint(lists.labeled, "labeled", lists.validation, "in validation");
  assertDisjoint(lists.unlabeled, "unlabeled", lists.validation, "in validation");
  return options.allLabeled ? withAllLabeled(lists) : lists;
}

function withAllLabeled({ labeled, unlabeled, ...others }: ResolvedLists): ResolvedLists {
  const bare = unlabeled.samples.find(({ mask }) => mask === undefined);
  if (bare !== undefined) {
    throw new DataError(
      `Cannot label all images: ${
        placeOf(unlabeled, bare)
      } names no mask of "${bare.id}". Set load.allLabeled to false, ` +
        "or take a list with masks.",
    );
  }
  // A line number would be of one of two lists.
  const moved = unlabeled.samples.map(({ line: _, ...sample }) => sample);
  return {
    ...others,
    labeled: { path: `${labeled.path} and ${unlabeled.path}`, samples: [...labeled.samples, ...moved] },
    unlabeled: { ...unlabeled, samples: [] },
  };
}

async function readLists(options: ListOptions): Promise<ResolvedLists> {
  const { dataset, root, partition, lists } = options;
  if (partition !== undefined && lists !== undefined) {
    throw new DataError(
      `Cannot load both the partition "${partition}" and lists of one's own; give one of the two. ` +
        `--set load.partition=null leaves an experiment's partition out.`,
    );
  }
  if (partition !== undefined) return await readPublished(partition, options);
  if (dataset === "camvid") {
    const { labeled, unlabeled, validation } = lists ?? {};
    if (labeled !== undefined && unlabeled !== undefined && validation !== undefined) {
      return await readThree({ labeled, unlabeled, validation }, options);
    }
    if (labeled === undefined && unlabeled === undefined && validation === undefined) {
      return await readCamvid(options);
    }
    throw new DataError(
      "Cannot load camvid with some lists of one's own: it has no three lists of which one could be replaced. Give " +
        "load.lists.labeled, load.lists.unlabeled and load.lists.validation.",
    );
  }
  const folder = joinPath(root, "ImageSets");
  const paths = {
    labeled: lists?.labeled ?? joinPath(folder, "labeled.txt"),
    unlabeled: lists?.unlabeled ?? joinPath(folder, "unlabeled.txt"),
    validation: lists?.validation ?? joinPath(folder, "val.txt"),
  };
  return await readThree(
    paths,
    options,
    `Put the three lists there, or name a partition or lists in the config of load`,
  );
}

async function readPublished(name: string, options: ListOptions): Promise<ResolvedLists> {
  try {
    const partition = findPartition(name);
    if (partition.dataset !== options.dataset) {
      throw new DataError(
        `Cannot load the partition "${name}" of ${partition.dataset} as ${options.dataset}.`,
      );
    }
    const { labeled, unlabeled, validation } = await readPartition(name, options.partitions);
    return {
      labeled: parseIdList(labeled.text, labeled.path, { masks: "required" }),
      unlabeled: parseIdList(unlabeled.text, unlabeled.path, { masks: "optional" }),
      validation: parseIdList(validation.text, validation.path, { masks: "required" }),
      files: Object.values(partitionPaths(partition, options.partitions)),
    };
  } catch (cause) {
    if (cause instanceof PartitionError) throw new DataError(cause.message, { cause });
    throw cause;
  }
}

async function readThree(
  paths: { readonly labeled: string; readonly unlabeled: string; readonly validation: string },
  options: ListOptions,
  remedy?: string,
): Promise<ResolvedLists> {
  return {
    labeled: await readIdList(paths.labeled, "required", options, remedy),
    unlabeled: await readIdList(paths.unlabeled, "optional", options, remedy),
    validation: await readIdList(paths.validation, "required", options, remedy),
    files: [paths.labeled, paths.unlabeled, paths.validation],
  };
}

/** CamVid as SegNet published it: one training list, of which every n-th frame is labeled, the first included. */
async function readCamvid(options: ListOptions): Promise<ResolvedLists> {
  const { root, labeledEvery, evaluateOn } = options;
  const trainPath = joinPath(root, "train.txt");
  const validationPath = joinPath(root, evaluateOn === "test" ? "test.txt" : "val.txt");
  const train = await readIdList(trainPath, "required", options);
  const labeled = train.samples.filter((_, index) => index % labeledEvery === 0);
  const unlabeled = train.samples.filter((_, index) => index % labeledEvery !== 0);
  if (unlabeled.length === 0) {
    throw new DataError(
      `Cannot divide "${trainPath}" by labeling every ${labeledEvery} of its ${train.samples.length} frames: none is left ` +
        `unlabeled. Set load.labeledEvery to 2 or more.`,
    );
  }
  return {
    labeled: { path: trainPath, samples: labeled },
    unlabeled: { path: trainPath, samples: unlabeled },
    validation: await readIdList(validationPath, "required", options),
    files: [trainPath, validationPath],
  };
}

/** Most bytes of an id list: that of a million images is smaller. */
const maximumListBytes = 256 * 2 ** 20;

/**
 * Reads an id list of a data set.
 *
 * @param options `root` and `dataset` say what an id alone stands for.
 * @param remedy What to do if there is no such file.
 * @throws {DataError} If it cannot be read, or breaks a rule of {@linkcode parseIdList}.
 */
export async function readIdList(
  path: string,
  masks: "required" | "optional",
  { dataset, root, read }: Pick<ListOptions, "root" | "read"> & { readonly dataset: string },
  remedy?: string,
): Promise<IdList> {
  const bare = dataset === "pascal" ? pascalNames(root, masks) : undefined;
  return await readListFile(path, masks, { read, bare, remedy });
}

/**
 * Reads the file of an id list.
 *
 * @param options `bare`: what an id alone stands for; `remedy`: what to do if there is no such file.
 * @throws {DataError} If it cannot be read, or breaks a rule of {@linkcode parseIdList}.
 */
export async function readListFile(
  path: string,
  masks: "required" | "optional",
  { read = readFileWhole, bare, remedy = "Check the path in the config of load" }: {
    readonly read?: typeof readFileWhole | undefined;
    readonly bare?: BareNames | undefined;
    readonly remedy?: string | undefined;
  },
): Promise<IdList> {
  let bytes: Uint8Array;
  try {
    bytes = await read(path, maximumListBytes);
  } catch (cause) {
    if (!(cause instanceof FileReadError)) throw cause;
    const way = cause.missing ? remedy : "Check that it is a list";
    throw new DataError(`Cannot read the id list "${path}": ${cause.reason}. ${way}.`, { cause });
  }
  return parseIdList(decodeListText(bytes, path), path, { masks, bare });
}

/**
 * The files of an id of PASCAL: the first of those that projects use which is there. Where none is, the first stands for
 * them in the error, but a mask that may be missing is left out.
 */
function pascalNames(root: string, masks: "required" | "optional"): BareNames {
  const present = (names: readonly string[]) => names.find((name) => exists(joinPath(root, name)));
  return (id) => {
    const images = ["jpg", "jpeg", "png"].map((extension) => `JPEGImages/${id}.${extension}`);
    const labels = ["SegmentationClass", "SegmentationClassAug"].map((folder) => `${folder}/${id}.png`);
    const mask = present(labels) ?? (masks === "required" ? labels[0]! : undefined);
    return { image: present(images) ?? images[0]!, ...(mask === undefined ? {} : { mask }) };
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** @throws {DataError} If there is no folder `root`. */
export async function assertFolder(root: string, dataset: string): Promise<void> {
  const reason = await Deno.stat(root).then(
    (info) => info.isDirectory ? undefined : "it is not a folder",
    (cause) => isMissing(cause) ? "there is no such folder" : messageOf(cause),
  );
  if (reason === undefined) return;
  throw new DataError(
    `Cannot load ${dataset} from "${root}": ${reason}. Name the folder of the data set, e.g. --set load.root=PATH.`,
  );
}
