/** Primitive "Draw": which images a step sees. @module */
import { RandomStream } from "../../kernels/random.ts";
import { ConfigError } from "../../pipeline/mod.ts";
import type { Views } from "../augment.ts";
import type { BoundMethod } from "../methods/bound_method.ts";
import type { DrawnSet } from "../views/specs.ts";
import type { TrainingConfig } from "./config/config.ts";

/** One step's images, by position in their sets. */
export interface Batch {
  readonly labeled: readonly number[];
  readonly unlabeled: readonly number[];
  /** As many unlabeled ones again, by orders of their own, for draws of other images. */
  readonly others?: readonly number[];
  /** Of labeled and pseudo-labeled images in one set, the labeled ones first; where the method draws them. */
  readonly pseudoLabeled?: readonly number[];
  /** As many of them again, by orders of their own. */
  readonly otherPseudoLabeled?: readonly number[];
  /** Those that the method has chosen, by the names of their draws. */
  readonly chosen?: Readonly<Record<string, readonly number[]>>;
}

/** What is walked through. */
export type Walk = Exclude<keyof Batch, "chosen">;

/** How a run walks through its images. */
export interface Sampler {
  readonly stepsPerEpoch: number;
  /** The images of one step; a pure function of the arguments and the seed. */
  batch(epoch: number, step: number): Batch;
}

/** What a walk depends on, some of it settings of the stage; without `shards` 1. */
export interface SamplerOptions
  extends
    Pick<TrainingConfig, "batch" | "pairing" | "stepsPerEpoch">,
    Partial<Pick<TrainingConfig, "shards">> {
  readonly seed: number;
  /** How many labeled images there are. */
  readonly labeled: number;
  /** How many unlabeled images there are. */
  readonly unlabeled: number;
  /** Whether the method draws labeled and pseudo-labeled images from one set; default false. */
  readonly pseudoLabeled?: boolean;
}

/**
 * The published walk: an epoch is one pass over the unlabeled images; the labeled list is repeated until it is no shorter,
 * shuffled once, cut to that length, and walked in the same permutation, so that an unlabeled image always meets the same
 * labeled one. The others are a second pass over the unlabeled images, which knows nothing of the first: an image may be in
 * both parts of a batch. Where there are no unlabeled images, an epoch is one pass over the labeled ones, a batch at least. Where
 * labeled and pseudo-labeled images are one set, it is one pass over that.
 *
 * @param options.pairing `fixed` as published, or `free`: the repeated labeled list is shuffled anew for each epoch.
 * @param options.shards Processes that the published lists are dealt to: a pass ends with as many of its first images again
 *   as fill the last round, which here and there makes one step more; 1 repeats none.
 * @param options.stepsPerEpoch Fewer or more steps than the published ⌊⌈unlabeled / shards⌉ · shards / batch⌋; the walk
 *   wraps around.
 * @throws {ConfigError} If there is no labeled image or, with the published length, some unlabeled ones, but fewer than a batch.
 * @see CCVC §3.5, §3.6
 */
export function makeSampler(options: SamplerOptions): Sampler {
  const { seed, labeled, unlabeled, batch, pairing, shards = 1 } = options;
  const length = unlabeled > 0 ? unlabeled : labeled, all = labeled + unlabeled;
  const drawsAll = options.pseudoLabeled === true && unlabeled > 0;
  const walked = Math.ceil((drawsAll ? all : length) / shards) * shards;
  const stepsPerEpoch = options.stepsPerEpoch ??
    Math.max(unlabeled > 0 ? 0 : 1, Math.floor(walked / batch));
  if (labeled < 1 || stepsPerEpoch < 1) {
    throw new ConfigError(
      `Cannot train on ${labeled} labeled and ${unlabeled} unlabeled images in batches of ${batch}: at least one labeled ` +
        `image and ${batch} unlabeled ones are needed, or no unlabeled ones; use a smaller batch`,
    );
  }
  const order = (stream: string, epoch: number, of = length) =>
    new RandomStream({ seed, stream, epoch }).shuffle(of);
  const repeatedLength = Math.ceil(length / labeled) * labeled;
  const labeledOrder = (stream: string, epoch: number) =>
    order(stream, epoch, repeatedLength).subarray(0, length).map((position) => position % labeled);
  const partners = labeledOrder("labeled list", 0);
  // Asked for once a step; only the current epoch's orders are worth keeping.
  let current: Record<Walk, Uint32Array> & { epoch: number } = {
    epoch: -1,
    labeled: new Uint32Array(),
    unlabeled: new Uint32Array(),
    others: new Uint32Array(),
    pseudoLabeled: new Uint32Array(),
    otherPseudoLabeled: new Uint32Array(),
  };
  return {
    stepsPerEpoch,
    batch(epoch, step) {
      if (current.epoch !== epoch) {
        const walk = order("epoch order", epoch);
        current = {
          epoch,
          unlabeled: walk,
          labeled: pairing === "fixed"
            ? walk.map((position) => partners[position]!)
            : labeledOrder("labeled order", epoch),
          others: order("other order", epoch),
          pseudoLabeled: order("all order", epoch, drawsAll ? all : 0),
          otherPseudoLabeled: order("other all order", epoch, drawsAll ? all : 0),
        };
      }
      const images = (of: Walk) =>
        Array.from({ length: batch }, (_, i) => current[of][(step * batch + i) % current[of].length]!);
      if (unlabeled === 0) return { labeled: images("labeled"), unlabeled: [] };
      return {
        labeled: images("labeled"),
        unlabeled: images("unlabeled"),
        others: images("others"),
        ...(drawsAll && {
          pseudoLabeled: images("pseudoLabeled"),
          otherPseudoLabeled: images("otherPseudoLabeled"),
        }),
      };
    },
  };
}

/** Names the images of a batch, for messages: the labeled ones, and what a method draws or has chosen besides. */
export function namesOf(
  { labeled, unlabeled, others = [], pseudoLabeled = [], otherPseudoLabeled = [], chosen = {} }: Batch,
  sets: Pick<Views, "labeled" | "unlabeled">,
  { draws }: Pick<BoundMethod, "draws">,
): string {
  const specs = Object.values(draws), more = specs.some(({ images }) => images === "others");
  const ids = {
    labeled: sets.labeled.ids,
    unlabeled: sets.unlabeled.ids,
    "pseudo-labeled": [...sets.labeled.ids, ...sets.unlabeled.ids],
  };
  const named = (set: DrawnSet, places: readonly number[]) =>
    places.map((place) => `"${ids[set][place]}"`).join(", ");
  if (specs.some(({ set }) => set === "pseudo-labeled") && pseudoLabeled.length > 0) {
    return named("pseudo-labeled", more ? [...pseudoLabeled, ...otherPseudoLabeled] : pseudoLabeled);
  }
  const drawn = Object.entries(chosen).map(([name, places]) => `${name} ${named(draws[name]!.set, places)}`);
  const seen = drawn.length > 0 ? [] : more ? [...unlabeled, ...others] : unlabeled;
  return [
    `labeled ${named("labeled", labeled)}`,
    ...(seen.length > 0 ? [`unlabeled ${named("unlabeled", seen)}`] : []),
    ...drawn,
  ].join("; ");
}
