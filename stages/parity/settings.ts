/** Settings of parity cases: what those of every method have, and what most have. @module */
import { z } from "zod";
import { atrous } from "../weights/network.ts";

/** What a case of any method says. */
export interface CaseSettings {
  readonly backbone: "resnet50" | "resnet101" | "resnet14";
  readonly dataset: "pascal" | "cityscapes";
  /** Side of the images in pixels. */
  readonly size: number;
  /** Images of each kind in a step. */
  readonly batch: number;
  /** Steps that are run. */
  readonly steps: number;
  /** Steps over which the learning rate decays. */
  readonly total: number;
  readonly base_lr: number;
  /** Prefix of all names that are hashed. */
  readonly salt: string;
}

/** How weights and running statistics are hashed. */
export interface StartLaws {
  /** Multiple of the γ that ends a residual branch. */
  readonly residualGamma: number;
  /** Running statistics: mean 0 and variance 1, or hashed. */
  readonly buffers: "unit" | "hash";
  /** The name whose numbers a tensor starts with, as that of a copy does; its own unless told. */
  hashedAs?(name: string): string;
  /** Multiples of tensors by name, before they are rounded. */
  readonly gains?: Readonly<Record<string, number>>;
}

/** A weight of a loss, a rate, or the like. */
export const factor = z.number().min(0).max(1e6);

/** The leaves of {@linkcode CaseSettings}. */
export const commonLeaves = {
  backbone: z.enum(["resnet50", "resnet101", "resnet14"]).default("resnet50"),
  dataset: z.enum(["pascal", "cityscapes"]),
  size: z.int().min(16).max(2048),
  // The pooling branch's batch norm sees one value an image, and needs two.
  batch: z.int().min(2).max(64),
  steps: z.int().min(1).max(1000),
  total: z.int().min(1),
  base_lr: factor,
  salt: z.string(),
};

/** What cases of one form say, of the network too, whichever the method: CCVC's of output stride 16 without multi-grid. */
export interface NetworkSettings extends CaseSettings {
  readonly classes: number;
  readonly dilations: readonly number[];
  readonly replace_stride_with_dilation: readonly boolean[];
  readonly multi_grid: boolean;
  readonly residual_gamma: number;
  readonly buffers: "unit" | "hash";
}

/** The leaves of {@linkcode NetworkSettings}. */
export const networkLeaves = {
  ...commonLeaves,
  classes: z.union([z.literal(21), z.literal(19)]),
  dilations: z.array(z.int()).length(3),
  replace_stride_with_dilation: z.array(z.boolean()).length(3),
  multi_grid: z.boolean(),
  residual_gamma: factor.default(1),
  buffers: z.enum(["unit", "hash"]),
};

/** What of a network's settings is none that is built. */
export function* networkContradictions(
  { backbone, dataset, classes, dilations, replace_stride_with_dilation: replaced, multi_grid }:
    NetworkSettings,
): Generator<string> {
  const wanted = dataset === "pascal" ? 21 : 19, { rates } = atrous({ backbone, outputStride: 16 });
  if (classes !== wanted) yield `case.classes is ${classes}, and ${dataset} has ${wanted}`;
  if (`${replaced}` !== "false,false,true" || multi_grid || `${dilations}` !== `${rates}`) {
    yield `the network of case.dilations, case.replace_stride_with_dilation and case.multi_grid is not built: ${backbone} ` +
      `has dilations [${rates}], replaces the last stride alone, and has no multi-grid`;
  }
}
