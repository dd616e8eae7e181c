/** DeepLabv3Plus: labels alone, by a published code that is often quoted (YudeWang, 2018 to 2020). @module */
import { z } from "zod";
import { schemaOf } from "../../pipeline/mod.ts";
import { labeled, weak } from "../views/specs.ts";
import { defineMethod, type Method } from "./method.ts";
import { type Trained, trained } from "./networks.ts";
import { fillVoid, supervise } from "./parts.ts";
import type { Step, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface DeepLabV3PlusOptions {
  /** Whose values the leaves took that were left out. */
  readonly as: "published-code" | "paper";
  /** What a pixel without a label is. */
  readonly void: "background" | "ignore";
  /** Whether in training variances are raised to epsilon, or epsilon is added. */
  readonly epsilon: "clamp" | "add";
  /** Share of a batch in the norms' new running statistics. */
  readonly momentum: number;
}

/** What code and paper differ in. */
type Choice = Pick<DeepLabV3PlusOptions, "void" | "epsilon">;

const presets: Readonly<Record<DeepLabV3PlusOptions["as"], Choice>> = {
  "published-code": { void: "background", epsilon: "clamp" },
  paper: { void: "ignore", epsilon: "add" },
};

/** A leaf whose default depends on the preset. */
function preset<T extends z.ZodType>(
  name: keyof Choice,
  schema: T,
  what: string,
  sources: Readonly<Record<DeepLabV3PlusOptions["as"], string>>,
) {
  return schema.optional().describe(what).meta({
    unit: "name",
    source: "by the preset",
    chosen(options: unknown) {
      const { as } = options as DeepLabV3PlusOptions;
      return { preset: as, value: presets[as][name], source: sources[as] };
    },
  });
}

const options = schemaOf<DeepLabV3PlusOptions>()(
  z.strictObject({
    as: z.enum(["published-code", "paper"]).default("published-code").describe(
      "whose values the leaves take that are left out, where the published code does what no text says",
    ).meta({ unit: "none", source: "DeepLabv3Plus §7", preset: true }),
    void: preset(
      "void",
      z.enum(["background", "ignore"]),
      "what a pixel of an image is that has no label: background, or no part of the loss; crop padding is none in any case",
      {
        "published-code": "code: labels of 21 and more are set to 0 before the loss, DeepLabv3Plus §2",
        paper: "as is customary: 255 takes no part, DeepLabv3Plus §2",
      },
    ),
    epsilon: preset(
      "epsilon",
      z.enum(["clamp", "add"]),
      "whether norms in training divide by √max(variance, 1e-5) or by √(variance + 1e-5); evaluation adds",
      {
        "published-code": "code: its synchronized norm clamps, DeepLabv3Plus §3",
        paper: "Ioffe, Szegedy, Batch Normalization, ICML 2015, algorithm 1",
      },
    ),
    momentum: z.number().min(0).max(1).default(3e-4).describe(
      "share of a batch in the norms' new running statistics",
    ).meta({ unit: "factor", source: "DeepLabv3Plus §3; 0.1 is PyTorch's" }),
  }).transform((written): DeepLabV3PlusOptions => {
    const { as, momentum, void: given, epsilon } = written, { [as]: chosen } = presets;
    return { as, void: given ?? chosen.void, epsilon: epsilon ?? chosen.epsilon, momentum };
  }),
);

const views = { labeled: labeled({ image: weak() }) };

/**
 * Labels alone, as github.com/YudeWang/deeplabv3plus-pytorch learns them. That it leaves the norms' parameters as they start, and
 * its rate, are the experiment's: `normRate: 0`, `rateMargin: 1`; see `configs/families/deeplabv3plus.ts`.
 *
 * @example
 * ```ts
 * import { augment, coTrain, deepLabV3Plus, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("often-quoted", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: deepLabV3Plus(), backbone: "resnet14", normRate: 0, rateMargin: 1, rateLag: 0 });
 * });
 * ```
 */
export const deepLabV3Plus: Method<DeepLabV3PlusOptions, Partial<DeepLabV3PlusOptions>, "network"> =
  defineMethod({
    name: "deeplabv3plus",
    version: 1,
    module: import.meta.url,
    options,
    networks({ epsilon, momentum }: DeepLabV3PlusOptions) {
      const norms = { momentum, clampsVariance: epsilon === "clamp" };
      return { network: trained({ norms: { backbone: norms, head: norms } }) };
    },
    views: () => views,
    phases: { warmUp: terms },
    terms,
    predictions: { network: "network" },
    headline: "network",
  });

function terms(step: Step<Record<"network", Trained>, typeof views>, options: DeepLabV3PlusOptions): Terms {
  const { image, labels, validity } = step.views.labeled;
  const target = options.void === "background" ? fillVoid(step, labels, validity, 0) : labels;
  const { labeled } = step.train("network", { labeled: image });
  return { ce: { loss: supervise(step, "ce", labeled, target), weight: 1 } };
}
