/** What published experiments are held to: leaves against numbers written out. @module */
import { loadExperiment } from "../../cli/experiment/load_experiment.ts";

/** What experiments say of their stages. */
export interface Leaves {
  readonly load: Record<string, unknown>;
  readonly augment: Record<string, unknown>;
  readonly evaluate: Record<string, unknown>;
  readonly "co-train": Record<string, unknown> & { readonly method: Record<string, unknown> };
}

/** The configs of an experiment, by the ids of its stages. */
export async function configsOf(name: string): Promise<Leaves> {
  const { nodes } = (await loadExperiment(name)).build();
  return Object.fromEntries(nodes.map(({ id, config }) => [id, config])) as unknown as Leaves;
}

/** Those of `wanted` that differ in `found`. */
export function differing(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return Object.entries(wanted).filter(([key, value]) => found[key] !== value)
    .map(([key, value]) => `${key} is ${found[key]}, not ${value}`);
}
