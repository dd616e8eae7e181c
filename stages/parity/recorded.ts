/** The entries of tensors that a case records, at positions that its hash draws. @module */
import { padded } from "../../kernels/tensor.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { sampledPositions } from "./inputs.ts";
import type { CaseSettings } from "./settings.ts";

/** Entries of tensors or logits at the recorded positions, by name. */
export type SampledTensors = Readonly<Record<string, readonly number[]>>;

/** Entries of logits as the device stores them, [B, S, S, C] padded; positions count in PyTorch's order [B, C, S, S]. */
export function sampledLogits(
  { salt, size, batch }: CaseSettings,
  stored: Float32Array,
  classes: number,
): number[] {
  const plane = size * size, pitch = padded(classes);
  return sampledPositions(salt, "sample:logits", 64, batch * classes * plane).map((flat) => {
    const pixel = flat % plane,
      c = Math.floor(flat / plane) % classes,
      b = Math.floor(flat / (plane * classes));
    return stored[(b * plane + pixel) * pitch + c]!;
  });
}

/** `count` entries of a tensor in PyTorch's order. */
export function sampledValues(salt: string, name: string, values: Float32Array, count: number): number[] {
  return sampledPositions(salt, `sample:${name}`, count, values.length).map((position) => values[position]!);
}

/** The same of named tensors. */
export function sampledState(
  salt: string,
  state: StateDict,
  names: readonly string[],
  count: number,
): SampledTensors {
  return Object.fromEntries(
    names.map((name) => [name, sampledValues(salt, name, state.get(name)!.values, count)]),
  );
}
