/** A step of several processes: each takes its micro-batches, and all fold all of them, in their order. @module */
import type { Device } from "../../../kernels/device.ts";
import { asUint32, readBack, readBytes, writeBytes } from "../../../kernels/memory.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import type { Folding } from "../folding.ts";
import type { StepTeam } from "./members.ts";
import type { SummedRange } from "./slices.ts";

/** What the micro-batches of a step come to, whoever has taken them. */
export interface Exchange {
  /** Keeps what a micro-batch of this process has left. */
  take(): Promise<void>;
  /**
   * Brings what all have left to where it is folded, one after another by the micro-batches' order, and the sums of gradients,
   * of which each process makes a slice, together.
   *
   * @param fold Folds one.
   * @param round Rounds the sums, where they are sent as halves.
   */
  foldAll(fold: () => void, round: () => void): Promise<void>;
}

/** Makes a step's exchange. */
export function makeExchange(
  device: Device,
  { parts, banks, slices }: Folding,
  team: StepTeam,
): Exchange {
  /** Of each micro-batch: its gradients by slice, and all else. */
  let taken: { readonly gradients: readonly Uint8Array[]; readonly rest: Uint8Array }[] = [];
  /** What of a slice goes from one to another: gradients or sums, or both as halves. */
  const sent = (slice: readonly SummedRange[], plain: "gradients" | "sums") =>
    slice.map((range) => range.halves ?? range[plain]);
  const own = slices[team.rank]!;
  /** Where the keys lie that a micro-batch has put into the banks, as its cursors say. */
  const newKeys = async (): Promise<readonly Tensor[]> => {
    const found: Tensor[] = [];
    for (const { part, base } of banks) {
      const read = await readBack(device, [part.cursors, part.pushed, base.pushed]);
      const [cursors, pushed, before] = read.map(asUint32) as [Uint32Array, Uint32Array, Uint32Array];
      part.queues.forEach((queue, row) => {
        const put = (pushed[row]! - before[row]!) >>> 0;
        found.push(...keysOf(queue, { oldest: cursors[2 * row]!, length: cursors[2 * row + 1]! }, put));
      });
    }
    return found;
  };
  return {
    async take() {
      const gradients = [];
      for (const slice of slices) {
        gradients.push(await readBytes(device, sent(slice, "gradients")));
      }
      taken.push({ gradients, rest: await readBytes(device, [...parts, ...await newKeys()]) });
    },
    async foldAll(fold, round) {
      const gradients: (readonly Uint8Array<ArrayBuffer>[])[] = [], rests: typeof gradients = [];
      for (const { gradients: pieces, rest } of taken) {
        gradients.push(await team.exchange(pieces));
        rests.push(await team.gather(rest));
      }
      const each = taken.length, size = parts.reduce((sum, { bytes }) => sum + bytes, 0);
      taken = [];
      for (let rank = 0; rank < team.size; rank++) {
        for (let i = 0; i < each; i++) {
          const rest = rests[i]![rank]!;
          writeBytes(device, sent(own, "gradients"), gradients[i]![rank]!);
          writeBytes(device, parts, rest.subarray(0, size));
          writeBytes(device, await newKeys(), rest.subarray(size));
          fold();
        }
      }
      round();
      const sums = await team.gather(await readBytes(device, sent(own, "sums")));
      sums.forEach((bytes, rank) => {
        if (rank !== team.rank) writeBytes(device, sent(slices[rank]!, "sums"), bytes);
      });
    },
  };
}

/** The places of the keys that were put into a queue last: of one that is full, in two pieces perhaps. */
function keysOf(
  queue: Tensor,
  { oldest, length }: { readonly oldest: number; readonly length: number },
  put: number,
): Tensor[] {
  const [, size, features] = queue.shape as [number, number, number];
  const count = Math.min(put, size), first = (oldest + length + size - count) % size;
  const key = queue.bytes / size, { buffer, offset } = queue.home!;
  const piece = (start: number, keys: number) =>
    makeTensor({
      label: queue.label,
      shape: [1, keys, features],
      dtype: queue.dtype,
      layout: "map",
      home: { buffer, offset: offset + start * key },
    });
  const atEnd = Math.min(count, size - first);
  return [[first, atEnd], [0, count - atEnd]].flatMap(([start, keys]) =>
    keys! > 0 ? [piece(start!, keys!)] : []
  );
}
