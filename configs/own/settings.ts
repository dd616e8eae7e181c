/** Settings that suit a person's own folder: few labels, a small network, no pretrained weights, a processor. @module */

/** A leaf of a config with the reason for its value, as a comment beside it. */
export type Leaf = readonly [name: string, value: unknown, why: string];

/** A file of the data set, which the experiment finds from where it lies itself. */
export class DataFile {
  /** @param path Relative to the data set's folder. */
  constructor(readonly path: string) {}
}

/** What the settings depend on. */
export interface FolderFacts {
  /** Images without a label. */
  readonly unlabeled: number;
  /** Shortest side of the images, pixels; 0 where it is not known. */
  readonly side: number;
}

/** What an experiment says of its views and its training. */
export interface OwnSettings {
  readonly augment: readonly Leaf[];
  /** The method as experiments import it, and its options. */
  readonly method: { readonly name: "cutMixSeg" | "supervised"; readonly options: readonly Leaf[] };
  readonly coTrain: readonly Leaf[];
}

/** Largest and smallest side of the crops, pixels. */
const crops = { most: 160, least: 32 } as const;
/** Epochs, each of 100 steps: minutes on a processor. */
const epochs = 6;

/**
 * The settings for a folder: those of `configs/families/small.ts`, which says why. Without unlabeled images the method is
 * supervised, in as many steps.
 */
export function ownSettings({ unlabeled, side }: FolderFacts): OwnSettings {
  const fitting = Math.max(crops.least, Math.min(crops.most, 16 * Math.floor(side / 16)));
  const semi = unlabeled > 0;
  return {
    augment: [
      [
        "crop",
        side === 0 ? crops.most : fitting,
        "Side of the squares that training sees, pixels. Larger ones show more around a pixel, and take longer.",
      ],
      ["scale", [0.75, 1.5], "Images are resized by a factor between these, so that size tells nothing."],
      ...(semi
        ? [
          [
            "jitter",
            { hue: 0.1 },
            "How far colors are turned in views of unlabeled images; 0.5 is all the way, 0 keeps what is red red.",
          ] as const,
        ]
        : []),
    ],
    method: semi
      ? {
        name: "cutMixSeg",
        options: [
          [
            "color",
            true,
            "A network learns from what its own average says of the unlabeled images, mixed and in other colors.",
          ],
          ["distance", "kl-divergence", "The average's probabilities count as they are, over all pixels."],
          ["threshold", 0, ""],
          ["frozenNorms", false, "Random weights have no statistics yet that are worth keeping."],
        ],
      }
      : { name: "supervised", options: [] },
    coTrain: [
      [
        "backbone",
        "resnet14",
        "Small, for a processor; resnet18 to resnet101 are larger, and take pretrained weights.",
      ],
      ["epochs", epochs, "More are better, and take longer."],
      ...(semi
        ? [
          [
            "warmUpEpochs",
            epochs / 2,
            "Of those, how many learn from the labels alone, before the unlabeled images join.",
          ] as const,
        ]
        : []),
      ["stepsPerEpoch", 100, ""],
      ["batch", 2, semi ? "Labeled images in a step, and as many unlabeled ones." : "Images in a step."],
      ["optimizer", "adamw", "Moves random weights in few steps; all layers learn at one rate."],
      ["baseRate", 0.003, ""],
      ["backboneRate", 1, ""],
      ["headRate", 1, ""],
      ...(semi ? [["pairing", "free", "Each pass pairs labeled and unlabeled images anew."] as const] : []),
      [
        "evaluateEvery",
        epochs,
        "Epochs between scores of a training that goes on; the last is scored anyway.",
      ],
    ],
  };
}
