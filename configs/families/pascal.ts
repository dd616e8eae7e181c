/** PASCAL VOC 2012 with the published partitions: what its experiments have in common. @module */
import { augment, ccvc, coTrain, load, pipeline } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/**
 * The settings of the no-augmentation command that CCVC's authors publish: ResNet-101, 40 epochs, crops of 512, 8 images a
 * step, learning rate 0.001 for the backbones and ten times that for the rest, loss weights 5, 2, 1, threshold 0.9.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file both branches start from random weights, and the published scores are not to be expected.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function pascal(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "pascal", root: "data/pascal", partition });
    const views = augment({ data }, { crop: 512 });
    const nets = coTrain({ views }, {
      method: ccvc({ as: "published-code" }),
      backbone: "resnet101",
      outputStride: 16,
      epochs: 40,
      batch: 8,
      shards: 4,
      baseRate: 0.001,
      backboneRate: 1,
      headRate: 10,
    });
    return outcome(nets, data);
  });
}

/** Of 10,582 images as many are labeled, all finely; or 662, 1,323 and 2,646, drawn at random from all (CPS). */
export const experiments = family(pascal, {
  "pascal-92": "pascal/92",
  "pascal-183": "pascal/183",
  "pascal-366": "pascal/366",
  "pascal-732": "pascal/732",
  "pascal-1464": "pascal/1464",
  "pascal-1-16": "pascal/1_16",
  "pascal-1-8": "pascal/1_8",
  "pascal-1-4": "pascal/1_4",
});
