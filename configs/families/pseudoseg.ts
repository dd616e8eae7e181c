/** PseudoSeg with the published partitions of PASCAL: what its experiments have in common. @module */
import { augment, coTrain, load, pipeline, pseudoSeg } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/**
 * The settings that PseudoSeg's authors publish for PASCAL VOC 2012: ResNet-101 with output stride 16, 30,000 steps of 64 labeled
 * and 64 unlabeled crops of 513, rate 0.007 throughout, twice that for biases, and weight decay of 1e-4, as they advise for ResNet,
 * on kernels alone. Norms see 4 images at once, as on each of their 16 GPUs: `accumulate` is 16.
 *
 * The authors start from ImageNet weights, which are not the project's to contain: `--set co-train.pretrained=FILE`. Without a
 * file the network starts from random weights, and the published scores are not to be expected.
 *
 * What differs (PseudoSeg §7, §8): the unlabeled lists leave the labeled images out; brightness is multiplied, not added; images are
 * resized by any factor in the range, and padded with black; each of the 16 parts of a step moves the running statistics.
 *
 * @param name Name of the experiment.
 * @param partition Name of the partition (`deno task partitions list`).
 */
export function pseudoSegPascal(name: string, partition: string) {
  return pipeline(name, () => {
    const data = load({ dataset: "pascal", root: "data/pascal", partition });
    const views = augment({ data }, {
      crop: 513,
      jitter: { probability: 1, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.25 },
      gray: { probability: 0 },
      blur: { probability: 0 },
    });
    const nets = coTrain({ views }, {
      method: pseudoSeg(),
      backbone: "resnet101",
      outputStride: 16,
      epochs: 30,
      stepsPerEpoch: 1000,
      batch: 64,
      accumulate: 16,
      pairing: "free",
      baseRate: 0.007,
      backboneRate: 1,
      headRate: 1,
      biasRate: 2,
      rateLag: 0,
      weightDecay: 1e-4,
      normDecay: 0,
      biasDecay: 0,
    });
    return outcome(nets, data);
  });
}

/** Of 10,582 images as many are labeled, all finely. */
export const experiments = family(pseudoSegPascal, {
  "pseudoseg-pascal-92": "pascal/92",
  "pseudoseg-pascal-183": "pascal/183",
  "pseudoseg-pascal-366": "pascal/366",
  "pseudoseg-pascal-732": "pascal/732",
});
