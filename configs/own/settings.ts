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
  /** Images with a mask that are learned from. */
  readonly labeled: number;
  /** Images without a mask. */
  readonly unlabeled: number;
  /** Shorter side of the smallest image, pixels. */
  readonly side: number;
}

/** What an experiment says of its views and its training. */
export interface OwnSettings {
  readonly augment: readonly Leaf[];
  /** Options of the method; empty for labels alone. */
  readonly method: readonly Leaf[];
  readonly coTrain: readonly Leaf[];
}

/** Steps of a training, about: minutes on a processor. */
const steps = 400;
/** Labeled images in a step, and as many unlabeled ones. */
const batch = 4;

/** The settings for a folder. */
export function ownSettings({ labeled, unlabeled, side }: FolderFacts): OwnSettings {
  const perEpoch = Math.max(1, Math.floor((unlabeled || labeled) / batch));
  const epochs = Math.max(4, Math.round(steps / perEpoch));
  return {
    augment: [
      [
        "crop",
        Math.max(32, Math.min(128, 32 * Math.floor(side / 32))),
        "Side of the squares that training sees, pixels; larger sees more around a pixel, and is slower.",
      ],
      ["scale", [0.75, 1.5], "Images are resized by a factor between these, so that size is learned, too."],
    ],
    method: unlabeled === 0 ? [] : [
      ["augmentation", "strong", "Unlabeled images are also seen with other colors and pasted boxes."],
    ],
    coTrain: [
      ["backbone", "resnet14", "Small; resnet18 and resnet50 are slower, and take pretrained weights."],
      ["outputStride", 8, "How much coarser than the image the network thinks; 16 is faster."],
      [
        "epochs",
        epochs,
        unlabeled === 0 ? "Passes over the labeled images." : "Passes over the unlabeled images.",
      ],
      ...(unlabeled === 0 ? [] : [
        [
          "warmUpEpochs",
          Math.floor(epochs / 3),
          "Of those, how many learn from the labels alone at first.",
        ] as const,
      ]),
      [
        "batch",
        batch,
        unlabeled === 0 ? "Images in a step." : "Labeled images in a step, and as many unlabeled ones.",
      ],
      ["baseRate", 0.02, "Learning rate; random weights need more than pretrained ones."],
      ["backboneRate", 1, "All layers learn at that rate."],
      ["headRate", 1, ""],
      ["evaluateEvery", Math.max(1, Math.round(epochs / 8)), "Epochs between scores."],
    ],
  };
}
