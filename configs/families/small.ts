/** Photographs with the small backbone: what the experiments that finish in minutes on a processor have in common. @module */
import { augment, coTrain, cutMixSeg, load, pipeline } from "../../mod.ts";
import { outcome } from "./outcome.ts";

/** What sets one of them apart. */
export interface SmallSettings {
  /** Where the data is, as `load` takes it. */
  readonly data: Parameters<typeof load>[0];
  /** Epochs, each of 100 steps; the first half of them learns from the labels alone. */
  readonly epochs: number;
}

/**
 * ResNet-14 from random weights. What differs from the published settings, and why; `docs/settings.md` has the figures:
 *
 * - A mean teacher: one network learns, so that a step costs less than two thirds of UniMatch's, a half of CCVC's.
 * - Crops of 160 pixels, 2 in a step: as many pixels as 4 of 113 are, and the labels are learned in fewer steps.
 * - AdamW at 0.003 for all layers: in a few hundred steps SGD does not come as far with random weights.
 * - Half of the steps are the labels' alone: with the method from step 100 on, one run was 5 points behind labels alone.
 * - Pixels of which the teacher is sure count, by their own confidence; with all pixels, and a
 *   slower teacher, one run was 3 points lower.
 * - The teacher follows closely (0.95), as the run is short, and the student sees other colors than it does.
 * - An epoch is 100 steps, however few images a folder has, and scores are made after the last.
 */
export function small(name: string, { data: source, epochs }: SmallSettings) {
  return pipeline(name, () => {
    const data = load(source);
    const views = augment({ data }, { crop: 160, scale: [0.75, 1.5], jitter: { hue: 0.1 } });
    const nets = coTrain({ views }, {
      method: cutMixSeg({
        decay: 0.95,
        threshold: 0.9,
        confidence: "pixel",
        distance: "kl-divergence",
        color: true,
        // Norms of random networks have no statistics yet that are worth keeping.
        frozenNorms: false,
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
