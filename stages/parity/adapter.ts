/** How a method's parity cases are read: what an adapter says of them. @module */
import type { z } from "zod";
import type { BoundMethod, Phase } from "../methods/bound_method.ts";
import type { ChoiceStep } from "../methods/choice.ts";
import type { At } from "../methods/schedule.ts";
import type { Feed } from "../training/feed.ts";
import type { Batch } from "../training/sampler.ts";
import type { OptimizerSettings } from "../training/update.ts";
import type { Floors, Recorded, Rule } from "./rules.ts";
import type { SeenStep } from "./seen.ts";
import type { CaseSettings, StartLaws } from "./settings.ts";

/** A case's settings as numbers were made by them, where a file does not say which of several it was. */
export interface Reading {
  readonly name: string;
  /** What is said of it beside the numbers. */
  readonly remark?: string;
}

/** What is known before step `t` is taken. */
export interface Moment {
  readonly t: number;
  /** The images that the method has chosen for a draw. */
  chosen(draw: string): readonly number[];
}

/** What a method chooses images by, where it does. */
export interface ChoiceLaws {
  /** Images of each set. */
  readonly sizes: Partial<Feed["sizes"]>;
  /** Whose turn it is in step `t`. */
  walks(t: number): Batch;
  /**
   * The numbers that step `t` draws by.
   *
   * @param u The hash: numbers in [0, 1) by name and index.
   */
  numbers(t: number, u: (name: string) => (index: number) => number): ChoiceStep["uniform"];
}

/**
 * What a view holds: an image, or of a view that is called so labels, by their hashed name, before the step's number; the words of
 * a map or of boxes, the same in each step; or a function of the step that makes them as the device stores them.
 */
export type ViewSource =
  | string
  | Uint32Array<ArrayBuffer>
  | ((moment: Moment) => Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>);

/** By draw and view, those of {@linkcode BoundMethod.draws}; labels and validity by these names. */
export type ViewSources = Readonly<Record<string, Readonly<Record<string, ViewSource>>>>;

/** Channels that the hash keeps, where it is below the probability of keeping; numbered by image and channel. */
export interface HashedChannels {
  /** What is hashed in step `t`. */
  name(t: number): string;
  /** The number of the first image. */
  readonly first: number;
}

/**
 * Numbers in the place of a step's random ones: all of the shape, dense, in its order. Each is rounded to f32, and to the one below 1
 * where it would be 1.
 *
 * @param u The hash: numbers in [0, 1) by name and index.
 */
export type HashedNumbers = (
  at: {
    readonly t: number;
    readonly shape: readonly number[];
    readonly u: (name: string) => (index: number) => number;
  },
) => ArrayLike<number>;

/** A number, or numbers, that a step records besides its losses. */
export interface Observed {
  value(seen: SeenStep): Recorded;
  /** How it is compared; as a loss unless told. */
  readonly rule?: Rule;
  /** Parameters and statistics that it looks at, as the step has left them. */
  readonly reads?: readonly string[];
}

/** Logits that are recorded, of all pixels, or as few as the network gives. */
export interface RecordedLogits {
  readonly network: string;
  readonly pass: string;
  readonly of?: "pixels" | "scores";
}

/** An array that some entries are recorded of. */
export interface RecordedMap {
  /** All its values, in PyTorch's order. */
  values(seen: SeenStep): ArrayLike<number>;
  /** Which are recorded: the first ones, or those at positions that the hash of such a name draws; `sample:logits` unless told. */
  readonly entries?: "first" | `sample:${string}`;
  /** How they are compared; as logits unless told. */
  readonly rule?: Rule;
}

/** A pass before all steps that gives networks the running statistics of a batch. */
export interface WarmPass {
  /** Its hashed name. */
  readonly image: string;
  readonly networks: readonly string[];
}

/** Steps before the first that is recorded, in the phase of a warm-up. */
export interface WarmUpSteps {
  readonly steps: number;
  /** The base rate of step `j`. */
  rate(j: number): number;
  readonly views: ViewSources;
  /** Losses that `warm_up_losses` records, one a step: the file's name → ours. */
  readonly terms: Readonly<Record<string, string>>;
}

/** A case, as the runner takes it. */
export interface CaseSetup {
  /** What is run, in a line. */
  readonly line: string;
  readonly method: BoundMethod;
  readonly outputStride: 8 | 16;
  readonly classes: number;
  readonly start: StartLaws;
  /** What the method's state starts with, by name, as the device stores it; what {@linkcode BoundMethod.state} says unless told. */
  readonly state?: Readonly<Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>>;
  readonly views: ViewSources;
  /** How images are chosen, where the method does. */
  readonly choice?: ChoiceLaws;
  /** By the streams that the method drops channels by; none unless told. */
  readonly dropout?: Readonly<Record<string, HashedChannels>>;
  /** By the streams that the method draws numbers of; none unless told. */
  readonly uniform?: Readonly<Record<string, HashedNumbers>>;
  readonly optimizer: OptimizerSettings;
  /** The base rate of step `t`. */
  rate(t: number): number;
  /** Where the run is in step `t`; in the first epoch, of `total` steps, unless told. */
  at?(t: number): At;
  /** Which of the method's steps step `t` is; the main one unless told. */
  phase?(t: number): Phase;
  /** What running statistics start with, if not with what `start` says. */
  readonly warm?: WarmPass;
  /** Steps before the first. */
  readonly warmUp?: WarmUpSteps;
  /** Loss terms that each step records: the file's name → ours. `total` comes with them, over those that the step has. */
  readonly terms: Readonly<Record<string, string>>;
  /** Terms on the far side of a threshold, where a pixel may flip. */
  readonly thresholded?: readonly string[];
  /** Whether recorded gradients, which are the first step's, hold the weight decay: the file's run has it as a loss. */
  readonly decaysGradients?: boolean;
  /** Observed numbers that `total` holds besides the terms, as what the optimizer decays by. */
  readonly addedToTotal?: readonly string[];
  /** What else a step may record, besides `total`, `lr` and `lr_next`. */
  readonly observed: Readonly<Record<string, Observed>>;
  /** What a tolerance is at least. */
  readonly floors: Floors;
  /** The step that gradients, logits and maps are recorded of; the first unless told. */
  readonly gradStep?: number;
  /** Logits recorded of that step, by name. */
  readonly logits: Readonly<Record<string, RecordedLogits>>;
  /** What else is recorded of it; none unless told. */
  readonly maps?: Readonly<Record<string, RecordedMap>>;
  /** Logits recorded after the last step, by name: whose they are, or whose mean. */
  readonly evaluation: Readonly<Record<string, string | readonly string[]>>;
  /** Images of the evaluation; as many as in a step unless told. */
  readonly evaluationBatch?: number;
  /** Entries of the file that nothing is compared with, and why. */
  readonly unread?: Readonly<Record<string, string>>;
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
