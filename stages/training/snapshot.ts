/** A training in its middle, as the bytes of a checkpoint. @module */
import type { StateSize } from "../../pipeline/mod.ts";
import type { BestScores } from "./config/evaluation.ts";
import type { TrainingHistory } from "./history.ts";

/**
 * All that a training's future depends on and the device does not hold. Images, views and dropout are functions of seed, epoch
 * and step, so the step says where each of their random streams is.
 */
export interface LoopState {
  /** Optimizer steps taken. */
  readonly step: number;
  readonly history: TrainingHistory;
  /** The highest scores so far. */
  readonly scores?: BestScores | undefined;
  /** Output → digest of the weights that go into it, for outputs that have some. */
  readonly best: Readonly<Record<string, string>>;
}

/** The loop's state with what the device held. */
export interface Snapshot {
  readonly state: LoopState;
  /** Name of the adapter it was made on. */
  readonly adapter: string;
  /** What `Session.snapshot` gave. */
  readonly captured: readonly Float32Array<ArrayBuffer>[];
}

/** Room for the loop's state, bytes: a history of a million readings. */
const MOST_STATE = 512 * 2 ** 20;

/** Whether no number is NaN or infinite: what is not finite must not be gone on from. */
export function allFinite(captured: readonly Float32Array[]): boolean {
  for (const values of captured) {
    let sum = 0;
    // A product with 0 is NaN for what is not finite, and 0 for all else.
    for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
    if (sum !== 0) return false;
  }
  return true;
}

/** Bytes of a snapshot whose arrays have these lengths. */
export function snapshotSize(lengths: readonly number[]): StateSize {
  const about = 4 * lengths.reduce((sum, length) => sum + length, 0);
  return { about, most: about + MOST_STATE };
}

/** The bytes of a snapshot: a line of JSON, then the arrays as they are. */
export function encodeSnapshot({ captured, ...header }: Snapshot): Uint8Array[] {
  return [
    new TextEncoder().encode(JSON.stringify(header) + "\n"),
    ...captured.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  ];
}

/**
 * Reads what {@linkcode encodeSnapshot} gave.
 *
 * @param lengths Floats in each array.
 * @throws {RangeError} If the arrays have other lengths.
 */
export function decodeSnapshot(bytes: Uint8Array<ArrayBuffer>, lengths: readonly number[]): Snapshot {
  const end = bytes.indexOf(0x0a);
  const wanted = 4 * lengths.reduce((sum, length) => sum + length, 0);
  if (end < 0 || bytes.length - end - 1 !== wanted) {
    throw new RangeError(
      `it holds ${bytes.length - end - 1} bytes of weights, and ${wanted} belong to this training`,
    );
  }
  const { state, adapter } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  let at = end + 1;
  const captured = lengths.map((length) => new Float32Array(bytes.slice(at, at += 4 * length).buffer));
  return { state, adapter, captured };
}
