import { type Kernel, MAX_GROUPS, MAX_LOOP_ITERATIONS } from "../shader/kernel.ts";

/** One of several ways to launch the same work on the same tensors. */
export interface Candidate {
  /** What a tuner remembers: it says all that the constants do. */
  readonly name: string;
  /** What runs. */
  readonly kernel: Kernel;
  /** Values of `override`s and of names in `#unroll` blocks. */
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups along x, y and z. */
  readonly groups: readonly [number, number, number];
  /**
   * The axis along which it may be launched in parts (parts.ts), of {@linkcode MAX_GROUPS} at most; the kernel's uniform
   * `first_group` says where a part begins.
   */
  readonly divisible?: 0 | 1 | 2;
  /** Names of the inputs that are read from a texture (texture_operand.ts), where they can be. */
  readonly textures?: readonly string[];
  /** Loop iterations of the busiest invocation. */
  readonly loops: number;
}

/**
 * What is left open of a launch for a tuner to decide. Every candidate must give the same bits: that one is faster than another
 * is measured, and differs from machine to machine and from day to day; what is computed may not.
 */
export interface Choice {
  /** Op and shape, with extents rounded: what was measured for one launch serves all of its bucket. */
  readonly bucket: string;
  /** The first is taken where nothing was measured. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
}

/** What was measured on an adapter: the name of the fastest candidate of each bucket. */
export type Tuning = ReadonlyMap<string, string>;

/** Nothing was measured: first candidates everywhere. */
export const UNTUNED: Tuning = new Map();

/** The candidates that a device can launch; the first stays in any case, so that what is wrong with it is said. */
export function launchable(
  [first, ...others]: readonly [Candidate, ...Candidate[]],
): [Candidate, ...Candidate[]] {
  const able = others.filter(({ groups, divisible, loops }) =>
    groups.every((count, axis) => count <= MAX_GROUPS || axis === divisible) && loops <= MAX_LOOP_ITERATIONS
  );
  return [first, ...able];
}

/** A launch as a tuning has it; a name that none of its candidates bears changes nothing. */
export function tuned<Launch extends { readonly choice?: Choice }>(launch: Launch, tuning: Tuning): Launch {
  const { choice } = launch;
  const name = choice && tuning.get(choice.bucket);
  const found = name === undefined
    ? undefined
    : choice?.candidates.find((candidate) => candidate.name === name);
  return found ? launchedAs(launch, found) : launch;
}

/** A launch by one of its candidates. */
export function launchedAs<Launch>(
  launch: Launch,
  { kernel, constants, groups, divisible, textures = [] }: Candidate,
): Launch {
  return { ...launch, kernel, constants, groups, divisible, textures };
}

/** The power of two nearest to a count, by ratio: extents of a bucket. */
export function nearestPower(count: number): number {
  return 2 ** Math.round(Math.log2(count));
}
