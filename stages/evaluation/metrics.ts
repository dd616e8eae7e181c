/** Scores from a confusion matrix. CCVC §6. @module */

/** Pixels counted by true and predicted class: row = truth, `matrix[truth · classes + prediction]`. */
export interface Confusion {
  readonly classes: number;
  readonly matrix: ArrayLike<number>;
}

/** What one prediction is worth. All in percent. */
export interface Score {
  /** Mean IoU over all classes; a class absent from truth and prediction counts 0, as published. */
  readonly miou: number;
  readonly pixelAccuracy: number;
  /** IoU of each class. */
  readonly iou: readonly number[];
}

/** The matrix as rows, one a true class. */
export function matrixRows({ classes, matrix }: Confusion): number[][] {
  return Array.from(
    { length: classes },
    (_, truth) => Array.from({ length: classes }, (_, prediction) => matrix[truth * classes + prediction]!),
  );
}

/** IoU = intersection / (union + 1e-10), pixel accuracy = trace / sum. */
export function score({ classes, matrix }: Confusion): Score {
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
    return 100 * both / (truth + predicted - both + 1e-10);
  });
  return {
    miou: iou.reduce((sum, value) => sum + value, 0) / classes,
    pixelAccuracy: all ? 100 * right / all : 0,
    iou,
  };
}
