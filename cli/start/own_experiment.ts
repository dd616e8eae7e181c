/** The experiment of a folder: what was proposed, as `load` takes it, and as the file says it. @module */
import { basename, dirname, relative } from "node:path";
import type { OwnExperiment } from "../../configs/own/experiment_file.ts";
import { DataFile, type Leaf, ownSettings } from "../../configs/own/settings.ts";
import { type FilesConfig, openDataset } from "../../stages/datasets/dataset.ts";
import { parseConfig } from "../../pipeline/language/schema.ts";
import { load, type LoadConfig, type LoadInput } from "../../stages/load.ts";
import { joinPath } from "../../stages/datasets/errors.ts";
import type { FolderLook } from "../../stages/survey/look.ts";
import type { FoundLists } from "../../stages/survey/recognize.ts";
import { countsOf } from "../../stages/survey/survey.ts";
import type { Proposal } from "./proposal.ts";

/** Who is who, as `load` will have it. */
export interface Roles {
  readonly labeled: number;
  readonly unlabeled: number;
  readonly validation: number;
  /** How that came about. */
  readonly notes: readonly string[];
}

/**
 * Gives each image its role, as a training will.
 *
 * @throws {ConfigError} If the proposal breaks a rule of `load`. @throws {DataError} If there are fewer images than it wants.
 */
export async function rolesOf(look: FolderLook, proposal: Proposal): Promise<Roles> {
  const { lists, ...leaves } = Object.fromEntries(
    loadLeaves(look, proposal).map(([name, value]) => [name, value]),
  );
  const input: LoadInput = {
    dataset: "folder",
    root: look.root,
    ...leaves,
    ...(lists === undefined ? {} : { lists: absolute(lists as Record<string, DataFile>, look.root) }),
  };
  const config: LoadConfig = parseConfig(load.definition.config, input, "load");
  const { notes, ...dataset } = await openDataset(config as LoadConfig & FilesConfig);
  return { ...countsOf(dataset.lists), notes };
}

function absolute(files: Readonly<Record<string, DataFile>>, root: string): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([role, { path }]) => [role, joinPath(root, path)]));
}

/** The whole file. */
export function ownExperiment(
  look: FolderLook,
  proposal: Proposal,
  roles: Roles,
  file: string,
): OwnExperiment {
  const { labeled, unlabeled, validation } = roles;
  const hasUnlabeled = unlabeled > 0;
  return {
    name: nameOf(look.root),
    about: [
      `When "start" wrote this, there were ${labeled} labeled, ${unlabeled} unlabeled and ${validation} scored images. All of it ` +
      `is yours to change.`,
      ...(hasUnlabeled ? [] : ["", "No image is without a label, so it learns from the labels alone."]),
    ],
    load: loadLeaves(look, proposal),
    settings: ownSettings({ labeled, unlabeled, side: look.side }),
    hasUnlabeled,
    data: relative(dirname(file), look.root).replaceAll("\\", "/") || ".",
  };
}

function loadLeaves(look: FolderLook, proposal: Proposal): Leaf[] {
  const { images, masks } = look.training!.patterns;
  const { ignore, labeled, validation, lists } = proposal;
  return [
    ["images", images, "Where the photographs are, and where their masks; those without are unlabeled."],
    ["masks", masks, ""],
    ["classes", classesValue(proposal), "The classes, and what each is in the masks. Rename them at will."],
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
    lists === undefined
      ? ["validation", look.validation?.patterns ?? validation, validationWhy(look, proposal)]
      : ["lists", dataFiles(lists), "The lists that say which images are labeled and which are scored."],
  ];
}

function dataFiles(lists: FoundLists): Record<string, DataFile> {
  return Object.fromEntries(Object.entries(lists).map(([role, path]) => [role, new DataFile(path)]));
}

function classesValue({ classes }: Proposal): unknown {
  if (classes.every(([, marks], label) => marks === label)) return classes.map(([name]) => name);
  // A key that is a number would come before all others.
  return classes.some(([name]) => /^\d+$/.test(name)) ? classes : Object.fromEntries(classes);
}

function validationWhy(look: FolderLook, { validation }: Proposal): string {
  if (look.validation !== undefined) return "The images that are scored, and their masks.";
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
