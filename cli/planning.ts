/** What `plan`, `why` and `dag` share: an experiment planned, with nothing run and nothing written. @module */
import { type Plan, plan } from "../pipeline/mod.ts";
import type { CommandInput, OptionSpec } from "./command.ts";
import { loadExperiment } from "./experiment.ts";
import {
  cacheOf,
  cacheOption,
  experimentName,
  jsonOption,
  overrides,
  seedOption,
  seedsOf,
  setOption,
} from "./options.ts";

/** Options of the planning commands. */
export const planningOptions: readonly OptionSpec[] = [setOption, seedOption, cacheOption, jsonOption];

/** Plans what the command line names. */
export async function planOf(input: CommandInput, options: { why: boolean }): Promise<Plan> {
  const pipeline = await loadExperiment(experimentName(input));
  const graph = pipeline.build(overrides(input));
  return await plan(graph, { cache: cacheOf(input), seed: seedsOf(input)[0]!, why: options.why });
}
