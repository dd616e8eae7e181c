/** Scores from a confusion matrix. CCVC §6. @module */
import type { AbsentClass } from "../datasets/classes.ts";

/** Pixels counted by true and predicted class: row = truth, `matrix[truth · classes + prediction]`. */
export interface Confusion {
  readonly classes: number;
  readonly matrix: ArrayLike<number>;
}

/** What one prediction is worth. All in percent; null where there is nothing to be scored. */
export interface Score {
  /** Mean IoU over the classes that have one; null if no pixel was counted. */
  readonly miou: number | null;
  /** Share of pixels labeled right; null if no pixel was counted. */
  readonly pixelAccuracy: number | null;
  /** IoU of each class; null for one that is left out. */
  readonly iou: readonly (number | null)[];
}

/** The matrix as rows, one a true class. */
export function matrixRows({ classes, matrix }: Confusion): number[][] {
  return Array.from(
    { length: classes },
    (_, truth) => Array.from({ length: classes }, (_, prediction) => matrix[truth * classes + prediction]!),
  );
}

/**
 * IoU = intersection / (union + 1e-10), pixel accuracy = trace / sum.
 *
 * @param absent How a class is taken that is neither in truth nor in prediction.
 */
export function score({ classes, matrix }: Confusion, absent: AbsentClass = "left out"): Score {
  let right = 0, all = 0;
  const iou = Array.from({ length: classes }, (_, c) => {
    let truth = 0, predicted = 0;
    for (let other = 0; other < classes; other++) {
      truth += matrix[c * classes + other]!;
      predicted += matrix[other * classes + c]!;
    }
    const both = matrix[c * classes + c]!;
    right += both;
    all += truth;
    if (truth + predicted === 0 && absent === "left out") return null;
    return 100 * both / (truth + predicted - both + 1e-10);
  });
  if (all === 0) return { miou: null, pixelAccuracy: null, iou: iou.map(() => null) };
  const scored = iou.filter((value) => value !== null);
  return {
    miou: scored.reduce((sum, value) => sum + value, 0) / scored.length,
    pixelAccuracy: 100 * right / all,
    iou,
  };
}
