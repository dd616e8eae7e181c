/** Id lists in which images that are to be labeled next are labeled. @module */
import { formatIdList, type ListedSample } from "../../stages/datasets/id_list.ts";
import { resultNameOf, type RunFiles } from "../experiment/run_files.ts";

/**
 * The lists by name: the chosen images; those that are labeled now, and the chosen; the unlabeled ones without the chosen; those
 * that are scored, so that they stay the same. One that would be empty is left out.
 *
 * @param chosen Ids.
 * @throws {DataError} If a path cannot stand in a list.
 */
export function listsWith(chosen: readonly string[], { config, lists }: RunFiles): Map<string, string> {
  const { labeled, unlabeled, validation } = lists, isFolder = config.dataset === "folder";
  const byId = new Map(unlabeled.samples.map((sample) => [sample.id, sample]));
  const next = chosen.map((id) => byId.get(id)!), taken = new Set(chosen);
  // Scored images that have a folder of their own are found there, and by no list.
  const isApart = isFolder && typeof config.validation === "object";
  const found: Record<string, readonly ListedSample[]> = {
    "next.txt": next,
    "labeled.txt": [...labeled.samples, ...next],
    "unlabeled.txt": unlabeled.samples.filter(({ id }) => !taken.has(id)),
    "validation.txt": isApart ? [] : validation.samples,
  };
  // A folder's masks are found by its patterns, also those that will be drawn; a layout's stand in its lists.
  const line = ({ image, mask }: ListedSample) =>
    isFolder || mask === undefined ? { image } : { image, mask };
  const filled = Object.entries(found).filter(([, samples]) => samples.length > 0);
  const keyOf = isFolder ? (image: string) => resultNameOf({ id: image, image }, config) : undefined;
  return new Map(filled.map(([name, samples]) => [name, formatIdList(samples.map(line), keyOf)]));
}
