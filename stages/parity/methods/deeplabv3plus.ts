/** DeepLabv3Plus's parity cases. @module */
import { z } from "zod";
import { parseConfig } from "../../../pipeline/mod.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { deepLabV3Plus } from "../../methods/deeplabv3plus.ts";
import { definitionOf } from "../../methods/method.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import type { CaseAdapter } from "../adapter.ts";
import { named } from "./named.ts";
import { counted, publishedFloors, smallFloors } from "../rules.ts";
import { type CaseSettings, commonLeaves, factor } from "../settings.ts";

/** What was run. */
interface DeepLabV3PlusSettings extends CaseSettings {
  /** What 255 is. */
  readonly void: "background" | "ignore";
  /** Whether norms' parameters are moved; their gradients are recorded all the same. */
  readonly train_norms: boolean;
  readonly bn_epsilon: "clamp" | "add";
  readonly bn_momentum_backbone: number;
  readonly bn_momentum_head: number;
  readonly bn_eps_backbone: number;
  readonly bn_eps_head: number;
  /** Of SGD. */
  readonly momentum: number;
  readonly weight_decay: number;
  readonly lr_network: number;
  readonly lr_backbone: number;
}

const share = z.number().min(0).max(1), epsilon = z.number().gt(0).max(1e3);

const settings = z.strictObject({
  ...commonLeaves,
  method: z.literal("deeplabv3plus"),
  void: z.enum(["background", "ignore"]),
  train_norms: z.boolean(),
  bn_epsilon: z.enum(["clamp", "add"]),
  bn_momentum_backbone: share.default(3e-4),
  bn_momentum_head: share.default(3e-4),
  bn_eps_backbone: epsilon.default(1e-5),
  bn_eps_head: epsilon.default(1e-5),
  momentum: z.number().min(0).lt(1).default(0.9),
  weight_decay: factor,
  lr_network: factor.default(10),
  lr_backbone: factor.default(1),
});

/** What the files call the network. */
const NETWORK = "branch1";

/** Reads them. */
export const deepLabV3PlusCases: CaseAdapter<DeepLabV3PlusSettings> = {
  method: "deeplabv3plus",
  settings,
  setup(settings) {
    const { backbone, dataset, batch, size, steps, train_norms: learns } = settings;
    return {
      line:
        `DeepLabv3Plus, ${backbone}, ${dataset}, void ${settings.void}, epsilon ${settings.bn_epsilon}, norms ${
          learns ? "learn" : "frozen"
        }, ${batch} × ${size} × ${size}, ${steps} steps`,
      method: methodOf(settings),
      outputStride: dataset === "pascal" ? 16 : 8,
      classes: dataset === "pascal" ? 21 : 19,
      start: { residualGamma: 1, buffers: "unit" },
      // No crop is padded.
      views: {
        labeled: { image: "labelled", labels: "mask", validity: new Uint32Array(batch * size ** 2).fill(1) },
      },
      optimizer: {
        kind: "sgd",
        momentum: settings.momentum,
        weightDecay: settings.weight_decay,
        groups: {
          backbone: { rate: settings.lr_backbone },
          head: { rate: settings.lr_network },
          norms: { rate: Number(learns) },
        },
      },
      rate: (t) => settings.base_lr * polyFactor(t, settings.total, 0.9, 0, 1),
      terms: { ce: "ce" },
      observed: {
        void_pixels: {
          value: ({ truth }) => truth.reduce((count, label) => count + Number(label === 255), 0),
          rule: counted(),
        },
      },
      floors: backbone === "resnet14" ? smallFloors : publishedFloors,
      logits: { logits_labelled: { network: NETWORK, pass: "labeled" } },
      evaluation: { eval_logits: NETWORK },
    };
  },
};

function methodOf(settings: DeepLabV3PlusSettings): BoundMethod {
  const options = {
    void: settings.void,
    epsilon: settings.bn_epsilon,
    momentum: settings.bn_momentum_backbone,
  };
  const method = bindMethod(
    deepLabV3Plus,
    parseConfig(definitionOf(deepLabV3Plus).options, options, "parity"),
  );
  const { backbone, head } = method.networks.network!.norms!;
  // What a case may have, and the method has no options for.
  const norms = {
    backbone: { ...backbone, epsilon: settings.bn_eps_backbone },
    head: { ...head, epsilon: settings.bn_eps_head, momentum: settings.bn_momentum_head },
  };
  return named({ ...method, networks: { network: { norms } } }, NETWORK);
}
