/** Two experiments held against each other, leaf by leaf. @module */
import { type Graph, leaves, type Pipeline } from "../../pipeline/mod.ts";
import { experimentNames } from "../experiment/experiment.ts";
import { loadExperiment } from "../experiment/load_experiment.ts";

/** A leaf that differs. */
export interface LeafDifference {
  /** `stage.leaf`. */
  readonly leaf: string;
  /** JSON; undefined where the leaf is not set. */
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

/** What two experiments have in common, and what not. */
export interface Comparison {
  /** Name of the other experiment. */
  readonly with: string;
  /** Leaves that are equal, by `stage.leaf`. */
  readonly equal: readonly string[];
  readonly differences: readonly LeafDifference[];
  /** Stages that only one of the two has. */
  readonly onlyOurs: readonly string[];
  readonly onlyTheirs: readonly string[];
}

/** Compares two graphs; the other's name is its own. */
function compareGraphs(ours: Graph, theirs: Graph): Comparison {
  const ids = (graph: Graph) => graph.nodes.map(({ id }) => id);
  const shared = ids(ours).filter((id) => ids(theirs).includes(id));
  const mine = leavesOf(ours, shared), other = leavesOf(theirs, shared);
  const names = [...new Set([...mine.keys(), ...other.keys()])];
  return {
    with: theirs.name,
    equal: names.filter((name) => mine.get(name) === other.get(name)),
    differences: names.filter((name) => mine.get(name) !== other.get(name))
      .map((leaf) => ({ leaf, ours: mine.get(leaf), theirs: other.get(leaf) })),
    onlyOurs: ids(ours).filter((id) => !shared.includes(id)),
    onlyTheirs: ids(theirs).filter((id) => !shared.includes(id)),
  };
}

function leavesOf({ nodes }: Graph, ids: readonly string[]): Map<string, string> {
  return new Map(
    nodes.filter(({ id }) => ids.includes(id)).flatMap(({ id, config }) =>
      leaves(config).map(({ name, value }): [string, string] => [`${id}.${name}`, JSON.stringify(value)])
    ),
  );
}

/** The experiment of `configs/` nearest to a graph: the same data set and partition if any has them, then fewest differences. */
export async function nearestExperiment(ours: Graph): Promise<Comparison> {
  const found: { readonly distance: number; readonly comparison: Comparison }[] = [];
  for (const name of await experimentNames()) {
    const pipeline: Pipeline = await loadExperiment(name);
    const comparison = compareGraphs(ours, pipeline.build());
    const differs = (leaf: string) =>
      comparison.differences.some((difference) => difference.leaf === leaf) ? 1 : 0;
    const distance = 1e6 * differs("load.dataset") + 1e3 * differs("load.partition") +
      comparison.differences.length;
    found.push({ distance, comparison });
  }
  return found.reduce((best, next) => next.distance < best.distance ? next : best).comparison;
}
