/** Settings that suit a person's own folder: few labels, a small network, no pretrained weights, a processor. @module */

/** A leaf of a config with the reason for its value, as a comment beside it. */
export type Leaf = readonly [name: string, value: unknown, why: string];

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
 * The settings for a folder: those of `configs/families/small.ts`, which says why, with crops that fit the images. Without
 * unlabeled images the method is supervised, in as many steps.
 */
export function ownSettings({ unlabeled, side }: FolderFacts): OwnSettings {
  const crop = side === 0
    ? crops.most
    : Math.max(crops.least, Math.min(crops.most, 16 * Math.floor(side / 16)));
  return unlabeled === 0 ? alone(crop) : together(crop);
}

const cropWhy =
  "Side of the squares that training sees, pixels. Larger ones show more around a pixel, and take longer.";
const scaleWhy = "Images are resized by a factor between these, so that size tells nothing.";
const backboneWhy = "Small, for a processor; resnet18 to resnet101 are larger, and take pretrained weights.";
const epochsWhy = "Each of 100 steps. More learn more, and take longer.";
const optimizerWhy = "Moves random weights in few steps; all layers learn at one rate.";
const scoresWhy = "Epochs between scores; they take as long as some steps.";

const rates: readonly Leaf[] = [
  ["optimizer", "adamw", optimizerWhy],
  ["baseRate", 0.003, ""],
  ["backboneRate", 1, ""],
  ["headRate", 1, ""],
];

/** From labels alone. */
function alone(crop: number): OwnSettings {
  return {
    augment: [["crop", crop, cropWhy], ["scale", [0.75, 1.5], scaleWhy]],
    method: { name: "supervised", options: [] },
    coTrain: [
      ["backbone", "resnet14", backboneWhy],
      ["epochs", epochs, epochsWhy],
      ["stepsPerEpoch", 100, ""],
      ["batch", 2, "Images in a step."],
      ...rates,
      ["evaluateEvery", epochs, scoresWhy],
    ],
  };
}

/** From labels and unlabeled images. */
function together(crop: number): OwnSettings {
  return {
    augment: [
      ["crop", crop, cropWhy],
      ["scale", [0.75, 1.5], scaleWhy],
      [
        "jitter",
        { hue: 0.1 },
        "How far hues are turned in the other views of unlabeled images; 0.5 is all the way.",
      ],
    ],
    method: {
      name: "cutMixSeg",
      options: [
        [
          "decay",
          0.95,
          "A network is taught by its own running average; nearer to 1 it changes more slowly.",
        ],
        ["threshold", 0.9, "How sure that average must be of a pixel for it to count; 0 takes all."],
        ["confidence", "pixel", ""],
        ["distance", "kl-divergence", ""],
        ["color", true, "The network sees the unlabeled images in other colors than its average does."],
        ["frozenNorms", false, "Random weights have no statistics yet that are worth keeping."],
      ],
    },
    coTrain: [
      ["backbone", "resnet14", backboneWhy],
      ["epochs", epochs, epochsWhy],
      [
        "warmUpEpochs",
        epochs / 2,
        "Of those, how many learn from the labels alone before the unlabeled images join.",
      ],
      ["stepsPerEpoch", 100, ""],
      ["batch", 2, "Labeled images in a step, and as many unlabeled ones."],
      ...rates,
      ["pairing", "free", "Each pass pairs labeled and unlabeled images anew."],
      ["evaluateEvery", epochs, scoresWhy],
    ],
  };
}
