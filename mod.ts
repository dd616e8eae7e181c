/**
 * Crossview: semantic segmentation from a few labeled and many unlabeled images, as typed pipelines on WebGPU.
 *
 * The public surface; what a method is written with is in methods.ts. Re-exports only.
 *
 * @module
 */
export {
  type AnyStage,
  type ArtifactKind,
  type ArtifactReader,
  type ArtifactWriter,
  type Checkpoints,
  type CheckpointTiming,
  ConfigError,
  type DeepPartial,
  defineKind,
  defineStage,
  type Edge,
  type Graph,
  GraphError,
  type GraphNode,
  type InputKinds,
  type InputValues,
  type IsOne,
  jsonKind,
  type LoadedState,
  type Origin,
  type OutputKinds,
  type OutputValues,
  type Override,
  type Pipeline,
  pipeline,
  type Ref,
  type RefNode,
  type Refs,
  type RuntimeRef,
  type Schema,
  type SchemaIssue,
  type SchemaResult,
  type Single,
  type SourceFile,
  type Stage,
  type StageCall,
  type StageContext,
  type StageDefinition,
  type StageOptions,
  type StateSize,
  type Team,
  UserError,
  type ValueOf,
  type Wire,
  type Wires,
} from "./pipeline/mod.ts";
export { load, type LoadConfig, type LoadInput, type LoadOutputs, type ShapesConfig } from "./stages/load.ts";
export {
  augment,
  type DataKinds,
  type ViewPolicy,
  type ViewPolicyInput,
  type ViewsKinds,
} from "./stages/augment.ts";
export {
  coTrain,
  type CoTrainConfig,
  type CoTrainInput,
  type NetsKinds,
  type TrainingHistory,
  type TrainingInputs,
} from "./stages/co_train.ts";
export type { PseudoLabelEntry, PseudoLabelIndex, PseudoLabels } from "./stages/datasets/pseudo_labels.ts";
export {
  pseudoLabel,
  type PseudoLabelConfig,
  type PseudoLabelInputs,
  type PseudoLabelOutputs,
} from "./stages/pseudo_label.ts";
export {
  evaluate,
  type EvaluateConfig,
  type EvaluateInputs,
  type EvaluateOutputs,
  type Metrics,
  type WeightsScore,
} from "./stages/evaluate.ts";
export { ccvc, type CcvcInput, type CcvcOptions } from "./stages/methods/ccvc.ts";
export { ael, type AelOptions } from "./stages/methods/ael.ts";
export { cutMixSeg, type CutMixSegOptions } from "./stages/methods/cutmix_seg.ts";
export { deepLabV3Plus, type DeepLabV3PlusOptions } from "./stages/methods/deeplabv3plus.ts";
export { cps, type CpsOptions } from "./stages/methods/cps.ts";
export { psMt, type PsMtInput, type PsMtOptions } from "./stages/methods/ps_mt.ts";
export { pseudoSeg, type PseudoSegOptions } from "./stages/methods/pseudoseg.ts";
export {
  simpleBaseline,
  type SimpleBaselineInput,
  type SimpleBaselineOptions,
} from "./stages/methods/simple_baseline.ts";
export { u2pl } from "./stages/methods/u2pl.ts";
export type { U2plInput, U2plOptions } from "./stages/methods/u2pl/options.ts";
export { unimatch, type UniMatchOptions } from "./stages/methods/unimatch.ts";
export type { PhotometricOptions } from "./stages/views/draws.ts";
export type { Partner } from "./stages/views/specs.ts";
export { supervised, type SupervisedOptions } from "./stages/methods/supervised.ts";
export { type AnyMethod, type Configured, type Method, MethodError } from "./stages/methods/method.ts";
export type { MiningOptions } from "./stages/methods/mining.ts";
export type { NamedOptions } from "./stages/methods/binding/with_method.ts";
export type { Checkpoint } from "./stages/weights/checkpoint.ts";
export type { NetworkDescription } from "./stages/weights/network.ts";
export type { PerPrediction, Predictions } from "./stages/evaluation/predictions.ts";
export type { ProtocolName } from "./stages/evaluation/protocols.ts";
export type { Recompute, TrainingConfig } from "./stages/training/config/config.ts";
export type { EvaluationConfig } from "./stages/training/config/evaluation.ts";
export type { ClassWeights } from "./stages/training/config/class_weights.ts";
export type { RateDecay } from "./stages/training/config/schedule.ts";
export type { OptimizerConfig } from "./stages/training/config/optimizer_config.ts";
export type { Pictures } from "./stages/evaluation/pictures.ts";
export type { ImageSet, ImageSize, MaskSet, SampleSet, SizedSet } from "./stages/datasets/samples.ts";
export type { AbsentClass, ClassList } from "./stages/datasets/classes.ts";
export type { Distance } from "./kernels/ops/loss/consistency_loss.ts";
export type { Precision } from "./kernels/tensor.ts";
export type { Mapping } from "./models/deeplabv3plus.ts";
export type { NetworkVariant } from "./models/networks.ts";
export type { NetworkNorms, NormSettings } from "./models/norms.ts";
export type { BackboneName } from "./models/resnet.ts";
export type { HostTensor, StateDict } from "./models/state_dict.ts";
export type { Range } from "./stages/codecs/image.ts";
export type { ListConfig, PublishedDataset } from "./stages/datasets/layouts.ts";
export type { FolderConfig, FolderInput } from "./stages/datasets/folder/config.ts";
export type {
  ChannelRule,
  ClassEntry,
  FolderClassesInput,
  PixelMark,
  PixelMarks,
  ValueRange,
} from "./stages/datasets/folder/class_values.ts";
export type { ImagePatterns, PairPatterns } from "./stages/datasets/folder/pairs.ts";
export type {
  AnnotationFormat,
  AnnotationsConfig,
  AnnotationsInput,
} from "./stages/datasets/folder/annotations_config.ts";
