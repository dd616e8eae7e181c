/** A step of several processes: each takes its micro-batches, and all fold all of them, in their order. @module */
import type { Device } from "../../../kernels/device.ts";
import { readBack, upload } from "../../../kernels/memory.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Team } from "../../../pipeline/mod.ts";
import type { Folding } from "../folding.ts";

/** What the micro-batches of a step come to, whoever has taken them. */
export interface Exchange {
  /** Keeps what a micro-batch of this process has left. */
  take(): Promise<void>;
  /**
   * Brings what all have left to where it is folded, one after another by the micro-batches' order, and the sums of gradients,
   * of which each process makes a slice, together.
   *
   * @param fold Folds one.
   */
  foldAll(fold: () => void): Promise<void>;
}

/** Makes a step's exchange. */
export function makeExchange(device: Device, { parts, slices }: Folding, team: Team): Exchange {
  /** Of each micro-batch: its gradients by slice, and all else. */
  let taken: { readonly gradients: readonly Uint8Array[]; readonly rest: Uint8Array }[] = [];
  const own = slices[team.rank]!;
  return {
    async take() {
      const gradients = [];
      for (const slice of slices) {
        gradients.push(await bytesOf(device, slice.map(({ gradients }) => gradients)));
      }
      taken.push({ gradients, rest: await bytesOf(device, parts) });
    },
    async foldAll(fold) {
      const each = taken.length;
      const received = [];
      for (const { gradients } of taken) received.push(await team.exchange(gradients));
      const rests = await team.gather(joined(taken.map(({ rest }) => rest)));
      taken = [];
      for (let rank = 0; rank < team.size; rank++) {
        const size = rests[rank]!.length / each;
        for (let i = 0; i < each; i++) {
          write(device, own.map(({ gradients }) => gradients), received[i]![rank]!);
          write(device, parts, rests[rank]!.subarray(i * size, (i + 1) * size));
          fold();
        }
      }
      const sums = await team.gather(await bytesOf(device, own.map(({ sums }) => sums)));
      sums.forEach((bytes, rank) => {
        if (rank !== team.rank) write(device, slices[rank]!.map(({ sums }) => sums), bytes);
      });
    },
  };
}

/** All bytes of tensors, one after another. */
async function bytesOf(device: Device, tensors: readonly Tensor[]): Promise<Uint8Array<ArrayBuffer>> {
  if (tensors.length === 0) return new Uint8Array();
  return joined((await readBack(device, tensors)).map(({ buffer }) => new Uint8Array(buffer)));
}

/** Puts them back. */
function write(device: Device, tensors: readonly Tensor[], bytes: Uint8Array<ArrayBuffer>): void {
  let at = bytes.byteOffset;
  for (const tensor of tensors) {
    upload(device, tensor, new Uint32Array(bytes.buffer, at, tensor.bytes / 4));
    at += tensor.bytes;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
