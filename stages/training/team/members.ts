/** Micro-batches that a process takes side by side, each as a member of a larger team. @module */
import { joined, type Team } from "../../../pipeline/mod.ts";

/** What a step asks of the processes that share it. */
export type StepTeam = Pick<Team, "rank" | "size" | "gather" | "exchange">;

/** A process that shares its steps with nobody. */
export const ALONE: StepTeam = {
  rank: 0,
  size: 1,
  gather: (bytes) => Promise.resolve([owned(bytes)]),
  exchange: (pieces) => Promise.resolve(pieces.map(owned)),
};

/**
 * The members that a process has in a team of `count` times as many as there are processes: `count` ranks in a row. What they say is
 * brought to the other processes when all of them have said it.
 */
export function membersOf(process: StepTeam, count: number): StepTeam[] {
  const gather = meeting(count, async (all: readonly Uint8Array[]) => {
    const said = (await process.gather(packed(all))).flatMap(unpacked);
    return all.map(() => said);
  });
  const exchange = meeting(count, async (all: readonly (readonly Uint8Array[])[]) => {
    const sent = Array.from(
      { length: process.size },
      (_, other) => packed(all.flatMap((pieces) => pieces.slice(other * count, (other + 1) * count))),
    );
    const received = (await process.exchange(sent)).map(unpacked);
    // Of each process: what its first member has for each of ours, then what its second has.
    return all.map((_, i) => received.flatMap((pieces) => pieces.filter((_, at) => at % count === i)));
  });
  return Array.from({ length: count }, (_, i) => ({
    rank: process.rank * count + i,
    size: process.size * count,
    gather: (bytes) => gather(i, bytes),
    exchange: (pieces) => exchange(i, pieces),
  }));
}

/** Does something once with what all of `count` callers give; each gets its own result, or the one error. */
function meeting<T, R>(
  count: number,
  work: (all: readonly T[]) => Promise<readonly R[]>,
): (place: number, given: T) => Promise<R> {
  let given = new Map<number, T>(), done = Promise.withResolvers<readonly R[]>();
  return async (place, value) => {
    given.set(place, value);
    const { promise } = done;
    if (given.size === count) {
      const all = Array.from({ length: count }, (_, i) => given.get(i)!), { resolve } = done;
      given = new Map();
      done = Promise.withResolvers();
      resolve(work(all));
    }
    return (await promise)[place]!;
  };
}

/** Several pieces as one: how many, the length of each, and their bytes. */
function packed(pieces: readonly Uint8Array[]): Uint8Array {
  const header = Uint32Array.of(pieces.length, ...pieces.map(({ length }) => length));
  return joined([new Uint8Array(header.buffer), ...pieces]);
}

function unpacked({ buffer, byteOffset }: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const [count] = new Uint32Array(buffer, byteOffset, 1);
  const lengths = new Uint32Array(buffer, byteOffset + 4, count);
  let at = byteOffset + 4 * (1 + count!);
  return [...lengths].map((length) => new Uint8Array(buffer.slice(at, at += length)));
}

function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
