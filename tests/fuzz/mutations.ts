/** Damages bytes as disks, networks and enemies do: flips, cuts, splices, and fields set to their extremes. @module */
import { join } from "../support/weights/bytes.ts";

/** Numbers in [0, 1). */
export type Random = () => number;

/** A whole number from 0 to `end` − 1. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * Math.max(1, end));
}

/** One of several. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)]!;
}

/** Values at which sizes, counts and offsets break. */
const extremes = [
  0,
  1,
  2,
  7,
  8,
  255,
  256,
  32767,
  65535,
  65536,
  2 ** 24,
  2 ** 28,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** Most bytes a mutation may add. */
const mostAdded = 1 << 16;

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

/** Sets a field of 1, 2, 4 or 8 bytes, in either order, to an extreme or to a neighbor of what it was. */
const setField: Mutation = (bytes, random) => {
  const out = bytes.slice();
  const width = pick(random, [1, 2, 4, 4, 8]);
  if (out.length < width) return out;
  const view = new DataView(out.buffer), at = below(random, out.length - width + 1), little = random() < 0.5;
  const old = width === 1
    ? view.getUint8(at)
    : width === 2
    ? view.getUint16(at, little)
    : view.getUint32(at, little);
  const near = [old - 1, old + 1, old * 2, out.length, out.length - at, -1];
  const value = BigInt(Math.trunc(pick(random, [...extremes, ...near])));
  if (width === 1) view.setUint8(at, Number(BigInt.asUintN(8, value)));
  else if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value)), little);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), little);
  else view.setBigUint64(at, pick(random, [value, BigInt.asUintN(64, -1n), 1n << 53n, 1n << 62n]), little);
  return out;
};

const flipBits: Mutation = (bytes, random) => {
  const out = bytes.slice();
  for (let flips = 1 + below(random, 8); flips > 0 && out.length > 0; flips--) {
    const at = below(random, out.length);
    out[at] = out[at]! ^ (1 << below(random, 8));
  }
  return out;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, below(random, bytes.length + 1));

const removeRange: Mutation = (bytes, random) => {
  const from = below(random, bytes.length), to = Math.min(bytes.length, from + 1 + below(random, 64));
  return join([bytes.subarray(0, from), bytes.subarray(to)]);
};

const repeatRange: Mutation = (bytes, random) => {
  const from = below(random, bytes.length), to = Math.min(bytes.length, from + 1 + below(random, 64));
  const part = bytes.subarray(from, to);
  const times = Math.min(pick(random, [1, 2, 100, 5000]), Math.floor(mostAdded / Math.max(1, part.length)));
  return join([bytes.subarray(0, to), ...Array(times).fill(part), bytes.subarray(to)]);
};

const insertNoise: Mutation = (bytes, random) => {
  const noise = Uint8Array.from({ length: 1 + below(random, 64) }, () => below(random, 256));
  const at = below(random, bytes.length + 1);
  return join([bytes.subarray(0, at), noise, bytes.subarray(at)]);
};

const splice: Mutation = (bytes, random, others) => {
  const other = pick(random, others);
  return join([
    bytes.subarray(0, below(random, bytes.length + 1)),
    other.subarray(below(random, other.length + 1)),
  ]);
};

const fillRange: Mutation = (bytes, random) => {
  const out = bytes.slice();
  const from = below(random, out.length);
  out.fill(pick(random, [0, 255, 0x41]), from, from + 1 + below(random, 128));
  return out;
};

const mutations = [
  setField,
  setField,
  flipBits,
  flipBits,
  truncate,
  removeRange,
  repeatRange,
  insertNoise,
  splice,
  fillRange,
];

/** One to three mutations, one after another. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let out = bytes;
  for (let times = pick(random, [1, 1, 2, 3]); times > 0; times--) {
    out = pick(random, mutations)(out, random, others);
  }
  return out;
}
