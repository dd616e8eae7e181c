/** CutMix-Seg with the published partitions: what its experiments have in common. @module */
import { augment, coTrain, cutMixSeg, load, pipeline } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/** What the data sets differ in. */
const dataSets = {
  pascal: { crop: 321, scale: [0.5, 1.5], batch: 10 },
  // As much of a street as the published 256 × 512 show of images at half their size.
  cityscapes: { crop: 721, scale: [1, 1], batch: 4 },
} as const;

/** What sets one of them apart. */
export interface CutMixSegExperiment {
  readonly dataset: keyof typeof dataSets;
  /** Share of labeled images. */
  readonly split: "1_16" | "1_8" | "1_4";
}

/**
 * The settings that CutMix-Seg's authors publish for DeepLab v3+ with ResNet-101: 40 epochs of 1000 steps whatever the split, Adam
 * at a constant rate of 1e-5 for the whole network without weight decay, decay 0.99 of the teacher, threshold 0.97. Colors stay as
 * they are, as in the published numbers; `--set co-train.method.color=true` changes them as the authors' later code does. What
 * counts is the teacher's score after the last epoch.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file the norms of the backbones are frozen at statistics that no image has made: set `co-train.method.frozenNorms=false`, too.
 *
 * What differs: the network is CCVC's of output stride 8, which has a deep stem, multi-grid and no dropout; the partitions are of
 * other papers, and their unlabeled lists leave the labeled images out; images are resized by any factor in the range, with
 * antialiasing, and crops are padded with black right and below, where the authors center them and pad with the mean; validity
 * is resized with labels, to 0 or 1, where theirs has fractions at the border. Images of Cityscapes keep their size, where
 * theirs are half of it.
 *
 * @param name Name of the experiment.
 */
export function cutMixSegExperiment(name: string, { dataset, split }: CutMixSegExperiment) {
  const { crop, scale, batch } = dataSets[dataset];
  return pipeline(name, () => {
    const data = load({ dataset, root: `data/${dataset}`, partition: `${dataset}/${split}` });
    const views = augment({ data }, {
      crop,
      scale,
      jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
      blur: { probability: 0 },
    });
    const nets = coTrain({ views }, {
      method: cutMixSeg(),
      backbone: "resnet101",
      outputStride: 8,
      epochs: 40,
      stepsPerEpoch: 1000,
      batch,
      pairing: "free",
      optimizer: "adam",
      baseRate: 1e-5,
      backboneRate: 1,
      headRate: 1,
      power: 0,
      weightDecay: 0,
    });
    return outcome(nets, data);
  });
}

/** Each split that is published. */
export const experiments = family(cutMixSegExperiment, {
  "cutmix-seg-pascal-1-16": { dataset: "pascal", split: "1_16" },
  "cutmix-seg-pascal-1-8": { dataset: "pascal", split: "1_8" },
  "cutmix-seg-pascal-1-4": { dataset: "pascal", split: "1_4" },
  "cutmix-seg-cityscapes-1-8": { dataset: "cityscapes", split: "1_8" },
});
