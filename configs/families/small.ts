/** Photographs with the small backbone: what the experiments that finish in minutes on a processor have in common. @module */
import { ael, augment, coTrain, load, pipeline } from "../../mod.ts";
import { outcome } from "./outcome.ts";

/** What sets one of them apart. */
export interface SmallSettings {
  /** Where the data is, as `load` takes it. */
  readonly data: Parameters<typeof load>[0];
  /** Epochs, each of 100 steps; the first half of them learns from the labels alone. */
  readonly epochs: number;
  /** Classes with more than their share of the pixels, by their values: they are seen often enough. */
  readonly frequent: readonly number[];
}

/**
 * ResNet-14 from random weights. What differs from the published settings, and why; `docs/settings.md` has the figures:
 *
 * - AEL: one network learns, what is rare is pasted into labeled images, and the hardest pixels count. Its options are those
 *   published for street scenes, with the weight of one process.
 * - Unlabeled images weigh a fifth of what is published: with all of it they cost 2 to 4 points.
 * - Crops of 160 pixels, 2 in a step: as many pixels as 4 of 113 are, and the labels are learned in fewer steps.
 * - AdamW at 0.003 for all layers: in a few hundred steps SGD does not come as far with random weights.
 * - Half of the steps are the labels' alone.
 * - Hues stay near to what they were in the strong views of methods that have some; AEL has none.
 * - An epoch is 100 steps, however few images a folder has, and scores are made after the last.
 */
export function small(name: string, { data: source, epochs, frequent }: SmallSettings) {
  return pipeline(name, () => {
    const data = load(source);
    const views = augment({ data }, { crop: 160, scale: [0.75, 1.5], jitter: { hue: 0.1 } });
    const nets = coTrain({ views }, {
      method: ael({
        weight: 1,
        mixed: "all",
        threshold: 0,
        pasted: 3,
        neverPasted: [...frequent],
        boxArea: 0.005,
        indexArea: 0.01,
        // A fifth of the pixels of a step.
        ohemMinKept: 10_000,
        consistencyWeight: 0.2,
      }),
      backbone: "resnet14",
      epochs,
      warmUpEpochs: Math.floor(epochs / 2),
      stepsPerEpoch: 100,
      batch: 2,
      optimizer: "adamw",
      baseRate: 0.003,
      backboneRate: 1,
      headRate: 1,
      pairing: "free",
      evaluateEvery: epochs,
    });
    return outcome(nets, data);
  });
}
