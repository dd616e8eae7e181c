/** The curves of trainings: heard from a run's events, kept with the results, and drawn by a page. @module */
import type { PipelineEvent } from "../../pipeline/mod.ts";
import { count, list, object, record, type Shape, text } from "../../pipeline/files/untrusted.ts";
import type { TrainingHistory } from "../../stages/training/history.ts";
import { type TrainingEvent, trainingEvent } from "../../stages/training/progress.ts";
import { type Reading, thinned } from "./readings.ts";

/** Most readings that are kept of a training. */
export const MOST_READINGS = 3000;

/** Scores of an epoch, percent. */
export type EpochScores = TrainingHistory["evaluations"][number];

/** The curves of one training. */
export interface Curves {
  /** How far it came, and how far it was to go; absent where that is not known. */
  readonly progress?: {
    readonly step: number;
    readonly steps: number;
    readonly epoch: number;
    readonly epochs: number;
  };
  /** By step. */
  readonly readings: readonly Reading[];
  /** By epoch. */
  readonly evaluations: readonly EpochScores[];
}

interface Heard {
  progress?: Curves["progress"];
  readings: Reading[];
  readonly evaluations: EpochScores[];
  /** The last event, if it was a reading. */
  last: { readonly at: number; readonly images: number } | undefined;
}

/** Takes a run's events in and gives the curves of its trainings. */
export class CurveRecorder {
  readonly #trainings = new Map<string, Heard>();

  /** @param now Seconds from any fixed moment. */
  constructor(readonly now: () => number = () => performance.now() / 1000) {}

  /** Takes an event in. */
  on(event: PipelineEvent): void {
    if (event.type !== "progress") return;
    const told = trainingEvent(event.data);
    if (told !== undefined) this.#training(event.node, told);
  }

  /** The curves of each training so far, by stage. */
  curves(): Record<string, Curves> {
    return Object.fromEntries([...this.#trainings.keys()].map((node) => [node, this.of(node)!]));
  }

  /** The curves of a stage; undefined if it has trained nothing. */
  of(node: string): Curves | undefined {
    const heard = this.#trainings.get(node);
    if (heard === undefined) return undefined;
    const { progress, readings, evaluations } = heard;
    return { ...(progress && { progress }), readings: thinned(readings, MOST_READINGS), evaluations };
  }

  #training(node: string, told: TrainingEvent): void {
    // A stage that crashed and begins again begins anew.
    if (told.kind === "memory") {
      this.#trainings.set(node, { readings: [], evaluations: [], last: undefined });
    }
    const heard = this.#trainings.get(node);
    if (heard === undefined) return;
    if (told.kind === "tick" || told.kind === "step") {
      const { step, steps, epoch, epochs } = told;
      heard.progress = { step, steps, epoch, epochs };
    }
    // A step that is handed over is part of the time between two readings.
    if (told.kind === "tick") return;
    const { last } = heard;
    heard.last = undefined;
    if (told.kind === "evaluation") {
      const { epoch, protocol, miou } = told;
      heard.evaluations.push({ epoch, protocol, miou });
    }
    if (told.kind !== "step") return;
    const { step, epoch, rate, images, losses, shares } = told, at = this.now();
    const imagesPerSecond = last !== undefined && at > last.at
      ? short((images - last.images) / (at - last.at))
      : undefined;
    heard.readings.push({
      step,
      epoch,
      rate: short(rate),
      losses: shortened(losses),
      ...(shares && { shares: shortened(shares) }),
      ...(imagesPerSecond !== undefined && { imagesPerSecond }),
    });
    heard.last = { at, images };
    if (heard.readings.length > 2 * MOST_READINGS) heard.readings = thinned(heard.readings, MOST_READINGS);
  }
}

function shortened(values: Readonly<Record<string, number>>): Record<string, number> {
  const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(finite.map(([name, value]) => [name, short(value)]));
}

/** A number in as many digits as a curve shows. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}

/**
 * Curves with what a training's history has beyond them: all of it where it was not heard, and what came before where it went on
 * from a checkpoint.
 */
export function withHistory(curves: Curves | undefined, { losses, evaluations }: TrainingHistory): Curves {
  const first = curves?.readings[0]?.step ?? Infinity;
  const earlier = losses.filter(({ step }) => step < first).map((
    { step, epoch, terms, shares },
  ): Reading => ({
    step,
    // Told from 1, kept from 0.
    epoch: epoch + 1,
    losses: shortened(terms),
    ...(shares && { shares: shortened(shares) }),
  }));
  const progress = curves?.progress;
  return {
    ...(progress && { progress }),
    readings: thinned([...earlier, ...curves?.readings ?? []], MOST_READINGS),
    evaluations,
  };
}

const finite: Shape = (value) => Number.isFinite(value) ? undefined : "is no number";
const counts = { step: count(0), steps: count(0), epoch: count(0), epochs: count(0) };
const shape = object(
  {
    progress: object(counts),
    readings: list(
      object(
        {
          step: count(1),
          epoch: count(1),
          rate: finite,
          imagesPerSecond: finite,
          losses: record(finite),
          shares: record(finite),
        },
        ["rate", "imagesPerSecond", "shares"],
      ),
    ),
    evaluations: list(
      object({
        epoch: count(1),
        protocol: text,
        miou: record((value) => value === null ? undefined : finite(value)),
      }),
    ),
  },
  ["progress"],
);

/** Whether a value, from wherever it came, is curves. */
export function isCurves(value: unknown): value is Curves {
  return shape(value) === undefined;
}
