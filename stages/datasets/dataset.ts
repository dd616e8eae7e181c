/** A data set of files: its classes, who is labeled, and how its masks are read. @module */
import type { readFileWhole } from "../../pipeline/files/read_file.ts";
import type { Turning } from "../codecs/picture.ts";
import type { ClassList } from "./classes.ts";
import type { RangeChoice } from "./deep_range.ts";
import { folderClasses } from "./folder/class_list.ts";
import type { FolderConfig } from "./folder/config.ts";
import { markLabeling } from "./folder/labeling.ts";
import { resolveRoles } from "./folder/roles.ts";
import { indexLabeling, type Labeling } from "./labeling.ts";
import {
  layouts,
  type ListConfig,
  type PublishedDataset,
  type ResolvedLists,
  resolveLists,
} from "./layouts.ts";

/** What a data set of files depends on: leaves of `load`. */
export interface FilesConfig extends ListConfig, FolderConfig {
  readonly dataset: PublishedDataset | "folder";
  /** Whether images and masks are turned as EXIF says; as is usual for the data set, if it is left out. */
  readonly orientation?: Turning | undefined;
  /** Which values become black and white, of images of more than 8 bits. */
  readonly range: RangeChoice;
}

/** A data set, as far as it is known without its pictures. */
export interface Dataset {
  readonly classes: ClassList;
  readonly labeling: Labeling;
  readonly lists: ResolvedLists;
  /** Whether its images and masks are turned as EXIF says. */
  readonly orientation: Turning;
  /** What a user should know of how the roles came about. */
  readonly notes: readonly string[];
}

/** The classes, which need no file. */
export function classesOf(
  { dataset, classes, colors }: Pick<FilesConfig, "dataset" | "classes" | "colors">,
): ClassList {
  return dataset === "folder" ? folderClasses(classes ?? [], colors) : layouts[dataset].classes;
}

/** How masks are read. */
export function labelingOf(config: Pick<FilesConfig, "dataset" | "classes" | "colors" | "ignore">): Labeling {
  if (config.dataset === "folder") return markLabeling(config.classes ?? [], config.ignore);
  const { classes, ignoredValues } = layouts[config.dataset];
  return indexLabeling(classes, ignoredValues);
}

/** Whether pictures are turned as EXIF says, which those who published data sets did not look at. */
export function orientationOf(
  { dataset, orientation }: Pick<FilesConfig, "dataset" | "orientation">,
): Turning {
  return orientation ?? (dataset === "folder" ? "upright" : "stored");
}

/**
 * Finds a data set's lists, or the images of a folder, and gives each its role.
 *
 * @param read Gives the bytes of a list: in a stage `context.read`.
 * @throws {DataError} If something is missing, breaks a rule, or is in two lists.
 */
export async function openDataset(config: FilesConfig, read?: typeof readFileWhole): Promise<Dataset> {
  const common = {
    classes: classesOf(config),
    labeling: labelingOf(config),
    orientation: orientationOf(config),
  };
  if (config.dataset === "folder") {
    const { notes, ...lists } = await resolveRoles({ ...config, read });
    return { ...common, lists, notes };
  }
  return { ...common, lists: await resolveLists({ ...config, dataset: config.dataset, read }), notes: [] };
}
