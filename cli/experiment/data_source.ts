/** Data named on the command line: an experiment's, or a folder whose layout is told by what lies in it. @module */
import { join } from "node:path";
import { type GraphNode, type Override, type Pipeline, pipeline } from "../../pipeline/mod.ts";
import type { PublishedDataset } from "../../stages/datasets/layouts.ts";
import { load } from "../../stages/load.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "./experiment.ts";
import { loadExperiment } from "./load_experiment.ts";
import { isFolder } from "../../runtime/host/paths.ts";

/** What tells a layout. */
const marks: readonly (readonly [PublishedDataset, string])[] = [
  ["pascal", "JPEGImages"],
  ["cityscapes", "leftImg8bit"],
  ["camvid", "trainannot"],
];

/**
 * The nodes that load the data that `given` names.
 *
 * @param given An experiment, or the folder of a data set.
 * @throws {UsageError} If there is no such data.
 */
export async function dataNodes(
  given: string,
  overrides: readonly Override[],
): Promise<readonly GraphNode[]> {
  const folder = typedPath(given);
  if (/[/\\]$|[/\\][^./\\]*$/.test(given) && !isFolder(folder)) {
    throw new UsageError(`Cannot find the data "${given}": there is no folder "${folder}".`);
  }
  const source = isFolder(folder) ? folderPipeline(folder) : await loadExperiment(given);
  const { nodes } = source.build(overrides);
  const found = nodes.filter(({ stage }) => stage === load.definition);
  if (found.length > 0) return found;
  throw new UsageError(`Cannot find the data of "${given}": it has no stage "${load.definition.name}".`);
}

function folderPipeline(root: string): Pipeline {
  const found = marks.find(([, mark]) => isFolder(join(root, mark)));
  if (found !== undefined) return pipeline("data", () => load({ dataset: found[0], root }));
  const wanted = marks.map(([dataset, mark]) => `${mark}/ (${dataset})`).join(", ");
  throw new UsageError(`Cannot tell the layout of "${root}": it holds none of ${wanted}.`);
}
