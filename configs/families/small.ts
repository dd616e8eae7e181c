/** Photographs with the small backbone: what the experiments that finish in minutes on a processor have in common. @module */
import { augment, ccvc, coTrain, load, pipeline } from "../../mod.ts";
import { outcome } from "./outcome.ts";

/** What sets one of them apart. */
export interface SmallSettings {
  /** Where the data is, as `load` takes it. */
  readonly data: Parameters<typeof load>[0];
  /** Side of the crops, pixels. */
  readonly crop: number;
  /** Passes over the unlabeled images. */
  readonly epochs: number;
}

/**
 * ResNet-14 from random weights, batches of 4. Without pretrained weights the published rates are too small for so few steps,
 * so all layers learn at 0.02, and as scoring whole photographs takes longer than an epoch, every second one is scored; all else is
 * as published.
 */
export function small(name: string, { data: source, crop, epochs }: SmallSettings) {
  return pipeline(name, () => {
    const data = load(source);
    const views = augment({ data }, { crop });
    const nets = coTrain({ views }, {
      method: ccvc(),
      backbone: "resnet14",
      epochs,
      batch: 4,
      baseRate: 0.02,
      backboneRate: 1,
      headRate: 1,
      evaluateEvery: 2,
    });
    return outcome(nets, data);
  });
}
