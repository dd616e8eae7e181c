/** What a method's training step is written with: views in, passes, weighted loss terms out. @module */
import type { Graph, Loss } from "../../kernels/graph.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Draws, Seen } from "../views/specs.ts";
import type { DeviceScalar, Scalar } from "./schedule.ts";
import type { HeadsOf, MethodNetworks, ModulesOf, Names } from "./networks.ts";
import type { StateSpecs, StateTensors } from "./state.ts";
import type { OwnModule } from "../../models/modules.ts";
import type { Features, Prediction, Taps } from "../../models/deeplabv3plus.ts";

/** A loss with its coefficient in the total; with a constant 0 it is left out. */
export interface Term {
  /** What is minimized. */
  readonly loss: Loss;
  /** Its coefficient, constant or looked up at every step. */
  readonly weight: Scalar;
}

/** Terms by name, as log lines and metrics name them; their gradients are added in this order. */
export type Terms = Readonly<Record<string, Term>>;

/** What a pass may start from: images, or what a part of a network has made of them. */
export type Source = Tensor | Taps | Features;

/** Batches that are normalized together, in order: they share batch statistics, and each is split off again afterwards. */
export type Joint<X = Source> = Readonly<Record<string, X>>;

/**
 * One batch; or passes by name. Each pass has batch statistics and dropout of its own, and running statistics take the passes
 * in order; a pass in braces is {@linkcode Joint}. Passes of one call run as one batch where they hold equally many and the
 * device can bind it. The names key dropout: of a network, a step has one training pass without a name at most.
 */
export type Passes<X = Source> = X | Readonly<Record<string, X | Joint<X>>>;

/** What passes give, by the names they were given. */
export type Outputs<P, Y, X = Source> = P extends X ? Y
  : { readonly [K in keyof P]: P[K] extends X ? Y : { readonly [J in keyof P[K]]: Y } };

/** What channels are dropped by. */
export interface ChannelDropping {
  /** Of a channel to be zeroed, in [0, 1). */
  readonly probability: number;
  /** Names the random numbers; each dropping of a step has a name of its own. */
  readonly stream: string;
}

/** How a step's random numbers are drawn. */
export interface UniformNumbers {
  /** For each image anew, or once a step: then they are the same in each of its micro-batches. By image unless told. */
  readonly per?: "image" | "step" | undefined;
}

/**
 * What captures passes. What is called first runs first: a pass sees the parameters and statistics that the calls before it
 * have left.
 */
export interface Passing<N extends MethodNetworks = never> {
  /**
   * Training mode: batch statistics, which move the running ones, and dropout. An average's passes carry no gradient; they move
   * its own statistics all the same.
   */
  train<const P extends Passes>(network: Names<N>, passes: P): Outputs<P, Prediction<HeadsOf<N>>>;
  /** The same up to the backbone's end. */
  backbone<const P extends Passes<Tensor>>(network: Names<N>, passes: P): Outputs<P, Taps>;
  /** The same up to what enters the fuse convolutions. */
  features<const P extends Passes<Tensor | Taps>>(network: Names<N>, passes: P): Outputs<P, Features>;
  /**
   * Evaluation mode: running statistics, no dropout, no gradient. The statistics are those left by the calls before, or, with
   * `after`, by that training pass and those before it. What is not read is not computed: of a pass whose `features.taps` alone
   * are, the backbone.
   */
  evaluate<const P extends Passes>(
    network: Names<N>,
    passes: P,
    options?: { readonly after?: Prediction },
  ): Outputs<P, Prediction<HeadsOf<N>>>;
  /**
   * Runs a network's own module, in training mode; an average's without gradients. The module says what it takes and gives.
   */
  apply<M extends keyof ModulesOf<N> & string>(
    network: Names<N>,
    module: M,
    input: ModulesOf<N>[M] extends OwnModule<infer I> ? I : never,
  ): ModulesOf<N>[M] extends OwnModule<never, infer O> ? O : never;
  /**
   * Drops channels of what a network can be entered by: in each step and each image anew, each is zeroed with the given
   * probability, and the others are scaled by 1 / (1 − probability). It does not ask for a mode: what is called drops.
   */
  dropChannels(x: Tensor, options: ChannelDropping): Tensor;
  /**
   * Random numbers, uniform over [0, 1) in steps of 2⁻²⁴, constant to the gradient. They are a function of seed, stream, epoch,
   * step and, of images, their places in the step: no micro-batch, no other stream and no resumption changes them.
   *
   * @param stream Names them; each call of a step has a name of its own.
   * @param shape Extents of the f32 map that holds them; the first one counts the images of a batch, unless they are drawn once.
   */
  uniform(stream: string, shape: readonly number[], options?: UniformNumbers): Tensor;
  /** Runs `body` without gradients: what it gives is constant, and statistics move all the same. */
  constant<Y>(body: () => Y): Y;
  /**
   * ∂loss/∂at, here and now: for what comes after it in the step, to which it is a constant. Networks are frozen within: they are
   * evaluated, and no parameter gets a gradient. Activations are f32 within, whatever the training's precision, so that no
   * gradient is too small to be held.
   *
   * @param at f32, such as features.
   * @param loss Is given what stands for `at`; it must depend on it, and reads nothing that learns but through passes.
   * @returns Shaped as `at`.
   */
  gradient(at: Tensor, loss: (at: Tensor) => Loss): Tensor;
}

/** What every part of a step has. */
export interface AfterUpdate<S extends string = string, T extends StateSpecs = StateSpecs> {
  /** What ops launch into. */
  readonly graph: Graph;
  /** Numbers of this step, on the device. */
  readonly schedules: { readonly [N in S]: DeviceScalar };
  /** Tensors that outlive the step. */
  readonly state: StateTensors<T>;
}

/**
 * What a recipe works on; `N` are its networks, `V` its draws, `S` the names of its schedules, `T` its state.
 */
export interface Step<
  N extends MethodNetworks = never,
  V extends Draws = Draws,
  S extends string = string,
  T extends StateSpecs = StateSpecs,
> extends Passing<N>, AfterUpdate<S, T> {
  /** Draws by name, views by name. */
  readonly views: { readonly [D in keyof V]: Seen<V[D]> };
  /** f32 map [1, 1, C]: what each class weighs in a supervised loss; absent where all weigh the same. */
  readonly classWeights?: Tensor;
  /** Share of the optimizer's step that these images are: 1 / k for one of k micro-batches; 1 unless told. */
  readonly share?: number;
  /**
   * Tells a share of this step's pixels, in [0, 1], such as of those whose labels are confident, under a name: who watches a training
   * has its mean beside the losses. Nothing that is learned depends on it.
   *
   * @param share Captures it; not called where nobody watches, as in a parity case.
   */
  tell(name: string, share: () => DeviceScalar): void;
  /**
   * Names a tensor of the step for those who look at one, as a parity case does; a training takes no notice. Of several of one name
   * the last counts.
   */
  note(name: string, tensor: Tensor): void;
}
