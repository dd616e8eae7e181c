/** AEL with the published partitions: what its experiments have in common. @module */
import { ael, augment, coTrain, load, pipeline } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/** What both data sets have in common: 16 labeled and 8 mixed images a step, by SGD at a rate of 0.01, ten times that for heads. */
const training = {
  backbone: "resnet101",
  outputStride: 8,
  batch: 16,
  shards: 8,
  pairing: "free",
  baseRate: 0.01,
  rateLag: 0,
  backboneRate: 1,
  headRate: 10,
} as const;

/** The authors keep 100,000 pixels of a process's two crops. */
const ohemMinKept = 8 * 100_000;

/**
 * PASCAL VOC 2012 by the settings that AEL's authors publish: ResNet-101 with output stride 8, 80 epochs, crops of 513, threshold
 * 0.7, one class pasted.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file the networks start from random weights, and the published scores are not to be expected.
 *
 * What differs: the network is CCVC's of output stride 8 with the published auxiliary head; the authors draw who is labeled by a
 * seed, and the partitions are of other papers; there is one confidence bank over the batch, where each of their 8 processes has
 * one over two images; images are resized by any factor in the range, with antialiasing, and padding has no label.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function aelPascal(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "pascal", root: "data/pascal", partition });
    const views = augment({ data }, { crop: 513 });
    const nets = coTrain({ views }, {
      ...training,
      method: ael({ ohemMinKept }),
      epochs: 80,
      evaluation: { protocol: "center_crop", crop: 513 },
    });
    return outcome(nets, data);
  });
}

/**
 * Cityscapes by the settings that AEL's authors publish: ResNet-101 with output stride 8, 200 epochs, crops of 769, no threshold,
 * three classes pasted. Scored on the middle of each image along the way, and in the end by sliding windows.
 *
 * As to weights and what differs, see {@linkcode aelPascal}.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function aelCityscapes(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "cityscapes", root: "data/cityscapes", partition });
    const views = augment({ data }, { crop: 769 });
    const nets = coTrain({ views }, {
      ...training,
      method: ael({ threshold: 0, pasted: 3, boxArea: 0.005, indexArea: 0.01, ohemMinKept }),
      epochs: 200,
      evaluation: { protocol: "center_crop", crop: 769 },
    });
    return outcome(nets, data, { protocol: "sliding_window_shifted", crop: 769 });
  });
}

/** The published shares that there are lists of: of PASCAL's 10,582 images, and of the 2,975 of Cityscapes. */
export const experiments = {
  ...family(aelPascal, {
    "ael-pascal-1-16": "pascal/1_16",
    "ael-pascal-1-8": "pascal/1_8",
    "ael-pascal-1-4": "pascal/1_4",
  }),
  ...family(aelCityscapes, {
    "ael-cityscapes-1-16": "cityscapes/1_16",
    "ael-cityscapes-1-8": "cityscapes/1_8",
    "ael-cityscapes-1-4": "cityscapes/1_4",
  }),
};
