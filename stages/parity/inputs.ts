/** What a parity case is run on: weights, images, labels and boxes, all from one integer hash. @module */
import type { StateDict } from "../../models/state_dict.ts";
import { ignoreIndex } from "../datasets/classes.ts";
import type { Box } from "../views/specs.ts";
import { boxTable } from "../views/tables.ts";
import type { StartLaws } from "./settings.ts";

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The hash: uniform numbers in [0, 1) by name and index. */
export function hashed(salt: string, name: string): (index: number) => number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(salt + name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const key = mix(hash);
  return (index) => mix((index ^ key) >>> 0) / 2 ** 32;
}

/** `count` positions of `length` entries, as the hash of `name` draws them. */
export function sampledPositions(salt: string, name: string, count: number, length: number): number[] {
  const u = hashed(salt, name);
  return Array.from({ length: count }, (_, k) => Math.floor(u(k) * length));
}

/** Weights and statistics for the given names and shapes; plain laws unless told. */
export function caseWeights(
  salt: string,
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
  { residualGamma, buffers, hashedAs = (name) => name, gains = {} }: StartLaws = {
    residualGamma: 1,
    buffers: "unit",
  },
): StateDict {
  const hashes = buffers === "hash";
  return new Map(specs.map(({ name, shape }) => {
    const u = hashed(salt, hashedAs(name)), gain = gains[name] ?? 1;
    const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    const bound = shape.length === 4 ? Math.sqrt(6 / (shape[1]! * shape[2]! * shape[3]!)) : 0;
    const law = shape.length === 4
      ? (i: number) => (2 * u(i) - 1) * bound
      : name.endsWith(".running_mean")
      ? (i: number) => hashes ? 0.1 * (2 * u(i) - 1) : 0
      : name.endsWith(".running_var")
      ? (i: number) => hashes ? 0.75 + 0.5 * u(i) : 1
      : name.endsWith(".bias")
      ? (i: number) => 0.1 * (2 * u(i) - 1)
      : (i: number) => (name.endsWith("bn3.weight") ? residualGamma : 1) * (1 + 0.1 * (2 * u(i) - 1));
    for (let i = 0; i < values.length; i++) values[i] = gain * law(i);
    return [name, { shape, values }];
  }));
}

/** Those weights with each number of the parameters moved to the next larger or next smaller one of single precision, by the hash. */
export function neighborWeights(
  salt: string,
  variant: number,
  weights: StateDict,
  parameters: readonly { readonly name: string }[],
): StateDict {
  const moved: StateDict = new Map(weights);
  for (const { name } of parameters) {
    const { shape, values } = weights.get(name)!, neighbors = values.slice();
    const u = hashed(salt, `neighbor ${variant}:${name}`);
    // A sign and a magnitude: the next integer is the neighbor away from zero, the one before it that toward it.
    const bits = new Int32Array(neighbors.buffer);
    for (let i = 0; i < bits.length; i++) {
      if (values[i] !== 0) bits[i]! += u(i) < 0.5 ? 1 : -1;
    }
    moved.set(name, { shape, values: neighbors });
  }
  return moved;
}

/** Extents of a batch of square images. */
export interface Extents {
  readonly batch: number;
  readonly size: number;
}

/** Image `name` as stored on the device: f32[B, S, S, 4], the last channel zero. */
export function caseImage(salt: string, name: string, { batch, size }: Extents): Float32Array<ArrayBuffer> {
  const block = hashed(salt, `${name}:block`), pixel = hashed(salt, `${name}:pixel`);
  const blocks = Math.ceil(size / 8);
  const out = new Float32Array(batch * size * size * 4);
  for (let plane = 0; plane < batch * 3; plane++) {
    const b = Math.floor(plane / 3), c = plane % 3;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const cell = (plane * blocks + (y >> 3)) * blocks + (x >> 3);
        const flat = (plane * size + y) * size + x;
        out[((b * size + y) * size + x) * 4 + c] = 2 * block(cell) - 1 + 0.5 * pixel(flat);
      }
    }
  }
  return out;
}

function map({ batch, size }: Extents, value: (b: number, y: number, x: number) => number) {
  return Uint32Array.from(
    { length: batch * size * size },
    (_, i) => value(Math.floor(i / (size * size)), Math.floor(i / size) % size, i % size),
  );
}

/** Labels `name`, u32[B, S, S]; 255 where there is none. */
export function caseLabels(
  salt: string,
  name: string,
  extents: Extents,
  classes: number,
): Uint32Array<ArrayBuffer> {
  const u = hashed(salt, name);
  const blocks = Math.ceil(extents.size / 16);
  return map(extents, (b, y, x) => {
    const v = u((b * blocks + (y >> 4)) * blocks + (x >> 4));
    return v < 0.03 ? ignoreIndex : Math.floor(v * classes);
  });
}

/** u32[B, S, S]: 0 where a pixel is padding, else 1. */
export function validityMap(
  extents: Extents,
  isPadding: (b: number, y: number, x: number) => boolean,
): Uint32Array<ArrayBuffer> {
  return map(extents, (b, y, x) => isPadding(b, y, x) ? 0 : 1);
}

/** The padding of CCVC's cases, and of others: at the right of image 1 and the bottom of image 2. */
export function caseValidity(extents: Extents): Uint32Array<ArrayBuffer> {
  const { size } = extents;
  return validityMap(extents, (b, y, x) => (b === 1 && x >= size - 10) || (b === 2 && y >= size - 7));
}

/** The padding of a mix partner: at the left of image 0 and the bottom of image 3. */
export function partnerValidity(extents: Extents): Uint32Array<ArrayBuffer> {
  return validityMap(extents, (b, y, x) => (b === 0 && x < 9) || (b === 3 && y >= 28));
}

/** The CutMix boxes of CCVC's cases, and of others; one of each image. */
export function cornerBoxes({ batch }: Pick<Extents, "batch">): Box[][] {
  return Array.from({ length: batch }, (_, b) => {
    const x0 = 4 * b + 2, y0 = 3 * b + 5;
    return [{ x0, y0, x1: x0 + 20 + 3 * b, y1: y0 + Math.max(0, 30 - 4 * b) }];
  });
}

/** The same as a table, with the partner B − 1 − b. */
export function caseBoxes(extents: Extents): Uint32Array<ArrayBuffer> {
  const boxes = cornerBoxes(extents);
  return boxTable(boxes, boxes.map((_, b) => boxes.length - 1 - b));
}

/** Which channels are kept, [batch · channels]: those whose number is below the probability of keeping. */
export function keptChannels(
  salt: string,
  name: string,
  { first, batch, channels, probability }: {
    /** The number of the first image. */
    readonly first: number;
    readonly batch: number;
    readonly channels: number;
    /** Of a channel to be dropped. */
    readonly probability: number;
  },
): boolean[] {
  const u = hashed(salt, name);
  return Array.from({ length: batch * channels }, (_, i) => u(first * channels + i) < 1 - probability);
}
