/**
 * Counter-based random numbers: Philox4x32-10.
 *
 * The n-th number of a stream is a pure function of (seed, stream, epoch, step, sample, n), so no state is kept,
 * saved or shared, and the host and the GPU draw the same numbers. A WGSL twin must hold this layout:
 *
 *     key     = [ seed, fnv1a32(utf8(stream)) ]
 *     counter = [ n >> 2, epoch, step, sample ]        n = index of the draw, from 0
 *     draw n  = philox(counter, key)[n & 3]
 *
 * For a tensor (dropout), n is the element's flat index. All values are u32.
 *
 * @see Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, §3.3 (Philox), table 2.
 */

/** Four 32-bit words: Philox's counter and its output. */
export type Words4 = readonly [number, number, number, number];
/** Two 32-bit words: Philox's key. */
export type Words2 = readonly [number, number];

/** Multipliers of the two halves, and the Weyl increments of the key (golden ratio, √3 − 1). */
const MULTIPLIER_0 = 0xd2511f53, MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9, WEYL_1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two u32, exact in f64: no partial sum reaches 2⁴⁹. */
function multiplyHigh(a: number, b: number): number {
  const low = Math.floor(((a & 0xffff) * b) / 0x10000);
  return Math.floor(((a >>> 16) * b + low) / 0x10000);
}

/**
 * Philox4x32 with 10 rounds.
 *
 * @param counter Four u32; any numbering of the draws will do.
 * @param key Two u32.
 * @returns Four u32, uniform over [0, 2³²).
 */
export function philox(counter: Words4, key: Words2): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter.map((word) => word >>> 0) as [number, number, number, number];
  let k0 = key[0] >>> 0, k1 = key[1] >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, MULTIPLIER_0), low0 = Math.imul(c0, MULTIPLIER_0) >>> 0;
    const high1 = multiplyHigh(c2, MULTIPLIER_1), low1 = Math.imul(c2, MULTIPLIER_1) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * 32-bit FNV-1a of a text's UTF-8 bytes: the second key word of a named stream.
 *
 * @see Fowler, Noll, Vo, Eastlake, RFC 9923.
 */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** What names a stream of random numbers. Every number is an integer in [0, 2³²); left out, it is 0. */
export interface StreamAddress {
  /** The run's seed. */
  readonly seed: number;
  /** What the numbers are for, e.g. `"crop"`; two names give independent streams. */
  readonly stream: string;
  readonly epoch?: number;
  readonly step?: number;
  readonly sample?: number;
}

function asWord(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  throw new RangeError(
    `Cannot open a random stream: ${name} is ${value}; it must be an integer in [0, 4294967295]`,
  );
}

/** Random numbers in order, from one address. Two streams with the same address give the same numbers. */
export class RandomStream {
  readonly #key: Words2;
  readonly #epoch: number;
  readonly #step: number;
  readonly #sample: number;
  #block: Words4 = [0, 0, 0, 0];
  #drawn = 0;

  /** @throws {RangeError} If seed, epoch, step or sample is not an integer in [0, 2³²). */
  constructor(address: StreamAddress) {
    this.#key = [asWord("seed", address.seed), fnv1a32(address.stream)];
    this.#epoch = asWord("epoch", address.epoch ?? 0);
    this.#step = asWord("step", address.step ?? 0);
    this.#sample = asWord("sample", address.sample ?? 0);
  }

  /** Uniform over the integers [0, 2³²). One draw. */
  uint32(): number {
    const lane = this.#drawn & 3;
    if (lane === 0) {
      this.#block = philox([Math.floor(this.#drawn / 4), this.#epoch, this.#step, this.#sample], this.#key);
    }
    this.#drawn++;
    return this.#block[lane as 0 | 1 | 2 | 3];
  }

  /**
   * Uniform over [0, 1) in steps of 2⁻²⁴: the upper 24 bits of a draw, so that the same number is exact in f32 on the
   * GPU. One draw.
   */
  uniform(): number {
    return (this.uint32() >>> 8) * 2 ** -24;
  }

  /** Uniform over [low, high) in 2²⁴ steps. One draw. */
  uniformBetween(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /**
   * Uniform over the integers low … high, both included. Always one draw (Lemire's multiplication without his rejection):
   * a value's probability is off by less than 2⁻³² (relative error: range · 2⁻³²).
   *
   * @throws {RangeError} If the bounds are no integers, or low > high, or more than 2³² values lie between them.
   */
  integer(low: number, high: number): number {
    const range = high - low + 1;
    if (!Number.isInteger(low) || !Number.isInteger(high) || range < 1 || range > 2 ** 32) {
      throw new RangeError(`Cannot draw an integer in [${low}, ${high}]: 1 to 2³² integers must lie in it`);
    }
    const draw = this.uint32();
    return low + (range === 2 ** 32 ? draw : multiplyHigh(draw, range));
  }

  /**
   * Standard normal, by Box–Muller from 32-bit uniforms: |value| ≤ √(2 · 32 ln 2) ≈ 6.66. Always two draws; the sine twin
   * is dropped so that how many draws were made never depends on history.
   */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) * 2 ** -32));
    return radius * Math.cos(2 * Math.PI * this.uint32() * 2 ** -32);
  }

  /** A random order of 0 … count − 1 (Fisher–Yates; count − 1 draws). */
  shuffle(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = this.integer(0, last);
      const value = order[last]!;
      order[last] = order[other]!;
      order[other] = value;
    }
    return order;
  }
}
