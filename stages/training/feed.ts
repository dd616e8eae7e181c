/** Brings a step's images to the device, as views of the policy. @module */
import type { Device } from "../../kernels/device.ts";
import type { Graph } from "../../kernels/graph.ts";
import type { Views } from "../augment.ts";
import type { ImageSet, MaskSet, SizedSet } from "../datasets/samples.ts";
import { ViewBatch, type ViewItem } from "../views/batch.ts";
import type { DrawnSet, Draws, SeenDraws } from "../views/specs.ts";
import type { Batch } from "./sampler.ts";

/** The images of a step, from the host's sets to captured tensors. */
export interface Feed {
  /** Bytes held on the device. */
  readonly bytes: number;
  /** How many batches of images the steps captured so far read; draws of the same images are of one. */
  readonly sets: number;
  /** Captures the ops that make the views out of what {@linkcode Feed.fill} uploads: draws by name, views by name. */
  capture(graph: Graph): SeenDraws;
  /**
   * Draws the views of a step and uploads what they need; before the step is run. What no captured step reads is left out.
   *
   * @param drawn How often each sample has been drawn in this step, by the draw's name; counted on. The micro-batches of a step
   *   share it.
   */
  fill(batch: Batch, address: { epoch: number; step: number }, drawn?: Drawn): void;
  free(): void;
}

/** How often each sample has been drawn in a step, by the draw's name. */
export type Drawn = Map<string, Map<number, number>>;

/** Which part of a batch a draw of a set is of: in the first walk through it, and in the second. */
const walks: Readonly<Record<DrawnSet, readonly [first: keyof Batch, others: keyof Batch]>> = {
  labeled: ["labeled", "labeled"],
  unlabeled: ["unlabeled", "others"],
  "pseudo-labeled": ["pseudoLabeled", "otherPseudoLabeled"],
};

/** Prepares a feed of `batch` images a draw and step. */
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
  const batches = Object.entries(draws).map(([name, { set, images, views: specs }]) => ({
    name,
    walk: walks[set][images === "others" ? 1 : 0],
    isEmpty: sets[set].at(-1)!.length === 0,
    made: new ViewBatch(device, {
      name,
      batch,
      crop,
      scale,
      ...largest(sets[set]),
      masks: set !== "unlabeled",
      origins: set === "pseudo-labeled",
      views: specs,
      photometric: { jitter, gray, blur },
      operations,
      cutMix: cutmix,
    }),
  }));
  const unlabeled = (sample: number) => pixels(views.unlabeled, sample);
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
  const items: Readonly<Record<keyof Batch, (sample: number) => ViewItem>> = {
    labeled,
    unlabeled,
    others: unlabeled,
    pseudoLabeled,
    otherPseudoLabeled: pseudoLabeled,
  };
  return {
    bytes: batches.reduce((sum, { made }) => sum + made.bytes, 0),
    get sets() {
      return new Set(batches.flatMap(({ walk, made }) => made.isWanted ? [walk] : [])).size;
    },
    capture: (graph) => Object.fromEntries(batches.map(({ name, made }) => [name, made.capture(graph)])),
    fill(images, address, drawn: Drawn = new Map()) {
      for (const { name, walk, made, isEmpty } of batches) {
        const seen = drawn.get(name) ?? new Map<number, number>();
        drawn.set(name, seen);
        // Without unlabeled images no step is run that reads any.
        if (!made.isWanted || isEmpty) continue;
        made.fill((images[walk] ?? []).map(items[walk]), { seed, ...address }, seen);
      }
    },
    free() {
      for (const { made } of batches) made.free();
    },
  };
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
