/** What a data set lets a training do: nothing without labels, and labels alone without unlabeled images. @module */
import { type StageContext, UserError } from "../../pipeline/mod.ts";
import type { Views } from "../augment.ts";
import type { Range } from "../codecs/image.ts";
import { equalRanges } from "../codecs/range.ts";
import { ignoreIndex } from "../datasets/classes.ts";
import { DataError } from "../datasets/errors.ts";
import type { SampleSet } from "../datasets/samples.ts";
import type { BoundMethod } from "../methods/bound_method.ts";
import type { TrainingConfig } from "./config/config.ts";
import { tell } from "./progress.ts";

/** Nothing can be learned from a data set. */
export class UnlabeledError extends UserError {
  /** Class name, for logs. */
  override readonly name = "UnlabeledError";
}

/**
 * Looks for a pixel that counts; masks are read up to the first one.
 *
 * @throws {UnlabeledError} If all are ignored.
 */
export function assertCounted(labeled: SampleSet): void {
  for (let i = 0; i < labeled.length; i++) {
    if (labeled.mask(i).some((label) => label !== ignoreIndex)) return;
  }
  throw new UnlabeledError(
    `Cannot train: not one pixel of the ${labeled.length} labeled masks counts, as all are ignored (${ignoreIndex}). Look at ` +
      `what stands for void in the masks, and for dataset "folder" at load.classes and load.ignore.`,
  );
}

/**
 * Holds the sets of a training to one range: equal values of images of more than 8 bits must be equally light in all of them.
 *
 * @throws {DataError} If one was read by other values than the labeled images, as by another `load`.
 */
export function assertOneRange({ labeled, unlabeled, validation }: Omit<Views, "policy">): void {
  for (const [name, set] of Object.entries({ unlabeled, validation })) {
    if (set.length === 0 || labeled.length === 0 || equalRanges(set.range, labeled.range)) continue;
    const text = (range: Range | undefined) => range === undefined ? "8 bits as they are" : `[${range}]`;
    throw new DataError(
      `Cannot train: the labeled images were read with the range ${
        text(labeled.range)
      }, the images of ${name} with ` +
        `${text(set.range)}. Give both stages load one range.`,
    );
  }
}

/**
 * A training without unlabeled images goes by the method's warm-up from the first step to the last, where each network learns
 * labels alone; that is said, and recorded with the result. So is a warm-up that leaves no epoch to the method, and a training
 * without validation images.
 *
 * @returns The epochs of warm-up, as they are then.
 */
export function warmUpFor(
  { epochs, warmUpEpochs }: Pick<TrainingConfig, "epochs" | "warmUpEpochs">,
  { unlabeled, validation }: Pick<Views, "unlabeled" | "validation">,
  { draws }: Pick<BoundMethod, "draws">,
  context: Pick<StageContext, "progress" | "fact">,
): number {
  if (validation.length === 0) {
    tell(context, {
      kind: "warning",
      message: "no validation images: nothing is scored, and the best weights are the last ones",
    });
    context.fact("scores", "none: no validation images");
  }
  const needsUnlabeled = Object.values(draws).some(({ set }) => set !== "labeled");
  if (needsUnlabeled && unlabeled.length > 0 && warmUpEpochs >= epochs) {
    tell(context, {
      kind: "warning",
      message:
        `the warm-up's epochs, ${warmUpEpochs}, are all of ${epochs}: the networks learn from labels alone. ` +
        `Set co-train.warmUpEpochs below co-train.epochs to have the method begin`,
    });
    context.fact("learns from", "labels alone: all epochs are the warm-up's");
  }
  if (unlabeled.length > 0 || !needsUnlabeled) return warmUpEpochs;
  tell(context, {
    kind: "warning",
    message:
      "no unlabeled images: the networks learn from labels alone, as in the method's warm-up, in all epochs",
  });
  context.fact("learned from", "labels alone: no unlabeled images");
  return epochs;
}
