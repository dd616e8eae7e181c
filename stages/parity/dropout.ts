/** Drops the channels that a case's hash keeps or drops, in the place of a training's draws. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate, upload } from "../../kernels/memory.ts";
import type { Graph } from "../../kernels/graph.ts";
import { scaleChannels } from "../../kernels/ops/feature/scale_channels.ts";
import { padded, type Tensor } from "../../kernels/tensor.ts";
import type { ChannelDropping } from "../methods/step.ts";
import type { CaseSetup } from "./adapter.ts";
import { keptChannels } from "./inputs.ts";
import type { CaseSettings } from "./settings.ts";

/** What a case drops. */
export interface HashedDropout {
  /** Captures the dropping of a stream's channels; as a step does it. */
  drop(graph: Graph, x: Tensor, dropping: ChannelDropping): Tensor;
  /** Brings the factors of step `t` to the device. */
  fill(t: number): void;
  free(): void;
}

/** A stream that a step drops by, and its factors on the device. */
interface Held {
  readonly dropping: ChannelDropping;
  readonly factors: Tensor;
  readonly free: () => void;
}

/**
 * The dropout of a case.
 *
 * What a step drops by and the case does not have is an error of the method's adapter.
 */
export function hashedDropout(
  device: Device,
  { salt }: CaseSettings,
  { dropout = {} }: CaseSetup,
): HashedDropout {
  const held = new Map<string, Held>();
  const hold = (dropping: ChannelDropping, shape: readonly number[]): Held => {
    const { stream } = dropping;
    if (!dropout[stream]) throw new Error(`Cannot run the case: its adapter has no dropout "${stream}"`);
    const memory = allocate(device, "parity dropout", [{ label: stream, shape }]);
    const made = { dropping, factors: memory.tensors[0]!, free: memory.free };
    held.set(stream, made);
    return made;
  };
  return {
    drop(graph, x, dropping) {
      const shape = [x.shape[0]!, 1, 1, x.shape[3]!];
      const { factors } = held.get(dropping.stream) ?? hold(dropping, shape);
      return scaleChannels(graph, x, factors);
    },
    fill(t) {
      for (const { dropping: { stream, probability }, factors } of held.values()) {
        const { name, first } = dropout[stream]!, [batch, , , channels] = factors.shape;
        const kept = keptChannels(salt, name(t), { first, batch: batch!, channels: channels!, probability });
        const pitch = padded(channels!), stored = new Float32Array(batch! * pitch);
        kept.forEach((keeps, i) => {
          const at = Math.floor(i / channels!) * pitch + i % channels!;
          stored[at] = keeps ? 1 / (1 - probability) : 0;
        });
        upload(device, factors, stored);
      }
    },
    free() {
      for (const { free } of held.values()) free();
    },
  };
}
