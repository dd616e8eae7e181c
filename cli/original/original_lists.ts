/** The id lists that a command line of the original names: which published ones they are, if any. @module */
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import type { OriginalData } from "../../configs/original/experiment.ts";
import { type PublishedList, publishedLists } from "../../partitions/lists.ts";
import { type Partition, partitions } from "../../partitions/manifest.ts";
import { FileReadError, readTextWholeSync } from "../../pipeline/files/read_file.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "../experiment/experiment.ts";
import { isFile } from "../../runtime/host/paths.ts";

/** Longest list that is read, bytes; the longest published one has less than 700,000. */
const longest = 1 << 26;
/** Where this project keeps the published lists. */
const projectLists = "partitions/lists";

/** What was found. */
export interface OriginalLists extends OriginalData {
  /** Sentences about where lists were found, for the user. */
  readonly notes: readonly string[];
}

interface ListFile {
  readonly path: string;
  /** Undefined where there is no such file. */
  readonly text: string | undefined;
  /** The published list that it is. */
  readonly published: PublishedList | undefined;
}

/**
 * Finds out what two lists are.
 *
 * Lists that are the published ones of one partition become its name, so that results carry it; others are loaded as they
 * are. A list that is not there is taken by its name from the project's own lists, where its path ends like a published one's.
 *
 * @throws {UsageError} If there is none, it is another data set's, or the two are of two draws of one share.
 */
export function originalLists(
  dataset: Partition["dataset"],
  given: { readonly labeled: string; readonly unlabeled: string },
): OriginalLists {
  const labeled = readList(given.labeled), unlabeled = readList(given.unlabeled);
  const ours = [labeled, unlabeled].map((list) => list.published && partitionOf(list.published));
  for (const [index, partition] of ours.entries()) {
    if (partition === undefined || partition.dataset === dataset) continue;
    const name = index === 0 ? "labeled_id_path" : "unlabeled_id_path";
    throw new UsageError(
      `Cannot train on ${dataset} with --${name}: the list is that of ${partition.name}.`,
    );
  }
  const [first, second] = ours;
  const count = unlabeled.text === undefined ? second!.unlabeled.count : linesIn(unlabeled.text);
  if (first !== undefined && first === second) {
    const folder = folderOf(first, labeled, unlabeled);
    if (folder !== undefined) {
      const partitions = folder === resolve(projectLists) ? {} : { partitions: folder };
      const notes = [labeled, unlabeled].filter(({ text }) => text === undefined)
        .map(({ path }) => `there is no "${path}": ${first.name} is taken from ${projectLists}`);
      return { lists: { partition: first.name, ...partitions }, unlabeled: count, notes };
    }
  }
  for (const list of [labeled, unlabeled]) if (list.text === undefined) throw missing(list.path);
  if (first !== undefined && second !== undefined && first.counterpart === second.name) {
    throw new UsageError(
      `Cannot mix two draws of one share: the labeled list is that of ${first.name} (${first.benchmark}), the unlabeled ` +
        `one that of ${second.name} (${second.benchmark}). Take both from one of them.`,
    );
  }
  const validation = validationList(dataset, labeled.path);
  const notes = first !== undefined && first === second
    ? [`the lists are those of ${first.name} (${first.benchmark}), kept under other names`]
    : ["the lists are no published partition: name them with any result"];
  return {
    lists: { lists: { labeled: labeled.path, unlabeled: unlabeled.path, validation } },
    unlabeled: count,
    notes: [
      ...notes,
      `validation images: "${validation}"; --set load.lists.validation=FILE names others`,
    ],
  };
}

function readList(given: string): ListFile {
  const path = typedPath(given);
  let text: string;
  try {
    text = readTextWholeSync(path, longest).replaceAll("\r\n", "\n");
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    if (!error.missing) throw new UsageError(`Cannot read the list "${path}": ${error.reason}.`);
    // The user may have the original's command line, and the lists only where this project keeps them.
    const published = publishedLists.find((list) =>
      path.replaceAll("\\", "/").endsWith(`/partitions/${list.path}`)
    );
    if (published === undefined) throw missing(path);
    return { path, text: undefined, published };
  }
  const digest = createHash("sha256").update(text).digest("hex");
  return { path, text, published: publishedLists.find(({ sha256 }) => sha256 === digest) };
}

function missing(path: string): UsageError {
  return new UsageError(
    `Cannot read the list "${path}": there is no such file. Get the published lists ("partitions get"), or name ` +
      `lists of your own with --labeled_id_path and --unlabeled_id_path.`,
  );
}

function partitionOf(list: PublishedList): Partition | undefined {
  return partitions.find(({ labeled, unlabeled }) => labeled === list || unlabeled === list);
}

/** The folder of lists that both files lie in under their published names; undefined if there is none. */
function folderOf(partition: Partition, labeled: ListFile, unlabeled: ListFile): string | undefined {
  if (labeled.text === undefined && unlabeled.text === undefined) return resolve(projectLists);
  const root = (file: ListFile, list: PublishedList) =>
    file.text !== undefined && file.path.endsWith(`/${list.path}`)
      ? file.path.slice(0, -list.path.length - 1)
      : undefined;
  const folder = root(labeled, partition.labeled);
  if (folder === undefined || folder !== root(unlabeled, partition.unlabeled)) return undefined;
  return isFile(join(folder, partition.validation.path)) ? folder : undefined;
}

/** The original reads one fixed path below the folder it is started in; lists of one's own have theirs beside them. */
function validationList(dataset: string, labeled: string): string {
  const places = [
    typedPath(`partitions/${dataset}/val.txt`),
    join(dirname(labeled), "val.txt"),
    join(dirname(dirname(labeled)), "val.txt"),
    resolve(projectLists, dataset, "val.txt"),
  ];
  const found = places.find(isFile);
  if (found !== undefined) return found;
  throw new UsageError(
    `Cannot find the validation list: the original reads partitions/${dataset}/val.txt in the folder it is started in; ` +
      `there is none of ${places.map((place) => `"${place}"`).join(", ")}.`,
  );
}

function linesIn(text: string): number {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}
