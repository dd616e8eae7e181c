import type { StateDict } from "../../models/state_dict.ts";

/** One case of the oracle: settings, and what a double-precision run of the published method gave. */
export interface OracleCase {
  readonly case: {
    readonly variant: "no_aug" | "aug";
    readonly backbone: "resnet50" | "resnet101";
    readonly dataset: "pascal" | "cityscapes";
    readonly mode: string;
    readonly tau: number;
    readonly mapping: string;
    readonly w_CE: number;
    readonly w_con: number;
    readonly w_dis: number;
    readonly w_confident: number;
    readonly w_unconfident: number;
    readonly lr_network: number;
    readonly lr_backbone: number;
    readonly size: number;
    readonly batch: number;
    readonly steps: number;
    readonly total: number;
    readonly base_lr: number;
    readonly salt: string;
  };
  readonly float64: {
    readonly steps: readonly Readonly<Record<string, number>>[];
    readonly grad_norm: Readonly<Record<string, number>>;
    readonly grad_sample: Readonly<Record<string, readonly number[]>>;
    readonly logits1_labelled: readonly number[];
    readonly logits2_labelled: readonly number[];
    readonly logits1_unlabelled: readonly number[];
    readonly eval_logits1: readonly number[];
    readonly eval_logits2: readonly number[];
  };
  readonly float32_deviation: {
    readonly steps: readonly Readonly<Record<string, number>>[];
    readonly grad_norm_max_rel: number;
    readonly logits_max_rel: number;
    readonly eval_logits_max_rel: number;
  };
}

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The oracle's hash: uniform numbers in [0, 1) by name and index. */
export function hashed(salt: string, name: string): (index: number) => number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(salt + name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const key = mix(hash);
  return (index) => mix((index ^ key) >>> 0) / 2 ** 32;
}

/** The oracle's weights for the given names and shapes. */
export function oracleWeights(
  salt: string,
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): StateDict {
  return new Map(specs.map(({ name, shape }) => {
    const u = hashed(salt, name);
    const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    const bound = shape.length === 4 ? Math.sqrt(6 / (shape[1]! * shape[2]! * shape[3]!)) : 0;
    const law = shape.length === 4
      ? (i: number) => (2 * u(i) - 1) * bound
      : name.endsWith(".running_mean")
      ? () => 0
      : name.endsWith(".running_var")
      ? () => 1
      : name.endsWith(".bias")
      ? (i: number) => 0.1 * (2 * u(i) - 1)
      : (i: number) => 1 + 0.1 * (2 * u(i) - 1);
    for (let i = 0; i < values.length; i++) values[i] = law(i);
    return [name, { shape, values }];
  }));
}

/** Image `name` as stored on the device: f32[B, S, S, 4], the last channel zero. */
export function oracleImage(
  salt: string,
  name: string,
  batch: number,
  size: number,
): Float32Array<ArrayBuffer> {
  const block = hashed(salt, `${name}:block`), pixel = hashed(salt, `${name}:pixel`);
  const blocks = Math.ceil(size / 8);
  const out = new Float32Array(batch * size * size * 4);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const cell = ((b * 3 + c) * blocks + (y >> 3)) * blocks + (x >> 3);
          const flat = ((b * 3 + c) * size + y) * size + x;
          out[((b * size + y) * size + x) * 4 + c] = 2 * block(cell) - 1 + 0.5 * pixel(flat);
        }
      }
    }
  }
  return out;
}

/** Labels `name`, u32[B, S, S]. */
export function oracleLabels(
  salt: string,
  name: string,
  batch: number,
  size: number,
  classes: number,
): Uint32Array<ArrayBuffer> {
  const u = hashed(salt, name);
  const blocks = Math.ceil(size / 16);
  return Uint32Array.from({ length: batch * size * size }, (_, i) => {
    const x = i % size, y = Math.floor(i / size) % size, b = Math.floor(i / (size * size));
    const v = u((b * blocks + (y >> 4)) * blocks + (x >> 4));
    return v < 0.03 ? 255 : Math.floor(v * classes);
  });
}

/** The validity that the oracle's ignore map stands for: 0 at its padding, else 1. */
export function oracleValidity(batch: number, size: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: batch * size * size }, (_, i) => {
    const x = i % size, y = Math.floor(i / size) % size, b = Math.floor(i / (size * size));
    return (b === 1 && x >= size - 10) || (b === 2 && y >= size - 7) ? 0 : 1;
  });
}
