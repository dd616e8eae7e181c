/** What `plan`, `why` and `dag` share: an experiment planned, with nothing run and nothing written. @module */
import { type Graph, type Plan, plan } from "../../pipeline/mod.ts";
import type { CommandInput, OptionSpec } from "../terminal/command.ts";
import { loadExperiment } from "./load_experiment.ts";
import { cacheOf, experimentName, overrides, seedsOf, shared } from "../terminal/options.ts";
import { table } from "../terminal/text.ts";

/** Options of the planning commands. */
export const planningOptions: readonly OptionSpec[] = [shared.set, shared.seed, shared.cache, shared.json];

/** The graph of the experiment that a command line names, with all its `--set`. */
export async function graphOf(input: CommandInput): Promise<Graph> {
  return (await loadExperiment(experimentName(input))).build(overrides(input));
}

/** Plans what the command line names. */
export async function planOf(input: CommandInput, options: { why: boolean }): Promise<Plan> {
  const graph = await graphOf(input);
  return await plan(graph, { cache: cacheOf(input), seed: seedsOf(input)[0]!, why: options.why });
}

/** A plan's stages with their states and keys, as a table. */
export function stagesTable({ nodes }: Plan): string {
  const rows = nodes.map(({ id, stage, state, key }) => [
    id,
    stage,
    state === "miss" ? "runs" : state === "hit" ? "in the cache" : "waits",
    key?.slice(0, 12) ?? "",
  ]);
  return table(["stage id", "stage", "state", "key"], rows);
}
