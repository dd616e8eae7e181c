/** The entries of tensors that a case records, at positions that its hash draws. @module */
import type { RecordedMap } from "./adapter.ts";
import { sampledPositions } from "./inputs.ts";

/** Some entries of tensors, by name. */
export type SampledTensors = Readonly<Record<string, readonly number[]>>;

/** `count` entries of an array in PyTorch's order. */
export function entriesOf(
  salt: string,
  values: ArrayLike<number>,
  count: number,
  which: NonNullable<RecordedMap["entries"]> = "sample:logits",
): number[] {
  return which === "first"
    ? Array.from({ length: count }, (_, i) => values[i]!)
    : sampledPositions(salt, which, count, values.length).map((position) => values[position]!);
}

/** `count` entries of a parameter, a statistic or a gradient in PyTorch's order. */
export function sampledValues(
  salt: string,
  name: string,
  values: ArrayLike<number>,
  count: number,
): number[] {
  return entriesOf(salt, values, count, `sample:${name}`);
}
