/** UniMatch with the published partitions: what its experiments have in common. @module */
import { augment, coTrain, load, pipeline, unimatch } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/**
 * PASCAL VOC 2012 by the settings that UniMatch's authors publish: ResNet-101 with output stride 16, 80 epochs, crops of 321,
 * 8 images a step, learning rate 0.001 for the backbone and ten times that for the rest, threshold 0.95.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file the network starts from random weights, and the published scores are not to be expected. They divide losses by the
 * pixels of a process's two images, not of all eight, and pair the two lists as they stand, not in an order of chance.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function unimatchPascal(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "pascal", root: "data/pascal", partition });
    const views = augment({ data }, { crop: 321 });
    const nets = coTrain({ views }, {
      method: unimatch(),
      backbone: "resnet101",
      outputStride: 16,
      epochs: 80,
      batch: 8,
      shards: 4,
      baseRate: 0.001,
      backboneRate: 1,
      headRate: 10,
    });
    return outcome(nets, data);
  });
}

/**
 * Cityscapes by the settings that UniMatch's authors publish: ResNet-50 with output stride 16, 240 epochs, crops of 801, 8
 * images a step, learning rate 0.005 throughout, threshold 0. The labeled pixels that count are hard ones, 800,000 of a step at
 * least: the authors mine 200,000 of each of 4 processes. Scored by sliding windows, along the way, too.
 *
 * As to weights and processes, see {@linkcode unimatchPascal}.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function unimatchCityscapes(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "cityscapes", root: "data/cityscapes", partition });
    const views = augment({ data }, { crop: 801 });
    const windows = { protocol: "sliding_window", crop: 801 } as const;
    const nets = coTrain({ views }, {
      method: unimatch({ threshold: 0, criterion: "ohem", ohemMinKept: 800_000 }),
      backbone: "resnet50",
      outputStride: 16,
      epochs: 240,
      batch: 8,
      shards: 4,
      baseRate: 0.005,
      backboneRate: 1,
      headRate: 1,
      evaluation: windows,
    });
    return outcome(nets, data, windows);
  });
}

/** Of PASCAL's 10,582 images 366 are labeled, all finely; of the 2,975 of Cityscapes 372. */
export const experiments = {
  ...family(unimatchPascal, { "unimatch-pascal-366": "pascal/366" }),
  ...family(unimatchCityscapes, { "unimatch-cityscapes-1-8": "cityscapes/1_8" }),
};
