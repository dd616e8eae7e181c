/** What a case records of all tensors, or of all networks, after its last step. @module */

/**
 * What the numbers of a table are: four entries of how far each parameter went; the norm of that; entries of a running statistic, as
 * it is; its sum, then entries; entries of a parameter, as it is; how often a network's statistics were moved; losses of the steps
 * before the first.
 */
export type TableKind =
  | "changes"
  | "updates"
  | "statistics"
  | "sums"
  | "parameters"
  | "counts"
  | "losses";

const KINDS: Readonly<Record<string, TableKind>> = {
  param_delta: "changes",
  update_norm: "updates",
  bn_buffers: "statistics",
  running: "statistics",
  buffers: "sums",
  num_batches_tracked: "counts",
  warm_up_losses: "losses",
};

/** By a table's name in a file; undefined where none is called so. */
export function tableKind(name: string): TableKind | undefined {
  return KINDS[name] ?? (/^[a-z]+\d?_sample$/.test(name) ? "parameters" : undefined);
}
