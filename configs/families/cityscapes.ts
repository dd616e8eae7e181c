/** Cityscapes with the published partitions: what its experiments have in common. @module */
import { augment, ccvc, coTrain, load, pipeline } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/**
 * The settings of the training script that CCVC's authors publish: ResNet-50 with output stride 8 and multi-grid, 250 epochs,
 * crops of 712, 8 images a step, learning rate 0.005 throughout, strong views, loss weights 1, 1, 1, threshold 0. Scored along
 * the way on the middle of each image, in the last 20 epochs and at the end by sliding windows, and both kinds of scores
 * compete for the best weights.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file both branches start from random weights, and the published scores are not to be expected.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function cityscapes(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "cityscapes", root: "data/cityscapes", partition });
    const views = augment({ data }, { crop: 712 });
    const nets = coTrain({ views }, {
      method: ccvc({
        augmentation: "strong",
        threshold: 0,
        conflictWeight: 2,
        supervisedWeight: 1,
        consistencyWeight: 1,
        discrepancyWeight: 1,
      }),
      backbone: "resnet50",
      outputStride: 8,
      epochs: 250,
      batch: 8,
      shards: 4,
      baseRate: 0.001,
      backboneRate: 5,
      headRate: 5,
      evaluation: {
        protocol: "sliding_window",
        crop: 712,
        earlier: "center_crop",
        finalEpochs: 20,
        best: "across_protocols",
      },
    });
    return outcome(nets, data, { protocol: "sliding_window", crop: 712 });
  });
}

/** Of 2,975 images 100, 186, 372 and 744 are labeled. */
export const experiments = family(cityscapes, {
  "cityscapes-1-30": "cityscapes/1_30",
  "cityscapes-1-16": "cityscapes/1_16",
  "cityscapes-1-8": "cityscapes/1_8",
  "cityscapes-1-4": "cityscapes/1_4",
});
