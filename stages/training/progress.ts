/** What a training tells while it runs: one union, read alike by every listener. @module */
import type { StageContext } from "../../pipeline/mod.ts";
import type { Phase } from "../methods/bound_method.ts";
import type { PerPrediction } from "../evaluation/predictions.ts";
import type { TrainingMemory } from "./memory.ts";

/** One thing that a training tells; steps and epochs count from 1, as people do. */
export type TrainingEvent =
  /** What the backbones start from; without a file, random weights. */
  | {
    readonly kind: "pretrained";
    readonly backbone: string;
    readonly file?: string;
    /** Tensors of the file that each network has taken. */
    readonly loaded?: number;
    /** Names that were left over, of a classifier, and that did not fit. */
    readonly classifier?: readonly string[];
    readonly differences?: readonly string[];
  }
  /** What it holds on the device, bytes. */
  | { readonly kind: "memory" } & TrainingMemory
  /** Launches whose kernels are compiled. */
  | { readonly kind: "compile"; readonly done: number; readonly total: number }
  /** It goes on from a checkpoint; from step 0, none could be used. */
  | {
    readonly kind: "resumed";
    readonly step: number;
    readonly steps: number;
    /** What was wrong with checkpoints that were passed over. */
    readonly damage: readonly string[];
    /** The adapter that made the checkpoint, where it is another one. */
    readonly adapter?: string;
  }
  /** A step was handed to the device; 0 says that the first one is about to be. Of those whose losses are read, "step" tells. */
  | {
    readonly kind: "tick";
    readonly step: number;
    readonly steps: number;
    readonly epoch: number;
    readonly epochs: number;
    /** Images seen so far. */
    readonly images: number;
  }
  /** A reading of the losses. */
  | {
    readonly kind: "step";
    readonly step: number;
    readonly steps: number;
    readonly epoch: number;
    readonly epochs: number;
    readonly phase: Phase;
    /** Base learning rate of the step. */
    readonly rate: number;
    /** Images seen so far. */
    readonly images: number;
    /** Mean of each term since the last reading, before its weight. */
    readonly losses: Readonly<Record<string, number>>;
    /** Mean of each share of pixels that the method tells, in [0, 1], such as of those whose labels are confident; absent where it tells none. */
    readonly shares?: Readonly<Record<string, number>>;
  }
  /** So many images of the validation set are scored. */
  | {
    readonly kind: "scoring";
    readonly epoch: number;
    readonly epochs: number;
    readonly done: number;
    readonly total: number;
  }
  /** Scores of an epoch, percent; null where no pixel was counted. */
  | {
    readonly kind: "evaluation";
    readonly epoch: number;
    readonly epochs: number;
    readonly protocol: string;
    readonly miou: PerPrediction<number | null>;
  }
  /** The rest of the epochs is left out: the headline's scores have not become better. */
  | {
    readonly kind: "stopped";
    readonly epoch: number;
    readonly epochs: number;
    /** The epoch of the best score. */
    readonly best: number;
  }
  /** A checkpoint was written. */
  | {
    readonly kind: "checkpoint";
    readonly step: number;
    readonly steps: number;
    /** Whether the run is about to stop. */
    readonly leaving: boolean;
    readonly bytes: number;
    readonly seconds: number;
  }
  /** What was done where the settings leave it open. */
  | { readonly kind: "note"; readonly message: string }
  /** Nothing failed, and yet it is worth knowing. */
  | { readonly kind: "warning"; readonly message: string };

/** The kinds, each once: an event of any other is not a training's. */
const KINDS: Readonly<Record<TrainingEvent["kind"], true>> = {
  pretrained: true,
  memory: true,
  compile: true,
  resumed: true,
  tick: true,
  step: true,
  scoring: true,
  evaluation: true,
  stopped: true,
  checkpoint: true,
  note: true,
  warning: true,
};

/** Tells it. */
export function tell({ progress }: Pick<StageContext, "progress">, event: TrainingEvent): void {
  progress({ ...event });
}

/** The event that progress of a stage is, if it is a training's. */
export function trainingEvent(data: Readonly<Record<string, unknown>>): TrainingEvent | undefined {
  // A stage says nothing else under these names.
  return Object.hasOwn(KINDS, String(data["kind"])) ? data as TrainingEvent : undefined;
}
