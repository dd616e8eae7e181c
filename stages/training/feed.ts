/** Brings a step's images to the device, as views of the policy. @module */
import type { Device } from "../../kernels/device.ts";
import type { Graph } from "../../kernels/graph.ts";
import type { Views } from "../augment.ts";
import type { StepViews } from "../methods/step.ts";
import type { ImageSet, SizedSet } from "../samples.ts";
import { ViewBatch } from "../views/batch.ts";
import type { Batch } from "./sampler.ts";

/** The images of a step, from the host's sets to captured tensors. */
export interface Feed {
  /** Bytes held on the device. */
  readonly bytes: number;
  /** Captures the ops that make the views out of what {@linkcode Feed.fill} uploads. */
  capture(graph: Graph): StepViews;
  /**
   * Draws the views of a step and uploads what they need; before the step is run.
   * @param drawn How often each sample has been drawn in this step; counted on. The micro-batches of a step share it.
   */
  fill(batch: Batch, address: { epoch: number; step: number }, drawn?: Drawn): void;
  free(): void;
}

/** How often each sample has been drawn in a step. */
export type Drawn = Readonly<Record<keyof Batch, Map<number, number>>>;

/** Prepares a feed of `batch` labeled and `batch` unlabeled images a step; `strong` adds strong views and CutMix. */
export function makeFeed(
  device: Device,
  views: Views,
  { batch, seed, strong }: { batch: number; seed: number; strong: boolean },
): Feed {
  const { crop, scale, jitter, gray, blur, cutmix } = views.policy;
  const labeled = new ViewBatch(device, {
    name: "labeled",
    batch,
    crop,
    scale,
    ...largest(views.labeled),
    masks: true,
  });
  const unlabeled = new ViewBatch(device, {
    name: "unlabeled",
    batch,
    crop,
    scale,
    ...largest(views.unlabeled),
    masks: false,
    ...(strong && { strong: { jitter, gray, blur }, cutMix: cutmix }),
  });
  return {
    bytes: labeled.bytes + unlabeled.bytes,
    capture(graph) {
      const seen = labeled.capture(graph);
      if (!seen.labels) throw new Error("Cannot train: the labeled views have no labels");
      return { labeled: { image: seen.image, labels: seen.labels }, unlabeled: unlabeled.capture(graph) };
    },
    fill(items, address, drawn) {
      const at = { seed, ...address };
      labeled.fill(
        items.labeled.map((sample) => ({
          ...pixels(views.labeled, sample),
          mask: { ...views.labeled.size(sample), channels: 1, data: views.labeled.mask(sample) },
        })),
        at,
        drawn?.labeled,
      );
      unlabeled.fill(items.unlabeled.map((sample) => pixels(views.unlabeled, sample)), at, drawn?.unlabeled);
    },
    free() {
      labeled.free();
      unlabeled.free();
    },
  };
}

function pixels(set: ImageSet, sample: number) {
  return { sample, image: { ...set.size(sample), channels: 3, data: set.image(sample) } };
}

function largest(set: SizedSet): { maxWidth: number; maxHeight: number } {
  let maxWidth = 1, maxHeight = 1;
  for (let i = 0; i < set.length; i++) {
    const { width, height } = set.size(i);
    maxWidth = Math.max(maxWidth, width);
    maxHeight = Math.max(maxHeight, height);
  }
  return { maxWidth, maxHeight };
}
