/** Data named on the command line: an experiment's, or a folder whose layout is told by what lies in it. @module */
import { join } from "node:path";
import { type GraphNode, type Override, type Pipeline, pipeline } from "../../pipeline/mod.ts";
import type { PublishedDataset } from "../../stages/datasets/layouts.ts";
import { load, type LoadInput } from "../../stages/load.ts";
import { type FolderLook, lookAt, proposedClasses } from "../../stages/survey/look.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "./experiment.ts";
import { loadExperiment } from "./load_experiment.ts";
import { givesData } from "./own_data.ts";
import { exists, isFolder } from "../../runtime/host/paths.ts";

/** What tells a published layout, and the folder or file of its lists. */
const marks: readonly (readonly [dataset: PublishedDataset, folder: string, lists: string])[] = [
  ["pascal", "JPEGImages", "ImageSets"],
  ["cityscapes", "leftImg8bit", "ImageSets"],
  ["camvid", "trainannot", "train.txt"],
];
/** Most masks that are looked at for their classes. */
const mostMasks = 200;

/**
 * The nodes that load the data that `given` names: known by what they give, whatever they are called.
 *
 * @param given An experiment, or the folder of a data set.
 * @param inherited Overrides of a run of it: those of these nodes come before `overrides`, the others are left out.
 * @throws {UsageError} If there is no such data.
 */
export async function dataNodes(
  given: string,
  overrides: readonly Override[],
  inherited: readonly Override[] = [],
): Promise<readonly GraphNode[]> {
  const folder = typedPath(given);
  if (/[/\\]$|[/\\][^./\\]*$/.test(given) && !isFolder(folder)) {
    throw new UsageError(`Cannot find the data "${given}": there is no folder "${folder}".`);
  }
  const source = isFolder(folder) ? await folderPipeline(folder) : await loadExperiment(given);
  const ids = source.build().nodes.filter(givesData).map(({ id }) => id);
  const found = source.build([...inherited.filter(({ stage }) => ids.includes(stage)), ...overrides])
    .nodes.filter(givesData);
  if (found.length > 0) return found;
  throw new UsageError(`Cannot find the data of "${given}": it has no stage that gives labeled images.`);
}

async function folderPipeline(root: string): Promise<Pipeline> {
  const found = marks.find(([, folder, lists]) => isFolder(join(root, folder)) && exists(join(root, lists)));
  if (found !== undefined) return pipeline("data", () => load({ dataset: found[0], root }));
  const look = await lookAt(root, { images: 0, masks: mostMasks });
  const input = proposedInput(look);
  if (input !== undefined) return pipeline("data", () => load({ dataset: "folder", root, ...input }));
  const wanted = marks.map(([dataset, folder, lists]) => `${folder}/ and ${lists} (${dataset})`).join(", ");
  throw new UsageError(
    `Cannot tell the layout of "${root}": it holds none of ${wanted}, and neither masks of its pictures, as images/x.jpg and ` +
      `masks/x.png are, nor annotations. Name an experiment that says what is where.`,
  );
}

/** What a folder of one's own seems to be; undefined where no image is labeled. */
function proposedInput(look: FolderLook): LoadInput | undefined {
  const { training, validation, annotated } = look;
  if (annotated !== undefined && annotated.labels.size > 0) {
    const { format, path, images, labels } = annotated;
    return {
      images,
      annotations: { format, path },
      classes: ["background", ...labels.keys()],
      ...(annotated.validation === undefined ? {} : { validation: { images: annotated.validation } }),
    };
  }
  if (training === undefined || look.values === undefined) return undefined;
  const { classes, ignore } = proposedClasses(look);
  return {
    ...training.patterns,
    classes: Object.entries(classes),
    ignore,
    ...(validation === undefined ? {} : { validation: validation.patterns }),
  };
}
