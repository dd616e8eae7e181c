/** What a training took, told from a run's events: stages hold no clock, so only arrivals tell. @module */
import type { PipelineEvent } from "../../pipeline/mod.ts";
import type { HeldMemory } from "../gpu/held_memory.ts";
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
  /** Device memory that was held at most while it trained and scored along the way, bytes; absent where it was not counted. */
  readonly heldBytes?: number;
}

/** What tells how much memory is held. */
export type HeldBytes = Pick<HeldMemory, "most" | "reset">;

/** A reading of the losses, and when it came; the device had done all steps up to it. */
interface Reading {
  readonly step: number;
  readonly phase: string;
  readonly at: number;
}

interface Training {
  readonly peakBytes: number;
  heldBytes: number | undefined;
  images: number;
  /** The last event, if it was a reading: what else came between two readings took time, too. */
  last: Reading | undefined;
  /** Seconds a step, from one reading to the next. */
  readonly paces: number[];
}

/** Takes a run's events in and tells what its trainings took. */
export class TrainingMeter {
  readonly #trainings = new Map<string, Training>();

  /**
   * @param now Seconds from any fixed moment.
   * @param held Gives what tells how much memory is held, once there is a device.
   */
  constructor(
    readonly now: () => number = () => performance.now() / 1000,
    readonly held: () => HeldBytes | undefined = () => undefined,
  ) {}

  /** Takes an event in. */
  on(event: PipelineEvent): void {
    if (event.type !== "progress") return;
    const { node } = event, told = trainingEvent(event.data), held = this.held();
    if (told?.kind === "memory") {
      const { peakBytes } = told;
      held?.reset();
      this.#trainings.set(node, { peakBytes, heldBytes: undefined, images: 0, last: undefined, paces: [] });
    }
    const training = this.#trainings.get(node);
    // A step that is handed over is part of the time between two readings.
    if (training === undefined || told === undefined || told.kind === "tick") return;
    training.heldBytes = held?.most;
    const { last } = training;
    training.last = undefined;
    if (told.kind !== "step") return;
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
    const { images, paces, peakBytes, heldBytes } = training;
    return {
      images,
      ...(paces.length > 0 && { stepSeconds: median(paces) }),
      peakBytes,
      ...(heldBytes !== undefined && { heldBytes }),
    };
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
