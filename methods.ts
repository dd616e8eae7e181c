/**
 * What a method's author writes with: `import { defineMethod, … } from "@crossview/crossview/methods"`. docs/methods.md tells
 * how; re-exports only.
 *
 * A method that needs an op of its own writes the kernel beside itself: {@linkcode defineKernel}, and
 * {@linkcode Graph.launch} on tensors of the step. That is why the engine's types stand here.
 *
 * @module
 */
export type { Schema, SchemaIssue, SchemaResult } from "./pipeline/mod.ts";
export { UserError } from "./pipeline/mod.ts";
export {
  type AnyMethod,
  type Configured,
  defineMethod,
  type Method,
  type MethodDefinition,
  MethodError,
  type Scored,
} from "./stages/methods/method.ts";
export {
  auxiliaryHead,
  type Average,
  averageOf,
  type HeadsOf,
  type MethodNetworks,
  type ModulesOf,
  type Names,
  type None,
  ownModule,
  projectionHead,
  type Trained,
  trained,
} from "./stages/methods/networks.ts";
export type {
  AuxiliaryHead,
  HeadOutput,
  HeadOutputs,
  Heads,
  HeadScores,
  HeadSpec,
  ProjectionHead,
} from "./models/heads.ts";
export type { Declare, HeldModule, HeldTensor, ModuleExtents, Modules, OwnModule } from "./models/modules.ts";
export { globalAveragePool } from "./kernels/ops/feature/global_average_pool.ts";
export { convolutionLayer, convolutionNormRelu, type ConvolutionSpec } from "./models/layers.ts";
export {
  type Forward,
  type Initialization,
  type Layer,
  type ParameterGroup,
  type ParameterKind,
  type ParameterSpec,
  Registry,
  type Scope,
  type StatisticSpec,
  within,
} from "./models/registry.ts";
export {
  type At,
  cosineRamp,
  type DeviceScalar,
  type Scalar,
  type Schedule,
  selfPaced,
  sigmoidRamp,
  warmedUp,
} from "./stages/methods/schedule.ts";
export type { ChoiceStep, Chosen, ImageChoice } from "./stages/methods/choice.ts";
export type { Fold, Sizes, StateSpec, StateSpecs, StateTensors } from "./stages/methods/state.ts";
export {
  areaShare,
  type Box,
  boxes,
  type BoxLaw,
  type BoxOptions,
  type BoxView,
  cutMix,
  type Draw,
  type DrawnSet,
  type DrawOptions,
  type Draws,
  type ImageView,
  labeled,
  type Numbers,
  type Partner,
  pseudoLabeled,
  type Seen,
  strong,
  unlabeled,
  type ViewSpecs,
  weak,
  type Zoom,
} from "./stages/views/specs.ts";
export {
  type Confidence,
  consistency,
  crossEntropy,
  type Denominator,
  entropy,
  everyPixel,
  fillVoid,
  joined,
  label,
  labeledShare,
  type Labeling,
  meanOf,
  mix,
  nothing,
  only,
  percentile,
  type Scores,
  share,
  supervise,
  type Target,
  times,
  weigh,
  where,
} from "./stages/methods/parts.ts";
export { noiseWeights, reverseCrossEntropy } from "./stages/methods/noisy_labels.ts";
export type { NoiseWeights, NoiseWeightsOptions } from "./kernels/ops/label/noise_weights.ts";
export { bankOf, bankState, keepKeys } from "./stages/methods/contrast/bank.ts";
export type { Bank } from "./kernels/ops/contrast/bank.ts";
export { type Positions, positions } from "./kernels/ops/contrast/positions.ts";
export type { PixelFeatures } from "./kernels/ops/contrast/member_means.ts";
export { adversarial, type Adversary } from "./stages/methods/adversary.ts";
export { minedLabels, type MiningOptions } from "./stages/methods/mining.ts";
export type {
  AfterUpdate,
  ChannelDropping,
  Joint,
  Outputs,
  Passes,
  Passing,
  Source,
  Step,
  Term,
  Terms,
  UniformNumbers,
} from "./stages/methods/step.ts";
export type { Features, Mapping, Prediction, Taps } from "./models/deeplabv3plus.ts";
export type { NetworkVariant } from "./models/networks.ts";
export type { NetworkNorms, NormSettings } from "./models/norms.ts";
export type { Stages } from "./models/resnet.ts";
export type {
  Backward,
  Dispatch,
  GradientPair,
  Graph,
  JointBackward,
  Launch,
  Loss,
  Share,
} from "./kernels/graph.ts";
export { defineKernel, type ElementType, type Kernel } from "./kernels/shader/kernel.ts";
export { elementwise } from "./kernels/launch.ts";
export type { Distance } from "./kernels/ops/loss/consistency_loss.ts";
export type { LogitsSize } from "./kernels/ops/loss/upsampled_logits.ts";
export type { Sharing } from "./kernels/sharing.ts";
export type { DType, Home, Layout, Precision, Tensor, TensorSpec } from "./kernels/tensor.ts";
export type { Candidate, Choice } from "./kernels/tuning/tuning.ts";
