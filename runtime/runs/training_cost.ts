/** What a training took, told from a run's events: stages hold no clock, so only arrivals tell. @module */
import type { PipelineEvent } from "../../pipeline/mod.ts";
import { trainingEvent } from "../../stages/training/progress.ts";

/** What a training took. */
export interface TrainingCost {
  /** Photographs seen: steps × the labeled and, where the step reads them, unlabeled images of one. */
  readonly images: number;
  /**
   * Seconds of a step of the method: the median over readings of the losses, without compilation, warm-up, scores and
   * checkpoints; absent where no two readings followed each other.
   */
  readonly stepSeconds?: number;
  /** Device memory: the planned peak of a step, bytes. */
  readonly peakBytes: number;
}

/** A reading of the losses, and when it came; the device had done all steps up to it. */
interface Reading {
  readonly step: number;
  readonly phase: string;
  readonly at: number;
}

interface Training {
  readonly peakBytes: number;
  images: number;
  /** The last event, if it was a reading: what else came between two readings took time, too. */
  last: Reading | undefined;
  /** Seconds a step, from one reading to the next. */
  readonly paces: number[];
}

/** Takes a run's events in and tells what its trainings took. */
export class TrainingMeter {
  readonly #trainings = new Map<string, Training>();

  /** @param now Seconds from any fixed moment. */
  constructor(readonly now: () => number = () => performance.now() / 1000) {}

  /** Takes an event in. */
  on(event: PipelineEvent): void {
    if (event.type !== "progress") return;
    const { node } = event, told = trainingEvent(event.data);
    if (told?.kind === "memory") {
      const { peakBytes } = told;
      this.#trainings.set(node, { peakBytes, images: 0, last: undefined, paces: [] });
    }
    const training = this.#trainings.get(node);
    // A step that is handed over is part of the time between two readings.
    if (training === undefined || told?.kind === "tick") return;
    const { last } = training;
    training.last = undefined;
    if (told?.kind !== "step") return;
    const { step, images, phase } = told;
    const at = this.now();
    if (phase === "method" && last?.phase === phase) {
      training.paces.push((at - last.at) / (step - last.step));
    }
    training.images = images;
    training.last = { step, phase, at };
  }

  /** What a node's training took; undefined if the node has trained nothing. */
  of(node: string): TrainingCost | undefined {
    const training = this.#trainings.get(node);
    if (training === undefined) return undefined;
    const { images, paces, peakBytes } = training;
    return { images, ...(paces.length > 0 && { stepSeconds: median(paces) }), peakBytes };
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
