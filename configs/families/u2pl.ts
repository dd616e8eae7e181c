/** U²PL with the published partitions: what its experiments have in common. @module */
import { augment, coTrain, load, pipeline, u2pl } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/**
 * PASCAL VOC 2012 by the settings that U²PL's authors publish: ResNet-101 with output stride 8, 80 epochs, the first of labels
 * alone, crops of 513, 16 images a step, learning rate 0.001 for the backbone and ten times that for the rest, without lag. What
 * counts is the teacher. The authors train in 4 processes of 4 images, of each of which percentiles, label planes and contrast
 * are: so do 4 micro-batches, whose batch norms see 8 images where theirs see 32.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file the network starts from random weights, and the published scores are not to be expected.
 *
 * What differs: the network is CCVC's of output stride 8, with 48 low-level channels where theirs has 256, and without dropout in
 * its heads; images are resized by any factor from 0.5 to 2, where half of theirs shrink, with antialiasing; crops are padded
 * right and below, where theirs are centered.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function u2plPascal(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "pascal", root: "data/pascal", partition });
    const views = augment({ data }, { crop: 513 });
    const nets = coTrain({ views }, {
      method: u2pl(),
      backbone: "resnet101",
      outputStride: 8,
      epochs: 80,
      warmUpEpochs: 1,
      batch: 16,
      accumulate: 4,
      shards: 4,
      baseRate: 0.001,
      backboneRate: 1,
      headRate: 10,
      rateLag: 0,
      evaluation: { protocol: "center_crop", crop: 513 },
    });
    return outcome(nets, data);
  });
}

/**
 * Cityscapes by the settings that U²PL's authors publish: ResNet-101 with output stride 8, 200 epochs, crops of 769, 16 images a
 * step, learning rate 0.01 throughout, decay 5e-4, hard labeled pixels, 100,000 of each process's two images at least, and an
 * auxiliary head. Their 8 processes are 8 micro-batches, whose batch norms see 4 images where theirs see 32. Scored along the way
 * on the middle of each image, at the end by sliding windows.
 *
 * As to weights and what differs, see {@linkcode u2plPascal}.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function u2plCityscapes(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "cityscapes", root: "data/cityscapes", partition });
    const views = augment({ data }, { crop: 769 });
    const nets = coTrain({ views }, {
      method: u2pl({
        contrastWeight: 0.125,
        criterion: "ohem",
        ohemMinKept: 800_000,
        auxiliaryWeight: 0.4,
      }),
      backbone: "resnet101",
      outputStride: 8,
      epochs: 200,
      batch: 16,
      accumulate: 8,
      shards: 8,
      baseRate: 0.01,
      backboneRate: 1,
      headRate: 1,
      weightDecay: 5e-4,
      rateLag: 0,
      evaluation: { protocol: "center_crop", crop: 769 },
    });
    return outcome(nets, data, { protocol: "sliding_window", crop: 769 });
  });
}

/** Each split that is published, but for PASCAL's half, whose lists are not among the published ones here. */
export const experiments = {
  ...family(u2plPascal, {
    "u2pl-pascal-92": "pascal/92",
    "u2pl-pascal-183": "pascal/183",
    "u2pl-pascal-366": "pascal/366",
    "u2pl-pascal-732": "pascal/732",
    "u2pl-pascal-1464": "pascal/1464",
    "u2pl-pascal-1-16": "pascal/u2pl_1_16",
    "u2pl-pascal-1-8": "pascal/u2pl_1_8",
    "u2pl-pascal-1-4": "pascal/u2pl_1_4",
  }),
  ...family(u2plCityscapes, {
    "u2pl-cityscapes-1-16": "cityscapes/1_16",
    "u2pl-cityscapes-1-8": "cityscapes/1_8",
    "u2pl-cityscapes-1-4": "cityscapes/1_4",
    "u2pl-cityscapes-1-2": "cityscapes/1_2",
  }),
};
