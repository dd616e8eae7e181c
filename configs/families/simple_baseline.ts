/** SimpleBaseline's rounds of self-training with published partitions: what its experiments have in common. @module */
import { augment, coTrain, load, pipeline, pseudoLabel, simpleBaseline, supervised } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/** What sets one of them apart. */
export interface SimpleBaselineSettings {
  readonly dataset: "pascal" | "cityscapes";
  /** Name of the partition within the data set. */
  readonly split: string;
  /** Rounds after the one that learns from the labels alone. */
  readonly rounds: number;
}

/**
 * The settings that SimpleBaseline's authors publish for Cityscapes, on CCVC's network with ResNet-101: output stride 16, crops of
 * 769, 16 images of each half a step, 20,000 steps a round at a rate of 0.002, ten times that in the decoder, without decay,
 * scored every 500 steps; three operations of RandAugment and no other change of colors. The last training is `co-train`; those
 * before it have a number.
 *
 * What differs: the authors' network is an Xception-65; their strong and weak images are normalized to [−1, 1], resized without
 * antialiasing and padded on all sides, here by ImageNet's mean and deviation, with antialiasing, right and below; a process of
 * theirs normalizes losses and norms by its 2 images of each half; their labels are averaged over augmented views by a program
 * that is not published, here they are of whole images. Round 0 has the same settings, as none are told. Their lists for
 * Cityscapes are their own, and for PASCAL they publish none of the settings: crops are of 513 there, all else is the same.
 *
 * They start from ImageNet weights, which are not the project's to contain: `--set co-train-0.pretrained=FILE`.
 *
 * @param name Name of the experiment.
 */
export function simpleBaselineExperiment(name: string, { dataset, split, rounds }: SimpleBaselineSettings) {
  const settings = {
    backbone: "resnet101",
    outputStride: 16,
    epochs: 40,
    stepsPerEpoch: 500,
    batch: 16,
    pairing: "free",
    baseRate: 0.002,
    backboneRate: 1,
    headRate: 10,
    rateLag: 0,
    weightDecay: 0,
  } as const;
  return pipeline(name, () => {
    const data = load({ dataset, root: `data/${dataset}`, partition: `${dataset}/${split}` });
    const views = augment({ data }, {
      crop: dataset === "pascal" ? 513 : 769,
      jitter: { probability: 0 },
      gray: { probability: 0 },
      blur: { probability: 0 },
      randAugment: { operations: 3 },
    });
    let best = coTrain({ views }, { method: supervised(), ...settings }, { as: "co-train-0" }).bestNetwork;
    for (let round = 1;; round++) {
      const labeled = { nets: { last: best }, images: data.unlabeled };
      const pseudoLabels = pseudoLabel(labeled, { threshold: 0 }, { as: `pseudo-label-${round - 1}` });
      const as = round < rounds ? { as: `co-train-${round}` } : {};
      const nets = coTrain(
        { views, pseudoLabels, start: best },
        { method: simpleBaseline(), ...settings },
        as,
      );
      if (round === rounds) return outcome(nets, data);
      best = nets.bestStudent;
    }
  });
}

const one = (dataset: SimpleBaselineSettings["dataset"], split: string) => ({ dataset, split, rounds: 1 });

/** The experiments. */
export const experiments = family(simpleBaselineExperiment, {
  "simple-baseline-cityscapes-1-8": one("cityscapes", "1_8"),
  "simple-baseline-cityscapes-1-4": one("cityscapes", "1_4"),
  "simple-baseline-cityscapes-1-2": one("cityscapes", "1_2"),
  "simple-baseline-pascal-1464": one("pascal", "1464"),
  "simple-baseline-pascal-1-16": one("pascal", "1_16"),
  "simple-baseline-pascal-1-8": one("pascal", "1_8"),
  "simple-baseline-pascal-1-4": one("pascal", "1_4"),
});
