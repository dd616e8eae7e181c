/** The course of a training, as it is kept with the weights. @module */
import type { PerPrediction } from "../evaluation/predictions.ts";

/** The course of a training. */
export interface TrainingHistory {
  /** Means since the reading before. */
  readonly losses: readonly {
    readonly step: number;
    readonly epoch: number;
    /** Of each loss term, before its weight. */
    readonly terms: Record<string, number>;
    /** Of each share of pixels that the method tells, in [0, 1]; absent where it tells none. */
    readonly shares?: Record<string, number>;
  }[];
  /** Scores on the validation set, mIoU in percent, null where no pixel was counted; each under the protocol that is named (`sliding_window_712`). */
  readonly evaluations: readonly {
    readonly epoch: number;
    readonly protocol: string;
    readonly miou: PerPrediction<number | null>;
  }[];
}
