/** DeepLabv3Plus on PASCAL, all images labeled: what its experiments have in common. @module */
import { augment, coTrain, deepLabV3Plus, evaluate, load, pipeline } from "../../mod.ts";
import { family } from "./family.ts";

/** Whose settings: the published code's, or what most readers of the paper expect. */
type Recipe = "published" | "textbook";

const recipes = {
  published: {
    train: { method: deepLabV3Plus({ as: "published-code" }), normRate: 0, weightDecay: 0 },
    scored: { protocol: "stretched", crop: 512 },
  },
  textbook: {
    train: { method: deepLabV3Plus({ as: "paper", momentum: 0.1 }), normRate: 1, weightDecay: 4e-5 },
    scored: { protocol: "original" },
  },
} as const;

/**
 * The settings of the script that its author publishes for PASCAL: 46 epochs of 661 steps of 16 images, all 10,582 labeled,
 * ResNet-101 with torchvision's stem, rate 0.007 and ten times that for the decoder, no weight decay, norms' parameters frozen,
 * scores of images stretched to 512 × 512; or those that are customary (DeepLabv3Plus §7). 1,464 of the masks are PASCAL's own, all
 * others SBD's.
 *
 * What differs (DeepLabv3Plus §4, §5, §6): the network has no dropout and no biases in front of norms; weak views have no changes of
 * color, are resized with antialiasing, and padded where they are small, instead of stretched; values are normalized by ImageNet's
 * mean and deviation; one scale is scored, not flipped. The author starts from torchvision's ImageNet weights, which are not
 * the project's to contain: `--set co-train.pretrained=FILE`. Without a file the frozen norms of a random backbone have little to
 * say: set `co-train.normRate=1` and `co-train.method.momentum=0.1`, too.
 *
 * @param name Name of the experiment.
 */
export function deepLabV3PlusExperiment(name: string, recipe: Recipe) {
  const { train, scored } = recipes[recipe];
  return pipeline(name, () => {
    const data = load({
      dataset: "pascal",
      root: "data/pascal",
      partition: "pascal/1464",
      allLabeled: true,
    });
    const views = augment({ data }, { crop: 512 });
    const nets = coTrain({ views }, {
      ...train,
      backbone: "torchvision-resnet101",
      outputStride: 16,
      epochs: 46,
      batch: 16,
      baseRate: 0.007,
      backboneRate: 1,
      headRate: 10,
      rateLag: 0,
      rateMargin: 1,
      evaluation: scored,
    });
    return { score: evaluate({ nets, samples: data.validation }, scored) };
  });
}

/** The one split that is published, by either recipe. */
export const experiments = family(deepLabV3PlusExperiment, {
  "deeplabv3plus-pascal": "published",
  "deeplabv3plus-textbook-pascal": "textbook",
});
