/** The experiment of a folder: what was proposed, as `load` takes it, and as the file says it. @module */
import { basename, dirname, relative } from "node:path";
import type { OwnExperiment } from "../../configs/own/experiment_file.ts";
import { type Leaf, ownSettings } from "../../configs/own/settings.ts";
import { type Dataset, type FilesConfig, openDataset } from "../../stages/datasets/dataset.ts";
import { parseConfig } from "../../pipeline/language/schema.ts";
import { load, type LoadConfig, type LoadInput } from "../../stages/load.ts";
import { joinPath } from "../../stages/datasets/errors.ts";
import type { AnnotatedLook } from "../../stages/survey/annotated.ts";
import type { FolderLook } from "../../stages/survey/look.ts";
import type { DataRole } from "../../stages/survey/role_survey.ts";
import type { Proposal } from "./proposal.ts";

/** The data, as a training will have them. */
export interface OpenedFolder {
  readonly config: LoadConfig & FilesConfig;
  readonly dataset: Dataset;
}

/**
 * Opens a folder by what was proposed: each image gets its role.
 *
 * @throws {ConfigError} If the proposal breaks a rule of `load`. @throws {DataError} If there are fewer images than it wants.
 */
export async function openFolder(look: FolderLook, proposal: Proposal): Promise<OpenedFolder> {
  const leaves = loadLeaves(look, proposal, (path) => joinPath(look.root, path));
  const input: LoadInput = {
    dataset: "folder",
    root: look.root,
    ...Object.fromEntries(leaves.map(([name, value]) => [name, value])),
  };
  const config = parseConfig(load.definition.config, input, "load") as LoadConfig & FilesConfig;
  return { config, dataset: await openDataset(config) };
}

/**
 * The whole file.
 *
 * @param pixels Of each class, in the masks that were looked at.
 */
export function ownExperiment(
  look: FolderLook,
  proposal: Proposal,
  roles: Readonly<Record<DataRole, number>>,
  pixels: readonly number[],
  file: string,
): OwnExperiment {
  const { labeled, unlabeled, validation } = roles;
  const hasUnlabeled = unlabeled > 0;
  const data = relative(dirname(file), look.root).replaceAll("\\", "/") || ".";
  return {
    name: nameOf(look.root),
    about: [
      `When "start" wrote this, there were ${labeled} labeled, ${unlabeled} unlabeled and ${validation} scored images. All of it ` +
      `is yours to change.`,
      "",
      hasUnlabeled
        ? "Whether the unlabeled images help here, compare tells, which trains by the labels alone, too."
        : "No image is without a label, so it learns from the labels alone.",
    ],
    load: loadLeaves(look, proposal, (path) => data === "." ? path : joinPath(data, path)),
    settings: ownSettings({ unlabeled, side: look.side, frequent: frequentOf(pixels) }),
    hasUnlabeled,
    data,
  };
}

/** The classes with more than their share of the pixels: of four classes, those with more than a fourth. */
function frequentOf(pixels: readonly number[]): number[] {
  const all = pixels.reduce((sum, count) => sum + count, 0);
  return pixels.flatMap((count, label) => count * pixels.length > all ? [label] : []);
}

/** @param listAt Where a list is, as it is to be written. */
function loadLeaves(look: FolderLook, proposal: Proposal, listAt: (path: string) => string): Leaf[] {
  const { ignore, labeled, validation, lists } = proposal;
  return [
    ...(look.annotated === undefined ? maskLeaves(look) : annotationLeaves(look.annotated, proposal)),
    ["classes", classesValue(proposal), classesWhy(look)],
    ...(ignore.length === 0
      ? []
      : [["ignore", ignore, "What counts for nothing in the masks, in training and in scores."] as const]),
    ...(labeled === undefined ? [] : [
      [
        "labeled",
        labeled,
        "How many of the images with a mask are labeled; the others are unlabeled.",
      ] as const,
    ]),
    lists === undefined ? ["validation", apartOf(look) ?? validation, validationWhy(look, proposal)] : [
      "lists",
      Object.fromEntries(Object.entries(lists).map(([role, path]) => [role, listAt(path)])),
      "The lists that say which images are labeled and which are scored.",
    ],
  ];
}

function maskLeaves({ training }: FolderLook): Leaf[] {
  const { images, masks } = training!.patterns;
  return [
    ["images", images, "Where the photographs are, and where their masks; those without are unlabeled."],
    ["masks", masks, ""],
  ];
}

function annotationLeaves({ format, path, images }: AnnotatedLook, { labels }: Proposal): Leaf[] {
  const isPlain = path.length === 0 && Object.keys(labels).length === 0;
  const value = isPlain ? format : {
    format,
    ...(path.length === 0 ? {} : { path: path.length === 1 ? path[0] : path }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  return [
    ["images", images, "Where the photographs are; those that nobody has annotated are unlabeled."],
    [
      "annotations",
      value,
      "The shapes that were drawn; what is corrected there is seen by the next training.",
    ],
  ];
}

/** The folders of images that are scored, if they have some. */
function apartOf({ validation, annotated }: FolderLook): unknown {
  if (annotated?.validation !== undefined) return { images: annotated.validation };
  return validation?.patterns;
}

function classesWhy({ annotated }: FolderLook): string {
  return annotated === undefined
    ? "The classes, and what each is in the masks. Rename them at will."
    : "The classes: what lies in no shape, and the labels of the shapes.";
}

function classesValue({ classes }: Proposal): unknown {
  if (classes.every(([, marks], label) => marks === label)) return classes.map(([name]) => name);
  // A key that is a number would come before all others.
  return classes.some(([name]) => /^\d+$/.test(name)) ? classes : Object.fromEntries(classes);
}

function validationWhy(look: FolderLook, { validation }: Proposal): string {
  if (apartOf(look) !== undefined) return "The images that are scored.";
  if (validation === null) {
    return "No image is kept for scoring; 0.2 would keep a fifth of those with a mask.";
  }
  return "How many of the images with a mask are kept for scoring; always the same.";
}

/** A pipeline's name, of a folder's. */
function nameOf(root: string): string {
  const name = basename(root).normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 60);
  return name.replaceAll(/^-+|-+$/g, "") || "my-folder";
}
