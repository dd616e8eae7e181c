/** The baseline: one network learns the labeled images, and nothing else. @module */
import { z } from "zod";
import { labeled, weak } from "../views/specs.ts";
import { defineMethod, type Method } from "./method.ts";
import { trained } from "./networks.ts";
import { supervise } from "./parts.ts";

/** The baseline has no switches. */
export type SupervisedOptions = Record<never, never>;

/**
 * Labels alone, by cross-entropy.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, supervised } from "@crossview/crossview";
 *
 * export default pipeline("labels-alone", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: supervised(), backbone: "resnet14" });
 * });
 * ```
 */
export const supervised: Method<SupervisedOptions, SupervisedOptions, "network"> = defineMethod({
  name: "supervised",
  version: 1,
  module: import.meta.url,
  options: z.strictObject({}),
  networks: () => ({ network: trained() }),
  views: () => ({ labeled: labeled({ image: weak() }) }),
  terms(step) {
    const { image, labels } = step.views.labeled;
    const { labeled: seen } = step.train("network", { labeled: image });
    return { ce: { loss: supervise(step, "ce", seen, labels), weight: 1 } };
  },
  predictions: { network: "network" },
  headline: "network",
});
