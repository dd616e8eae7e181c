/** Settings that suit a person's own folder: few labels, a small network, no pretrained weights, a processor. @module */

/** A leaf of a config with the reason for its value, as a comment beside it. */
export type Leaf = readonly [name: string, value: unknown, why: string];

/** What the settings depend on. */
export interface FolderFacts {
  /** Images without a label. */
  readonly unlabeled: number;
  /** Shortest side of the images, pixels; 0 where it is not known. */
  readonly side: number;
  /** Classes with more than their share of the pixels, by their values. */
  readonly frequent: readonly number[];
}

/** What an experiment says of its views and its training. */
export interface OwnSettings {
  readonly augment: readonly Leaf[];
  /** The method as experiments import it, and its options. */
  readonly method: { readonly name: "ael" | "supervised"; readonly options: readonly Leaf[] };
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
export function ownSettings({ unlabeled, side, frequent }: FolderFacts): OwnSettings {
  const crop = side === 0
    ? crops.most
    : Math.max(crops.least, Math.min(crops.most, 16 * Math.floor(side / 16)));
  return unlabeled === 0 ? alone(crop) : together(crop, frequent);
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
function together(crop: number, frequent: readonly number[]): OwnSettings {
  return {
    augment: [
      ["crop", crop, cropWhy],
      ["scale", [0.75, 1.5], scaleWhy],
    ],
    method: {
      name: "ael",
      options: [
        [
          "weight",
          1,
          "A network learns what its own running average says of unlabeled images, mixed in pairs.",
        ],
        ["mixed", "all", ""],
        [
          "threshold",
          0,
          "How sure that average must be of a pixel for it to count; 0 takes all, the surer the more.",
        ],
        [
          "pasted",
          3,
          "Of so many classes, those that the network is less sure of, pixels are pasted into labeled images.",
        ],
        ["neverPasted", frequent, "Classes that are frequent enough, by number; the first one is 0."],
        ["boxArea", 0.005, "The least part of a crop that is cut out of one image, and laid over another,"],
        ["indexArea", 0.01, "and the least that a class has of an image to be looked for there."],
        [
          "ohemMinKept",
          Math.round(10_000 * (crop / 160) ** 2),
          "Labeled pixels that count in each step, the hardest ones: a fifth.",
        ],
        ["consistencyWeight", 0.2, "Weight of what unlabeled images teach; 0 tells what they bring."],
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
