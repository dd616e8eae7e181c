/** Predictions of no network, for steps that are captured and not run. */
import type { LogitsSize } from "../../kernels/ops/loss/upsampled_logits.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";

/** A prediction of these scores and features; its taps are the features, too. */
export function predictionOf(logits: Tensor, values: Tensor, size: LogitsSize): Prediction {
  const taps = { kind: "taps", low: values, middle: values, high: values, size } as const;
  return { logits, size, features: { kind: "features", values, taps, size }, heads: {} };
}
