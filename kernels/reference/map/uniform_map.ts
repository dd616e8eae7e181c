import { RandomStream } from "../../random.ts";

/**
 * CPU twin of `ops/map/uniform_map.wgsl`: the numbers of samples `first`, `first` + 1, …, each of `length` entries; of `samples`
 * undefined those of what is drawn once a step.
 */
export function uniformMap(
  address: { readonly seed: number; readonly stream: string; readonly epoch: number; readonly step: number },
  length: number,
  samples?: { readonly first: number; readonly count: number },
): number[] {
  return Array.from({ length: samples?.count ?? 1 }, (_, i) => {
    const random = new RandomStream({ ...address, sample: samples ? samples.first + i : 0 });
    return Array.from({ length }, () => random.uniform());
  }).flat();
}
