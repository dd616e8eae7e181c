/** Primitive "Draw": which images a step sees. @module */
import { RandomStream } from "../../kernels/random.ts";

/** One step's items, by position in their sets. */
export interface Batch {
  readonly labeled: readonly number[];
  readonly unlabeled: readonly number[];
}

/** How a run walks through its images. */
export interface Sampler {
  readonly stepsPerEpoch: number;
  /** The items of one step; a pure function of the arguments and the seed. */
  batch(epoch: number, step: number): Batch;
}

/**
 * The published walk: an epoch is one pass over the unlabeled images; the labeled list is repeated to that length,
 * shuffled once, and walked in the same permutation, so that an unlabeled image always meets the same labeled one.
 *
 * @param options.pairing `fixed` as published, or `free`: the labeled list gets a permutation of its own each epoch.
 * @param options.stepsPerEpoch Fewer or more steps than the published ⌊unlabeled / batch⌋; the walk wraps around.
 * @throws {RangeError} If a list is empty or, with the published length, shorter than a batch.
 * @see spec §3.5, §3.6
 */
export function makeSampler(options: {
  seed: number;
  labeled: number;
  unlabeled: number;
  batch: number;
  pairing: "fixed" | "free";
  stepsPerEpoch?: number | undefined;
}): Sampler {
  const { seed, labeled, unlabeled, batch, pairing } = options;
  const stepsPerEpoch = options.stepsPerEpoch ?? Math.floor(unlabeled / batch);
  if (labeled < 1 || stepsPerEpoch < 1) {
    throw new RangeError(
      `Cannot train on ${labeled} labeled and ${unlabeled} unlabeled images in batches of ${batch}: at least one labeled ` +
        `image and ${batch} unlabeled ones are needed; use a smaller batch`,
    );
  }
  const once = shuffled({ seed, stream: "labeled list" }, unlabeled);
  const repeated = once.map((position) => position % labeled);
  const orders = new Map<string, Uint32Array>();
  const order = (name: string, epoch: number) => {
    const key = `${name} ${epoch}`;
    let found = orders.get(key);
    if (!found) {
      // Only the current epoch's orders are asked for again.
      if (orders.size > 4) orders.clear();
      orders.set(key, found = shuffled({ seed, stream: name, epoch }, unlabeled));
    }
    return found;
  };
  return {
    stepsPerEpoch,
    batch(epoch, step) {
      const walk = order("epoch order", epoch);
      const other = pairing === "fixed" ? walk : order("labeled order", epoch);
      const positions = Array.from({ length: batch }, (_, i) => (step * batch + i) % unlabeled);
      return {
        unlabeled: positions.map((position) => walk[position]!),
        labeled: positions.map((position) => repeated[other[position]!]!),
      };
    },
  };
}

function shuffled(address: { seed: number; stream: string; epoch?: number }, count: number): Uint32Array {
  return new RandomStream(address).shuffle(count);
}
