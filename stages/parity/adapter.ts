/** How a method's parity cases are read: what an adapter says of them. @module */
import type { z } from "zod";
import type { BoundMethod } from "../methods/bound_method.ts";
import type { OptimizerSettings } from "../training/update.ts";
import type { CaseSettings, StartLaws } from "./settings.ts";

/** A case's settings as numbers were made by them, where a file does not say which of several it was. */
export interface Reading {
  readonly name: string;
  /** What is said of it beside the numbers. */
  readonly remark?: string;
}

/** Where a view's content is from: an image by its hashed name, before the step's number; or words, the same in each step. */
export type ViewSource = string | Uint32Array<ArrayBuffer>;

/** Channels that the hash keeps, where it is below the probability of keeping; numbered by image and channel. */
export interface HashedChannels {
  /** What is hashed in step `t`. */
  name(t: number): string;
  /** The number of the first image. */
  readonly first: number;
}

/** What the passes of a step have given. */
export interface SeenPasses {
  /** Logits of a network's pass in training or evaluation mode, dense [B, H, W, C]. */
  logits(network: string, pass: string): Float32Array;
  /** Their arg-max, [B, H, W]. */
  labels(network: string, pass: string): Uint32Array;
  /** The labels of the step's labeled images, [B, H, W]. */
  readonly truth: Uint32Array;
}

/** A number that a step records besides its losses. */
export interface Observed {
  value(seen: SeenPasses): number;
  /** What its error is a share of: a whole, such as 1 of a share or all pixels of a count; the recorded value unless told. */
  readonly whole?: number;
}

/** A case, as the runner takes it. */
export interface CaseSetup {
  /** What is run, in a line. */
  readonly line: string;
  readonly method: BoundMethod;
  readonly outputStride: 8 | 16;
  readonly classes: number;
  readonly start: StartLaws;
  /** By draw and view, those of {@linkcode BoundMethod.draws}; labels and validity by these names. */
  readonly views: Readonly<Record<string, Readonly<Record<string, ViewSource>>>>;
  /** By the streams that the method drops channels by; none unless told. */
  readonly dropout?: Readonly<Record<string, HashedChannels>>;
  readonly optimizer: OptimizerSettings;
  /** The base rate of step `t`. */
  rate(t: number): number;
  /** Loss terms that each step records: the file's name → ours. `total` comes with them. */
  readonly terms: Readonly<Record<string, string>>;
  /** Terms on the far side of a threshold, where a pixel may flip. */
  readonly thresholded?: readonly string[];
  /** What else a step may record, besides `total`, `lr` and `lr_next`. */
  readonly observed: Readonly<Record<string, Observed>>;
  /** Relative error that losses after the first step may have. */
  readonly laterLosses: number;
  /** Logits recorded of the first step, by name. */
  readonly logits: Readonly<Record<string, { readonly network: string; readonly pass: string }>>;
  /** Logits recorded after the last step, by name: whose they are. */
  readonly evaluation: Readonly<Record<string, string>>;
}

/** Reads the cases of a method. */
export interface CaseAdapter<S extends CaseSettings = CaseSettings, R extends Reading = Reading> {
  /** What a case's `method` says; CCVC's cases do not have it. */
  readonly method: string;
  readonly settings: z.ZodType<S>;
  /** What cannot be in a file's settings, in words. */
  contradictions?(settings: S): Iterable<string>;
  /** Likelier ones first; the file's own alone unless told. */
  readings?(settings: S): readonly [R, ...R[]];
  /** Whether a first step's loss tells readings apart. */
  tells?(term: string): boolean;
  setup(settings: S, reading: R): CaseSetup;
}
