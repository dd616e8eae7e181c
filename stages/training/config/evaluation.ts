/** How a training scores its weights along the way, and which of them it keeps. @module */
import { z } from "zod";
import { forPredictions, type PerPrediction } from "../../evaluation/predictions.ts";
import {
  cropLeaf,
  missingCrop,
  type Protocol,
  protocolLabel,
  protocolLeaf,
  type ProtocolName,
  protocolOf,
  scoredBy,
} from "../../evaluation/protocols.ts";

/** The scores along the way; every leaf is described in its schema. */
export interface EvaluationConfig {
  /** Which pixels are scored, and through which windows. */
  readonly protocol: ProtocolName;
  /** Side of the protocols' windows, pixels; all but `original` need it. */
  readonly crop?: number | undefined;
  /** A cheaper protocol for all epochs before the final ones; without it there is one protocol. */
  readonly earlier?: ProtocolName | undefined;
  /** How many epochs at the end are scored under `protocol`, where there is an earlier one. */
  readonly finalEpochs: number;
  /** Whether the scores of both protocols compete for the best weights, or the final one's begin anew. */
  readonly best: "within_protocol" | "across_protocols";
}

/** The schema of {@linkcode EvaluationConfig}. */
export const evaluationSchema = z.strictObject({
  protocol: scoredBy,
  crop: cropLeaf.describe("Side of the protocols' windows; all but original need it.")
    .meta({ unit: "pixels", source: "CCVC §4.4: the training's crop" }),
  earlier: protocolLeaf.optional()
    .describe("A cheaper protocol for all epochs before the final ones; without it there is one protocol.")
    .meta({ unit: "name", source: "CCVC §4.4: center_crop Cityscapes" }),
  finalEpochs: z.int().min(1).default(20)
    .describe("How many epochs at the end are scored under protocol, where there is an earlier one.")
    .meta({ unit: "epochs", source: "CCVC §4.4" }),
  best: z.enum(["within_protocol", "across_protocols"]).default("within_protocol")
    .describe(
      "Whether the scores of both protocols compete for the best weights, or the final one's begin anew.",
    )
    .meta({ unit: "name", source: "Crossview; published: across_protocols, CCVC §6" }),
}).superRefine(({ protocol, earlier, crop }, issues) => {
  const message = missingCrop([protocol, earlier], crop);
  if (message !== undefined) issues.addIssue({ code: "custom", path: ["crop"], message });
});

/**
 * The protocol of an epoch: the earlier one, if there is one, up to the final epochs.
 *
 * @param epoch From 0.
 * @see CCVC §4.4
 */
export function protocolAt(evaluation: EvaluationConfig, epoch: number, epochs: number): Protocol {
  const { protocol, earlier, crop, finalEpochs } = evaluation;
  const name = earlier !== undefined && epoch < epochs - finalEpochs ? earlier : protocol;
  return protocolOf({ protocol: name, crop });
}

/** The highest scores so far; plain data. */
export interface BestScores {
  /** Label of the protocol of the last scores. */
  readonly protocol: string;
  /** Null for a prediction that was given none yet. */
  readonly scores: PerPrediction<number | null>;
}

/**
 * Takes new scores in, null where no pixel was counted. Only a strictly higher score is a new best, as published: of equal ones the first stays.
 *
 * @param before None at the start.
 * @param rule See {@linkcode EvaluationConfig.best}.
 * @returns The new bests, and the predictions whose score is one.
 */
export function updateBest(
  before: BestScores | undefined,
  protocol: Protocol,
  scores: PerPrediction<number | null>,
  rule: EvaluationConfig["best"],
): { best: BestScores; improved: readonly string[] } {
  const label = protocolLabel(protocol);
  const kept = rule === "across_protocols" || before?.protocol === label ? before?.scores : undefined;
  const names = Object.keys(scores);
  // Null is below every score, and no better than nothing.
  const rank = (score: number | null | undefined) => score ?? -Infinity;
  const improved = names.filter((name) => rank(scores[name]) > rank(kept?.[name]));
  const highest = forPredictions(
    names,
    (name) => (improved.includes(name) ? scores : kept)?.[name] ?? null,
  );
  return { best: { protocol: label, scores: highest }, improved };
}
