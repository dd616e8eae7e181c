/** Brings a step's images to the device, as views of the policy. @module */
import type { Device } from "../../kernels/device.ts";
import { ShapeError } from "../../kernels/errors.ts";
import type { Graph } from "../../kernels/graph.ts";
import type { Views } from "../augment.ts";
import type { ImageSet, MaskSet, SizedSet } from "../datasets/samples.ts";
import { ViewBatch, type ViewItem } from "../views/batch.ts";
import type { DrawnSet, Draws, SeenDraws } from "../views/specs.ts";
import type { Batch, Walk } from "./sampler.ts";

/** The images of a step, from the host's sets to captured tensors. */
export interface Feed {
  /** Bytes held on the device. */
  readonly bytes: number;
  /** How many batches of images the steps captured so far read, in parts of one; draws of the same images are of one. */
  readonly sets: number;
  /** Images of each set. */
  readonly sizes: Readonly<Record<DrawnSet, number>>;
  /** Captures the ops that make the views out of what {@linkcode Feed.fill} uploads: draws by name, views by name. */
  capture(graph: Graph): SeenDraws;
  /**
   * Draws the views of a step and uploads what they need; before the step is run. What no captured step reads is left out.
   *
   * @param drawn How often each sample has been drawn in this step, by the draw's name; counted on. The micro-batches of a step
   *   share it.
   */
  fill(batch: Batch, address: { epoch: number; step: number }, drawn?: Drawn): void;
  /** Counts the samples of a micro-batch that another process draws. */
  pass(batch: Batch, drawn: Drawn): void;
  free(): void;
}

/** How often each sample has been drawn in a step, by the draw's name. */
export type Drawn = Map<string, Map<number, number>>;

/** Which part of a batch a draw of a set is of: in the first walk through it, and in the second. */
const walks: Readonly<Record<DrawnSet, readonly [first: Walk, others: Walk]>> = {
  labeled: ["labeled", "labeled"],
  unlabeled: ["unlabeled", "others"],
  "pseudo-labeled": ["pseudoLabeled", "otherPseudoLabeled"],
};

/**
 * Prepares a feed of `batch` images a draw and step.
 *
 * @throws {ShapeError} If a draw's share of them is no whole number of images.
 */
export function makeFeed(
  device: Device,
  views: Views,
  { batch, seed, draws }: { batch: number; seed: number; draws: Draws },
): Feed {
  const { crop, scale, jitter, gray, blur, cutmix, randAugment: { operations } } = views.policy;
  const sets: Readonly<Record<DrawnSet, readonly SizedSet[]>> = {
    labeled: [views.labeled],
    unlabeled: [views.unlabeled],
    "pseudo-labeled": [views.labeled, views.unlabeled],
  };
  const batches = Object.entries(draws).map(([name, { set, images, share = 1, zoom, views: specs }]) => {
    const count = drawnImages(name, share, batch);
    const made = new ViewBatch(device, {
      name,
      batch: count,
      crop,
      scale,
      ...zoom,
      ...largest(sets[set]),
      masks: set !== "unlabeled",
      origins: set === "pseudo-labeled",
      views: specs,
      photometric: { jitter, gray, blur },
      operations,
      cutMix: cutmix,
    });
    const walk = images === "chosen" ? images : walks[set][images === "others" ? 1 : 0];
    return { name, set, walk, share, count, isEmpty: sets[set].at(-1)!.length === 0, made };
  });
  const labeled = (sample: number) => ({
    ...pixels(views.labeled, sample),
    mask: maskOf(views.labeled, sample),
  });
  const pseudoLabeled = (sample: number) => {
    const { length } = views.labeled;
    if (sample < length) return { ...labeled(sample), clean: true };
    if (!views.pseudoLabels) {
      throw new Error("Cannot bring pseudo-labeled images: the training has no pseudo-labels");
    }
    const place = sample - length, mask = maskOf(views.pseudoLabels, place);
    return { ...pixels(views.unlabeled, place), sample, mask, clean: false };
  };
  const items: Readonly<Record<DrawnSet, (sample: number) => ViewItem>> = {
    labeled,
    unlabeled: (sample) => pixels(views.unlabeled, sample),
    "pseudo-labeled": pseudoLabeled,
  };
  /** The draws of a step that are read, with their samples and how often each was drawn before. */
  function* wanted(images: Batch, drawn: Drawn) {
    for (const { name, set, walk, count, made, isEmpty } of batches) {
      const seen = drawn.get(name) ?? new Map<number, number>();
      drawn.set(name, seen);
      // Without unlabeled images no step is run that reads any.
      if (!made.isWanted || isEmpty) continue;
      // In a warm-up nothing is chosen, and nothing reads what would be.
      if (walk === "chosen" && images.chosen === undefined) continue;
      const own = (walk === "chosen" ? images.chosen?.[name] : images[walk]) ?? [];
      yield { made, set, samples: own.slice(0, count), seen };
    }
  }
  return {
    bytes: batches.reduce((sum, { made }) => sum + made.bytes, 0),
    get sets() {
      return sharesOfSets(batches.filter(({ made }) => made.isWanted));
    },
    sizes: {
      labeled: views.labeled.length,
      unlabeled: views.unlabeled.length,
      "pseudo-labeled": views.labeled.length + views.unlabeled.length,
    },
    capture: (graph) => Object.fromEntries(batches.map(({ name, made }) => [name, made.capture(graph)])),
    fill(images, address, drawn: Drawn = new Map()) {
      for (const { made, set, samples, seen } of wanted(images, drawn)) {
        made.fill(samples.map(items[set]), { seed, ...address }, seen);
      }
    },
    pass(images, drawn) {
      for (const { samples, seen } of wanted(images, drawn)) {
        for (const sample of samples) seen.set(sample, (seen.get(sample) ?? 0) + 1);
      }
    },
    free() {
      for (const { made } of batches) made.free();
    },
  };
}

/** How many of the images of a micro-batch a draw is of. */
export function drawnImages(name: string, share: number, batch: number): number {
  const count = batch * share;
  if (Number.isInteger(count)) return count;
  throw new ShapeError(
    `draw "${name}" is ${share} of the images of a micro-batch, and of ${batch} that is no whole number; set co-train.batch, ` +
      "or co-train.accumulate, so that it is",
  );
}

/** How many batches draws are of, in parts of one; those of one walk are of the same images. */
export function sharesOfSets(
  draws: readonly { readonly name: string; readonly walk: string; readonly share: number }[],
): number {
  const shares = new Map<string, number>();
  for (const { name, walk, share } of draws) {
    const key = walk === "chosen" ? `chosen ${name}` : walk;
    shares.set(key, Math.max(share, shares.get(key) ?? 0));
  }
  return [...shares.values()].reduce((sum, share) => sum + share, 0);
}

function pixels(set: ImageSet, sample: number) {
  return { sample, image: { ...set.size(sample), channels: 3, data: set.image(sample) } };
}

function maskOf(set: MaskSet, sample: number) {
  return { ...set.size(sample), channels: 1, data: set.mask(sample) };
}

function largest(sets: readonly SizedSet[]): { maxWidth: number; maxHeight: number } {
  let maxWidth = 1, maxHeight = 1;
  for (const set of sets) {
    for (let i = 0; i < set.length; i++) {
      const { width, height } = set.size(i);
      maxWidth = Math.max(maxWidth, width);
      maxHeight = Math.max(maxHeight, height);
    }
  }
  return { maxWidth, maxHeight };
}
