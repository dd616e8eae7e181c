/** Numbers of a case's hash, in the place of a step's random ones. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate, upload } from "../../kernels/memory.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { CaseSetup } from "./adapter.ts";
import { hashed } from "./inputs.ts";
import type { CaseSettings } from "./settings.ts";

/** What a case's step draws. */
export interface HashedUniform {
  /** The numbers of a stream; see {@linkcode Step.uniform}. */
  draw(stream: string, shape: readonly number[]): Tensor;
  /** Brings the numbers of step `t` to the device. */
  fill(t: number): void;
  free(): void;
}

/** The largest number of single precision below 1. */
const MOST = 1 - 2 ** -24;

/**
 * The numbers of a case.
 *
 * What a step draws and the case does not have is an error of the method's adapter.
 */
export function hashedUniform(
  device: Device,
  { salt }: Pick<CaseSettings, "salt">,
  { uniform = {} }: Pick<CaseSetup, "uniform">,
): HashedUniform {
  const held = new Map<
    string,
    { readonly stream: string; readonly tensor: Tensor; readonly free: () => void }
  >();
  return {
    draw(stream, shape) {
      if (!uniform[stream]) throw new Error(`Cannot run the case: its adapter has no numbers "${stream}"`);
      const key = `${stream} [${shape}]`, found = held.get(key);
      if (found) return found.tensor;
      const { tensors, free } = allocate(device, "parity numbers", [{ label: stream, shape, layout: "map" }]);
      held.set(key, { stream, tensor: tensors[0]!, free });
      return tensors[0]!;
    },
    fill(t) {
      for (const { stream, tensor } of held.values()) {
        const numbers = uniform[stream]!({ t, shape: tensor.shape, u: (name) => hashed(salt, name) });
        const length = tensor.shape.reduce((product, extent) => product * extent, 1);
        if (numbers.length !== length) {
          throw new Error(
            `Cannot run the case: its adapter has ${numbers.length} numbers "${stream}", and a step draws [${tensor.shape}]`,
          );
        }
        const stored = new Float32Array(tensor.bytes / 4);
        stored.set(Float32Array.from(numbers, (value) => Math.min(value, MOST)));
        upload(device, tensor, stored);
      }
    },
    free() {
      for (const { free } of held.values()) free();
    },
  };
}
