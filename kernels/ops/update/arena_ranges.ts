/** Ranges of flat arenas: what an optimizer or an average goes over, whatever tensors lie there. @module */
import { ShapeError } from "../../errors.ts";
import { ALIGNMENT, makeTensor, type Tensor } from "../../tensor.ts";

/** Half of the least that adapters bind (128 MiB), so that a launch stays far from any limit. */
const MOST_BYTES = 64 * 2 ** 20;

/** Bytes of a buffer. */
export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Splits bytes [start, end) of an arena into pieces that any adapter can bind.
 *
 * @param start A multiple of {@linkcode ALIGNMENT}, as every piece's offset is.
 * @param end A multiple of 16.
 * @param most Largest piece in bytes, a multiple of {@linkcode ALIGNMENT}; never more than 64 MiB.
 * @throws {ShapeError} If an end is not where it may be.
 */
export function splitRange(start: number, end: number, most = MOST_BYTES): ByteRange[] {
  if (start % ALIGNMENT !== 0 || end % 16 !== 0 || end < start || most % ALIGNMENT !== 0 || most <= 0) {
    throw new ShapeError(
      `Cannot split bytes ${start} to ${end} into pieces of ${most}: start and pieces must be multiples of ` +
        `${ALIGNMENT}, the end one of 16 that is not before the start`,
    );
  }
  const ranges: ByteRange[] = [];
  const piece = Math.min(most, MOST_BYTES);
  for (let offset = start; offset < end; offset += piece) {
    ranges.push({ offset, bytes: Math.min(piece, end - offset) });
  }
  return ranges;
}

/** A range of an arena of f32 as a flat tensor. */
export function arenaRange(label: string, buffer: GPUBuffer, { offset, bytes }: ByteRange): Tensor {
  return makeTensor({ label, shape: [bytes / 4], layout: "map", home: { buffer, offset } });
}
