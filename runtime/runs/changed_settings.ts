/** What a run's `--set` change of its experiment. @module */
import { type Graph, leaves, type Pipeline, UserError } from "../../pipeline/mod.ts";
import type { RunRecord } from "./run_folder.ts";

/**
 * The settings of a graph that are not those of the experiment as it is written; undefined where that cannot be built by itself,
 * as something has to be set.
 */
export function changedSettings(pipeline: Pipeline, graph: Graph): RunRecord["changed"] {
  let plain: Graph;
  try {
    plain = pipeline.build([]);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
  const before = settingsOf(plain), after = settingsOf(graph);
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .map((name) => ({ name, from: before.get(name), to: after.get(name) }))
    .filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to));
}

function settingsOf({ nodes }: Graph): Map<string, unknown> {
  return new Map(
    nodes.flatMap(({ id, config }) => leaves(config).map(({ name, value }) => [`${id}.${name}`, value])),
  );
}
