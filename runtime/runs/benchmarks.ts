/** Which published benchmark an experiment is: two draws of one share are two, and a score is worth nothing without it. @module */
import { partitions } from "../../partitions/manifest.ts";

/** What is read of a node. */
interface LoadingNode {
  readonly stage: string;
  readonly config: unknown;
}

/** A line for each published partition that the nodes load, in their order. */
export function benchmarksOf(nodes: readonly LoadingNode[]): string[] {
  const names = nodes.filter(({ stage }) => stage === "load")
    .map(({ config }) => (config as { partition?: unknown } | null)?.partition);
  return [...new Set(names)].flatMap((name) => {
    const found = partitions.find((partition) => partition.name === name);
    if (found === undefined) return [];
    const { benchmark, finelyLabeled, labeled: { count }, counterpart } = found;
    const other = counterpart === undefined ? "" : `; not ${counterpart}`;
    return [`${benchmark} (${found.name}: ${finelyLabeled} of ${count} finely labeled${other})`];
  });
}
