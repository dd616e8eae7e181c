/** A team of one process: its members take turns. @module */
import type { Team } from "../../../pipeline/mod.ts";

/** Members that hear one another; each is to call the same, in the same order. */
export function teamOf(size: number): Team[] {
  let waiting: { readonly given: unknown; readonly resolve: (all: readonly unknown[]) => void }[] = [];
  const meet = async <T>(rank: number, given: T): Promise<readonly T[]> => {
    const slots = waiting;
    return await new Promise((resolve) => {
      slots[rank] = { given, resolve: resolve as (all: readonly unknown[]) => void };
      if (Object.keys(slots).length < size) return;
      waiting = [];
      for (const { resolve } of slots) resolve(slots.map(({ given }) => given));
    });
  };
  return Array.from({ length: size }, (_, rank): Team => {
    let hasLeft = false;
    return {
      rank,
      size,
      broadcast: async (bytes = new Uint8Array()) => new Uint8Array((await meet(rank, bytes))[0]!),
      gather: async (bytes) => (await meet(rank, bytes)).map((bytes) => new Uint8Array(bytes)),
      exchange: async (pieces) => (await meet(rank, pieces)).map((all) => new Uint8Array(all[rank]!)),
      leave() {
        hasLeft = true;
      },
      get hasLeft() {
        return hasLeft;
      },
    };
  });
}
