/** CPS on the published partitions: what its experiments have in common. @module */
import { augment, coTrain, cps, load, pipeline } from "../../mod.ts";
import { family } from "./family.ts";
import { outcome } from "./outcome.ts";

/** Steps of an epoch, and epochs: the published numbers, chosen so that each split takes about as many steps in all. */
type Length = readonly [stepsPerEpoch: number, epochs: number];

interface DataSet {
  readonly crop: number;
  /** Weight of each cross pseudo loss: plain, and with CutMix. */
  readonly weights: readonly [plain: number, cutMix: number];
  readonly weightDecay: number;
  readonly mining: { readonly criterion?: "ohem"; readonly ohemMinKept?: number };
  readonly lengths: Readonly<Record<"1_16" | "1_8" | "1_4", Length>>;
}

const dataSets: Readonly<Record<"pascal" | "cityscapes", DataSet>> = {
  pascal: {
    crop: 512,
    weights: [1.5, 1],
    weightDecay: 4e-4,
    mining: {},
    lengths: { "1_16": [1240, 32], "1_8": [1157, 34], "1_4": [992, 40] },
  },
  cityscapes: {
    crop: 800,
    weights: [6, 5],
    weightDecay: 8e-4,
    // 50 000 pixels of each of 8 crops.
    mining: { criterion: "ohem", ohemMinKept: 400_000 },
    lengths: { "1_16": [348, 128], "1_8": [325, 137], "1_4": [279, 160] },
  },
};

/** What sets one of them apart. */
export interface CpsExperiment {
  readonly dataset: "pascal" | "cityscapes";
  /** Share of labeled images: a partition of CPS's. */
  readonly split: "1_16" | "1_8" | "1_4";
  readonly cutMix: boolean;
}

/**
 * The settings of the scripts that CPS's authors publish, with ResNet-50 of output stride 16: 8 images of each kind a step, one
 * rate for the whole network without lag, weight decay on convolutions alone, and scores by branch 1, on whole windows.
 *
 * Rate and decay are what the scripts' 0.01 and 0.02 come to: their losses are divided by the number of processes twice, 4 for
 * PASCAL and 8 for Cityscapes, so one process has to train at 0.0025 with 4 and 8 times the decay of 1e-4.
 *
 * What differs: the network is CCVC's, where CPS's has dilations 2, 4, 8 in its last stage, leaky ReLUs in its pyramid and another
 * order of channels; images are resized by any factor from 0.5 to 2, where CPS has six, and crops are padded right and below, where
 * it pads on all sides; windows sum probabilities, where it sums logits. The authors start from ImageNet weights, which are not
 * the project's to contain: `--set co-train.pretrained=FILE`.
 *
 * @param name Name of the experiment.
 */
export function cpsExperiment(name: string, { dataset, split, cutMix }: CpsExperiment) {
  const { crop, weights: [plain, mixed], weightDecay, mining, lengths } = dataSets[dataset];
  const [stepsPerEpoch, epochs] = lengths[split];
  const windows = { protocol: "sliding_window_shifted", crop } as const;
  return pipeline(name, () => {
    const data = load({ dataset, root: `data/${dataset}`, partition: `${dataset}/${split}` });
    const views = augment({ data }, { crop });
    const nets = coTrain({ views }, {
      method: cps({ cutMix, weight: cutMix ? mixed : plain, ...mining }),
      backbone: "resnet50",
      outputStride: 16,
      epochs,
      stepsPerEpoch,
      batch: 8,
      pairing: "free",
      baseRate: 0.0025,
      backboneRate: 1,
      headRate: 1,
      rateLag: 0,
      weightDecay,
      normDecay: 0,
      biasDecay: 0,
      evaluateEvery: 5,
      evaluation: windows,
    });
    return outcome(nets, data, windows);
  });
}

/** Each split that is published, by CPS alone and with CutMix. */
export const experiments = family(cpsExperiment, {
  "cps-pascal-1-16": { dataset: "pascal", split: "1_16", cutMix: false },
  "cps-pascal-1-8": { dataset: "pascal", split: "1_8", cutMix: false },
  "cps-pascal-1-4": { dataset: "pascal", split: "1_4", cutMix: false },
  "cps-cityscapes-1-16": { dataset: "cityscapes", split: "1_16", cutMix: false },
  "cps-cityscapes-1-8": { dataset: "cityscapes", split: "1_8", cutMix: false },
  "cps-cityscapes-1-4": { dataset: "cityscapes", split: "1_4", cutMix: false },
  "cps-cutmix-pascal-1-16": { dataset: "pascal", split: "1_16", cutMix: true },
  "cps-cutmix-pascal-1-8": { dataset: "pascal", split: "1_8", cutMix: true },
  "cps-cutmix-pascal-1-4": { dataset: "pascal", split: "1_4", cutMix: true },
  "cps-cutmix-cityscapes-1-16": { dataset: "cityscapes", split: "1_16", cutMix: true },
  "cps-cutmix-cityscapes-1-8": { dataset: "cityscapes", split: "1_8", cutMix: true },
  "cps-cutmix-cityscapes-1-4": { dataset: "cityscapes", split: "1_4", cutMix: true },
});
