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

/** Two 32-bit words: Philox's key. */
export type Words2 = readonly [number, number];

/** Multipliers of the two halves, and the Weyl increments of the key (golden ratio, √3 − 1). */
const MULTIPLIER_0 = 0xd2511f53, MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9, WEYL_1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two u32, as i32. By halves of 16 bits, so that V8 stays with integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const other = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

/**
 * Philox4x32 with 10 rounds.
 *
 * @param block Four u32, a counter; any numbering of the draws will do. Changed to four u32, uniform over [0, 2³²).
 * @param key Two u32.
 */
export function philox(block: Uint32Array, key: Words2): void {
  let c0 = block[0]! | 0, c1 = block[1]! | 0, c2 = block[2]! | 0, c3 = block[3]! | 0;
  let k0 = key[0] | 0, k1 = key[1] | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, MULTIPLIER_0), low0 = Math.imul(c0, MULTIPLIER_0);
    const high1 = multiplyHigh(c2, MULTIPLIER_1), low1 = Math.imul(c2, MULTIPLIER_1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
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
  readonly #block = new Uint32Array(4);
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
      const block = this.#block;
      block[0] = Math.floor(this.#drawn / 4);
      block[1] = this.#epoch;
      block[2] = this.#step;
      block[3] = this.#sample;
      philox(block, this.#key);
    }
    this.#drawn++;
    return this.#block[lane]!;
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
    return low + (range === 2 ** 32 ? draw : multiplyHigh(draw, range) >>> 0);
  }

  /** Standard normal, by the inverse of the distribution function: |value| ≤ 6.34. One draw. */
  normal(): number {
    return normalQuantile((this.uint32() + 0.5) * 2 ** -32);
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

/**
 * The value that a standard normal variable stays below with this probability, to 16 digits.
 *
 * Two of Wichura's three rational functions: the third is for probabilities within e⁻²⁵ of 0 or 1, where no draw of 32 bits
 * comes.
 *
 * @param probability In [e⁻²⁵, 1 − e⁻²⁵].
 * @see Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988), PPND16.
 */
export function normalQuantile(probability: number): number {
  const q = probability - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r +
                      45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r +
          133.14166789178437745) * r + 3.387132872796366608) /
      (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r +
                        21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r +
            42.313330701600911252) * r + 1);
  }
  const r = Math.sqrt(-Math.log(Math.min(probability, 1 - probability))) - 1.6;
  const tail =
    (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r +
                      1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r +
          4.6303378461565452959) * r + 1.42343711074968357734) /
    (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r +
                      0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r +
          2.05319162663775882187) * r + 1);
  return q < 0 ? -tail : tail;
}
