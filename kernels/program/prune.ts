import type { Dispatch } from "../graph.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Leaves out the launches whose outputs nobody reads: views that a method does not look at, gradients that end nowhere.
 *
 * A launch counts if it writes a tensor with a home (parameters, statistics, meters), one that is kept, or one that a
 * launch that counts reads. The order stays.
 */
export function prune(dispatches: readonly Dispatch[], kept: ReadonlySet<Tensor>): Dispatch[] {
  const wanted = new Set<Tensor>(kept);
  const counted = dispatches.toReversed().filter(({ reads, writes }) => {
    const counts = writes.some((tensor) => tensor.home !== undefined || wanted.has(tensor));
    if (counts) { for (const tensor of reads) wanted.add(tensor); }
    return counts;
  });
  return counted.reverse();
}
