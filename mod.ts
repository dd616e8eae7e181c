/**
 * Crossview: semantic segmentation from a few labeled and many unlabeled images, as typed pipelines on WebGPU.
 *
 * The public surface; re-exports only.
 *
 * @module
 */
export * from "./pipeline/mod.ts";
export { load } from "./stages/load.ts";
export { augment } from "./stages/augment.ts";
export { coTrain } from "./stages/co_train.ts";
export { pseudoLabel } from "./stages/pseudo_label.ts";
export { evaluate } from "./stages/evaluate.ts";
export { ccvc } from "./stages/methods/ccvc.ts";
export { supervised } from "./stages/methods/supervised.ts";
