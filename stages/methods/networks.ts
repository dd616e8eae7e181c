/** Which networks a method has, and what moves them. Architecture and sizes are the experiment's. @module */
import type { AuxiliaryHead, Heads, ProjectionHead } from "../../models/heads.ts";
import type { Declare, Modules, OwnModule } from "../../models/modules.ts";
import type { NetworkVariant } from "../../models/networks.ts";
import type { At, Schedule } from "./schedule.ts";

/** A network that the optimizer moves. */
export interface Trained<H extends Heads = Heads, M extends Modules = Modules>
  extends Omit<NetworkVariant, "heads" | "modules"> {
  /** What tells it from other kinds. */
  readonly kind: "trained";
  /** Heads beside the classifier: each runs in every pass that goes to the end, and gives `prediction.heads.NAME`. */
  readonly heads?: H;
  /** Layers of the method's own, which `step.apply` runs and nothing else does. */
  readonly modules?: M;
  /**
   * Norms that normalize by running statistics in training passes, too, and leave these as they are: those of the backbone, or
   * none. Their γ and β learn all the same.
   */
  readonly frozenNorms?: "backbone" | undefined;
}

/** A network that follows another one: it has that one's shape, heads and frozen norms, and no gradient of its own. */
export interface Average {
  /** What tells it from other kinds. */
  readonly kind: "average";
  /** The trained network that it follows. */
  readonly of: string;
  /** What is kept of the average in a step, in [0, 1]. */
  readonly decay: Schedule;
  /** What happens to running statistics: averaged like the parameters, copied from the source, or moved by own passes alone. */
  readonly statistics: "averaged" | "copied" | "own";
  /**
   * What it is when the method's steps begin: a copy of its source; or what it has drawn itself, the warm-up behind it or not;
   * or the same without the training's pretrained weights.
   */
  readonly start: "copy" | "own" | "random";
  /** Whether it learns like a trained network in the warm-up, by moments of its own, which are of no account afterwards. */
  readonly learnsInWarmUp: boolean;
  /** Whether a step of the method begins with the average's parameters copied from its source; never unless told. */
  readonly copies?: (at: At) => boolean;
}

/** Nothing by name. */
export type None = Record<never, never>;

/**
 * Declares a network that the optimizer moves.
 *
 * @example
 * ```ts
 * import { auxiliaryHead, projectionHead, trained } from "@crossview/crossview/methods";
 *
 * // `step.train("student", image).heads.rep` is f32[N, h, w, 256]; its layers are `student.rep.0.weight` and so on.
 * export const student = trained({ heads: { rep: projectionHead(256), aux: auxiliaryHead() } });
 * ```
 */
export function trained<const H extends Heads = None, const M extends Modules = None>(
  options: Omit<Trained<H, M>, "kind"> = {},
): Trained<H, M> {
  return { kind: "trained", ...options };
}

/**
 * A head that embeds pixels: 3×3 convolution, norm and ReLU twice, then a 1×1 convolution with a bias, on what enters the fuse
 * convolutions. It gives f32[N, h, w, channels] at the decoder's size, not normalized; its layers are `NAME.0`, `1`, `3`, `4`, `6`.
 *
 * @param channels Of each of its layers, a whole number from 1.
 */
export function projectionHead(channels: number): ProjectionHead {
  return { kind: "projection", channels };
}

/**
 * A head that tells the classes by the backbone's third stage: 3×3 convolution to the decoder's channels, norm and ReLU, then a
 * 1×1 convolution with a bias. It gives class scores, as a prediction has them; its layers are `NAME.0`, `1`, `3`.
 */
export function auxiliaryHead(): AuxiliaryHead {
  return { kind: "auxiliary" };
}

/**
 * Declares layers of a method's own: parameters in the network's state dict as `NAME.…`, learned with the others, and a forward
 * pass that `step.apply(network, NAME, input)` captures.
 *
 * @param declare Declares the layers in a scope, and gives their forward pass.
 */
export function ownModule<I, O>(declare: Declare<I, O>): OwnModule<I, O> {
  return { declare };
}

/**
 * Declares the exponential moving average of a trained network: average ← decay · average + (1 − decay) · source, of every
 * parameter, after each update of the optimizer. In the warm-up an average is a copy of its source, unless it starts as its own.
 *
 * @param source Name of the network.
 * @param options.decay A constant, or a function of the step such as {@linkcode warmedUp}; 1 leaves the average as it is.
 * @param options.statistics Averaged unless told, after the average's own training passes have moved them.
 * @param options.start `copy` unless told; with `own` the warm-up leaves it alone, but for what its own passes move; so with
 * `random`, which takes no pretrained weights either.
 * @param options.learnsInWarmUp Off unless told. Such an average starts as its `own`, or `random`.
 * @param options.copies Whether a step begins with a copy of the source's parameters, whatever was averaged before; never unless
 *   told. Running statistics are not copied.
 */
export function averageOf(
  source: string,
  { decay, statistics = "averaged", learnsInWarmUp = false, start = learnsInWarmUp ? "own" : "copy", copies }:
    {
      readonly decay: number | Schedule;
      readonly statistics?: Average["statistics"];
      readonly start?: Average["start"];
      readonly learnsInWarmUp?: boolean;
      readonly copies?: (at: At) => boolean;
    },
): Average {
  const scheduled = typeof decay === "number" ? () => decay : decay;
  return {
    kind: "average",
    of: source,
    decay: scheduled,
    statistics,
    start,
    learnsInWarmUp,
    ...(copies && { copies }),
  };
}

/** The networks of a method, by name; their order is that of their weights in a file. */
export type MethodNetworks = Readonly<Record<string, Trained | Average>>;

/**
 * Names, where they are known: a definition whose steps stand before its networks would else be checked against nothing. Those of
 * a step whose networks are forgotten, `never`, are any.
 */
export type Names<N> = [N] extends [never] ? string
  : string extends keyof N ? "the networks stand before the steps"
  : keyof N & string;

/** Heads of a method's networks. Averages have those of their sources. */
export type HeadsOf<N extends MethodNetworks> = [N] extends [never] ? Heads
  : N[keyof N] extends infer T ? T extends Trained<infer H, Modules> ? H : never
  : never;

/** Own modules of a method's networks. */
export type ModulesOf<N extends MethodNetworks> = [N] extends [never] ? Modules
  : N[keyof N] extends infer T ? T extends Trained<Heads, infer M> ? M : never
  : never;
