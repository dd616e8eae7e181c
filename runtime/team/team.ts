/** The processes that MPI has started together, as a team. @module */
import { joined, type Team } from "../../pipeline/mod.ts";
import { Mpi } from "./mpi.ts";

/** A team on MPI. */
export interface MpiTeam extends Team {
  /** Ends it in order, once all have come to their end; one that has failed just ends, and MPI ends the others. */
  finish(): void;
}

/**
 * Joins the team.
 *
 * @param library MPI's library, an absolute path.
 * @throws {MpiError} If it cannot be used.
 */
export function joinTeam(library: string): MpiTeam {
  const mpi = new Mpi(library), { rank, size } = mpi;
  let hasLeft = false;
  /** Equally many numbers of each. */
  const numbers = async (own: readonly number[]): Promise<readonly number[][]> => {
    const all = await mpi.gather(bytesOf(Float64Array.from(own)), new Array(size).fill(8 * own.length));
    const found = [...new Float64Array(all.buffer)];
    return Array.from({ length: size }, (_, i) => found.slice(i * own.length, (i + 1) * own.length));
  };
  return {
    rank,
    size,
    async broadcast(bytes = new Uint8Array()) {
      const length = Float64Array.of(bytes.length);
      await mpi.broadcast(bytesOf(length));
      const all = rank === 0 ? owned(bytes) : new Uint8Array(new ArrayBuffer(length[0]!));
      await mpi.broadcast(all);
      return all;
    },
    async gather(bytes) {
      const lengths = (await numbers([bytes.length])).map(([length]) => length!);
      return split(await mpi.gather(owned(bytes), lengths), lengths);
    },
    async exchange(pieces) {
      const sent = pieces.map(({ length }) => length);
      const received = (await numbers(sent)).map((lengths) => lengths[rank]!);
      return split(await mpi.exchange(joined(pieces), sent, received), received);
    },
    leave() {
      hasLeft = true;
    },
    get hasLeft() {
      return hasLeft;
    },
    finish() {
      if (!hasLeft) mpi.finish();
    },
  };
}

function bytesOf({ buffer }: Float64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}

/** The same bytes where no one else's lie. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined([bytes]);
}

function split(bytes: Uint8Array<ArrayBuffer>, lengths: readonly number[]): Uint8Array<ArrayBuffer>[] {
  let at = 0;
  return lengths.map((length) => bytes.slice(at, at += length));
}
