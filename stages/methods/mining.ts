/** Online hard example mining on labeled images: the options of methods that offer it, and what they mean. @module */
import { z } from "zod";
import { ohemLabels } from "../../kernels/ops/label/ohem.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Scores } from "./parts.ts";
import type { Step } from "./step.ts";

/** Whether a method learns from all labeled pixels, or from the hard ones. */
export interface MiningOptions {
  /** Loss on labeled images. */
  readonly criterion: "cross-entropy" | "ohem";
  /** OHEM: a label predicted with at most this probability is hard. */
  readonly ohemThreshold: number;
  /** OHEM: at least this many labeled pixels of a batch are kept. */
  readonly ohemMinKept: number;
}

/** What is a method's own of these options. */
export interface PublishedMining {
  /** Default of `criterion`; cross-entropy unless told. */
  readonly criterion?: MiningOptions["criterion"];
  /** Default of `ohemMinKept`. */
  readonly minKept: number;
  /** Where each default is from. */
  readonly sources: Readonly<Record<keyof MiningOptions, string>>;
  /** Why nothing reads `criterion`, with the method's options as they are. */
  readonly unread?: (options: unknown) => string | undefined;
}

const unlessOhem = (options: unknown) =>
  (options as MiningOptions).criterion === "ohem" ? undefined : "criterion is not ohem";

/** The leaves for a method's strict object. */
export const miningLeaves = (
  { criterion = "cross-entropy", minKept, sources, unread }: PublishedMining,
) => ({
  criterion: z.enum(["cross-entropy", "ohem"]).default(criterion).describe(
    "loss on labeled images: over all labeled pixels, or over the hard ones (online hard example mining)",
  ).meta({ unit: "none", source: sources.criterion, unread }),
  ohemThreshold: z.number().positive().max(1).default(0.7).describe(
    "with criterion ohem, a label predicted with at most this probability is hard",
  ).meta({ unit: "probability", source: sources.ohemThreshold, unread: unlessOhem }),
  ohemMinKept: z.int().min(0).max(2 ** 32 - 1).default(minKept).describe(
    "with criterion ohem, at least this many labeled pixels of a batch are kept; 0 mines nothing, and a batch with fewer keeps all",
  ).meta({ unit: "pixels", source: sources.ohemMinKept, unread: unlessOhem }),
});

/**
 * The labels to learn from: all of them or, with criterion `ohem`, those that are hard for the scores, and 255 elsewhere. Of
 * a micro-batch, its share of `ohemMinKept` is kept.
 *
 * @param labels u32 map [N, H, W]; 255 where there is none.
 * @returns A u32 map [N, H, W].
 */
export function minedLabels(
  { graph, share = 1 }: Pick<Step, "graph" | "share">,
  { logits, size }: Scores,
  labels: Tensor,
  { criterion, ohemThreshold: threshold, ohemMinKept }: MiningOptions,
): Tensor {
  if (criterion !== "ohem") return labels;
  return ohemLabels(graph, logits, labels, { threshold, minKept: Math.ceil(ohemMinKept * share), size });
}
