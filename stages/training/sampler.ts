/** Primitive "Draw": which images a step sees. @module */
import { RandomStream } from "../../kernels/random.ts";
import { ConfigError } from "../../pipeline/mod.ts";

/** One step's images, by position in their sets. */
export interface Batch {
  readonly labeled: readonly number[];
  readonly unlabeled: readonly number[];
}

/** How a run walks through its images. */
export interface Sampler {
  readonly stepsPerEpoch: number;
  /** The images of one step; a pure function of the arguments and the seed. */
  batch(epoch: number, step: number): Batch;
}

/**
 * The published walk: an epoch is one pass over the unlabeled images; the labeled list is repeated to that length,
 * shuffled once, and walked in the same permutation, so that an unlabeled image always meets the same labeled one.
 *
 * @param options.pairing `fixed` as published, or `free`: the labeled list gets a permutation of its own each epoch.
 * @param options.stepsPerEpoch Fewer or more steps than the published ⌊unlabeled / batch⌋; the walk wraps around.
 * @throws {ConfigError} If a list is empty or, with the published length, shorter than a batch.
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
  if (labeled < 1 || unlabeled < 1 || stepsPerEpoch < 1) {
    throw new ConfigError(
      `Cannot train on ${labeled} labeled and ${unlabeled} unlabeled images in batches of ${batch}: at least one labeled ` +
        `image and ${batch} unlabeled ones are needed; use a smaller batch`,
    );
  }
  const repeated = order("labeled list", 0).map((position) => position % labeled);
  // Asked for once a step; only the current epoch's orders are worth keeping.
  let current: { epoch: number; unlabeled: Uint32Array; labeled: Uint32Array } = {
    epoch: -1,
    unlabeled: new Uint32Array(),
    labeled: new Uint32Array(),
  };
  function order(stream: string, epoch: number): Uint32Array {
    return new RandomStream({ seed, stream, epoch }).shuffle(unlabeled);
  }
  return {
    stepsPerEpoch,
    batch(epoch, step) {
      if (current.epoch !== epoch) {
        const walk = order("epoch order", epoch);
        current = {
          epoch,
          unlabeled: walk,
          labeled: pairing === "fixed" ? walk : order("labeled order", epoch),
        };
      }
      const places = Array.from({ length: batch }, (_, i) => (step * batch + i) % unlabeled);
      return {
        unlabeled: places.map((place) => current.unlabeled[place]!),
        labeled: places.map((place) => repeated[current.labeled[place]!]!),
      };
    },
  };
}
