/**
 * Crossview for programs: `import { openNetwork, train } from "@crossview/crossview/library"`. docs/library.md tells how;
 * re-exports only.
 *
 * @module
 */
export { train, type TrainedRun, type TrainOptions } from "./runtime/train.ts";
export {
  type LabeledImage,
  type NetworkOptions,
  type OpenNetwork,
  openNetwork,
  type RgbImage,
} from "./runtime/network.ts";
export type { Range } from "./stages/codecs/image.ts";
export type { RunScores } from "./runtime/runs/scores.ts";
export type { Pipeline, PipelineEvent } from "./pipeline/mod.ts";
export { UserError } from "./pipeline/mod.ts";
export { DeviceError } from "./kernels/errors.ts";
export { WeightsError } from "./models/errors.ts";
export type { ClassList } from "./stages/datasets/classes.ts";
export type { Metrics, WeightsScore } from "./stages/evaluate.ts";
export type { PerPrediction } from "./stages/evaluation/predictions.ts";
export type { Protocol } from "./stages/evaluation/protocols.ts";
