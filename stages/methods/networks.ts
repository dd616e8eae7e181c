/** Which networks a method has, and what moves them. Architecture and sizes are the experiment's. @module */
import type { NetworkVariant } from "../../models/networks.ts";
import type { Schedule } from "./schedule.ts";

/** A network that the optimizer moves. */
export interface Trained extends NetworkVariant {
  /** What tells it from other kinds. */
  readonly kind: "trained";
  /**
   * Norms that normalize by running statistics in training passes, too, and leave these as they are: those of the backbone, or
   * none. Their γ and β learn all the same.
   */
  readonly frozenNorms?: "backbone" | undefined;
}

/** A network that follows another one: it has that one's shape and frozen norms, and no gradient of its own. */
export interface Average {
  /** What tells it from other kinds. */
  readonly kind: "average";
  /** The trained network that it follows, and starts as a copy of. */
  readonly of: string;
  /** What is kept of the average in a step, in [0, 1]. */
  readonly decay: Schedule;
  /** What happens to running statistics: averaged like the parameters, copied from the source, or moved by own passes alone. */
  readonly statistics: "averaged" | "copied" | "own";
}

/** Declares a network that the optimizer moves. */
export function trained(
  options: NetworkVariant & Pick<Trained, "frozenNorms"> = {},
): Trained {
  return { kind: "trained", ...options };
}

/**
 * Declares the exponential moving average of a trained network: average ← decay · average + (1 − decay) · source, of every
 * parameter, after each update of the optimizer. In the engine's warm-up an average is a copy of its source.
 *
 * @param source Name of the network.
 * @param options.decay A constant, or a function of the step such as {@linkcode warmedUp}; 1 leaves the average as it is.
 * @param options.statistics Averaged unless told, after the average's own training passes have moved them.
 */
export function averageOf(
  source: string,
  { decay, statistics = "averaged" }: {
    readonly decay: number | Schedule;
    readonly statistics?: Average["statistics"];
  },
): Average {
  return { kind: "average", of: source, decay: typeof decay === "number" ? () => decay : decay, statistics };
}

/** The networks of a method, by name; their order is that of their weights in a file. */
export type MethodNetworks = Readonly<Record<string, Trained | Average>>;
