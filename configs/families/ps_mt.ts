/** PS-MT with the published partitions: what its experiments have in common. @module */
import { augment, coTrain, load, pipeline, psMt } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/** What sets one of them apart. */
export interface PsMtExperiment {
  readonly dataset: "pascal" | "cityscapes";
  /** A partition of the data set. */
  readonly split: string;
  /** Weight of what the unlabeled images teach, after the ramp. */
  readonly weight: number;
  /** Epochs after the warm-up, and steps of each: the published numbers. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Epochs of the warm-up: of our length, as many as come nearest to the published steps, one at least. */
  readonly warmUp: number;
}

const dataSets = {
  pascal: { backbone: "resnet101", crop: 512, batch: 32, baseRate: 0.01, cutMix: "square", windows: {} },
  cityscapes: {
    backbone: "resnet50",
    crop: 800,
    batch: 8,
    baseRate: 0.0045,
    cutMix: "three boxes",
    windows: { protocol: "sliding_window_shifted", crop: 800 },
  },
} as const;

/**
 * The settings of the scripts that PS-MT's authors publish (PS-MT §7): ResNet-101 for PASCAL and ResNet-50 for Cityscapes, output
 * stride 16, as many images a step as their GPUs see together, one rate for the whole network without lag, which falls after the
 * warm-up, weight decay on convolutions alone. Features are perturbed as published, which is hardly at all (PS-MT §4.1);
 * `--set co-train.method.as=paper` perturbs them as described. `--set co-train.accumulate=4` has the memory, and the losses, of
 * their four GPUs, and norms of its own in each.
 *
 * The authors start the student from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`.
 * Without a file the published scores are not to be expected.
 *
 * What differs: PS-MT §10; images of PASCAL are resized by a factor, where the authors' have a long side of 300 to 1200 pixels
 * whatever they were, and are scored as they are, where theirs are resized to multiples of 8. Of Cityscapes the mean of both
 * teachers stands for the run, where theirs is teacher 1 alone. With 5291 labels (a half of PASCAL) there is no list here, and for
 * 1464 no script: the settings of 732 stand for it.
 *
 * @param name Name of the experiment.
 */
export function psMtExperiment(name: string, { dataset, split, weight, warmUp, ...length }: PsMtExperiment) {
  const { backbone, crop, batch, baseRate, cutMix, windows } = dataSets[dataset];
  return pipeline(name, () => {
    const data = load({ dataset, root: `data/${dataset}`, partition: `${dataset}/${split}` });
    const views = augment({ data }, { crop });
    const nets = coTrain({ views }, {
      method: psMt({ as: "published-code", weight, cutMix }),
      backbone,
      outputStride: 16,
      epochs: warmUp + length.epochs,
      warmUpEpochs: warmUp,
      stepsPerEpoch: length.stepsPerEpoch,
      batch,
      pairing: "free",
      baseRate,
      backboneRate: 1,
      headRate: 1,
      rateLag: 0,
      rateDecayFrom: "method",
      normDecay: 0,
      biasDecay: 0,
      evaluation: windows,
    });
    return outcome(nets, data, windows);
  });
}

const classic = (split: string, weight: number, stepsPerEpoch: number) =>
  ({ dataset: "pascal", split, weight, epochs: 80, stepsPerEpoch, warmUp: 1 }) as const;
const blended = (split: string, epochs: number, stepsPerEpoch: number, warmUp: number) =>
  ({ dataset: "pascal", split, weight: 1.5, epochs, stepsPerEpoch, warmUp }) as const;
const streets = (split: string, epochs: number, stepsPerEpoch: number, warmUp: number) =>
  ({ dataset: "cityscapes", split, weight: 3, epochs, stepsPerEpoch, warmUp }) as const;

/** Each split that is published, but for a half of PASCAL. */
export const experiments = family(psMtExperiment, {
  "ps-mt-pascal-92": classic("92", 0.06, 327),
  "ps-mt-pascal-183": classic("183", 0.6, 325),
  "ps-mt-pascal-366": classic("366", 0.6, 319),
  "ps-mt-pascal-732": classic("732", 0.6, 307),
  "ps-mt-pascal-1464": classic("1464", 0.6, 285),
  "ps-mt-pascal-1-16": blended("1_16", 80, 310, 1),
  "ps-mt-pascal-1-8": blended("1_8", 80, 289, 1),
  "ps-mt-pascal-1-4": blended("1_4", 200, 248, 2),
  "ps-mt-pascal-u2pl-1-16": blended("u2pl_1_16", 80, 310, 1),
  "ps-mt-pascal-u2pl-1-8": blended("u2pl_1_8", 80, 289, 1),
  "ps-mt-pascal-u2pl-1-4": blended("u2pl_1_4", 200, 248, 2),
  "ps-mt-cityscapes-1-8": streets("1_8", 320, 325, 1),
  "ps-mt-cityscapes-1-4": streets("1_4", 450, 279, 2),
  "ps-mt-cityscapes-1-2": streets("1_2", 550, 186, 5),
});
