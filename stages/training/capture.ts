/** A training written down: all that it holds on a device, and the launches of its steps. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate } from "../../kernels/memory.ts";
import { DeviceError, KernelError } from "../../kernels/errors.ts";
import { Graph, type Share } from "../../kernels/graph.ts";
import { bindable } from "../../kernels/program/binding.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Networks } from "../../models/networks.ts";
import { allocateParameters, type Parameters } from "../../models/parameters.ts";
import type { Views } from "../augment.ts";
import type { BoundMethod, Phase } from "../methods/bound_method.ts";
import type { Sizes, StateSpecs, StateTensors } from "../methods/state.ts";
import { buildNetworks, type NetworkDescription } from "../weights/network.ts";
import { captureAverages, captureCopies } from "./averages.ts";
import { LOSS_SCALE, mayOverflow, type TrainingConfig } from "./config/config.ts";
import { allocateControl, type Control, meterOf } from "./control.ts";
import { type Feed, makeFeed } from "./feed.ts";
import { allocateFolding, type Folding } from "./folding.ts";
import { captureGradients, type Noted, scheduled } from "./step_program.ts";
import { captureUpdate, momentsOf, needsStart, type OptimizerSettings } from "./update.ts";

/** What the capture of a training depends on; activations are f32 unless told, and micro-batches are normalized one by one. */
export interface CaptureOptions
  extends
    Pick<TrainingConfig, "batch" | "accumulate">,
    Partial<Pick<TrainingConfig, "synchronized" | "exchange" | "precision" | "lossScale">> {
  readonly network: NetworkDescription;
  readonly method: BoundMethod;
  /** Images and how they are seen; or what brings other ones, which the capture then owns. */
  readonly views: Views | Feed;
  readonly seed: number;
  readonly optimizer: OptimizerSettings;
  /** What each class weighs in a supervised loss; left out where all weigh the same. */
  readonly classWeights?: readonly number[] | undefined;
  /** Whether some steps learn from labels alone. */
  readonly warmUp: boolean;
  /**
   * Which of several that share a step's micro-batches this one is; it is alone unless told. Of one that is synchronized, each has one
   * micro-batch.
   */
  readonly share?: Share | undefined;
}

/** One of the programs that a step is made of, one after another. They share nothing but what has a home. */
export interface CapturedProgram {
  readonly graph: Graph;
  /**
   * When a step runs it: once for each micro-batch; after each, to bring together what it has left with what those before it have;
   * when all sums are made, to round them; or once, when all is done.
   */
  readonly per: "micro-batch" | "fold" | "sums" | "step";
}

/**
 * A kind of step: gradients, then the optimizer's update and what comes after it. With one micro-batch all is one program; with
 * several there is a fold between the two, and between any of them the host may act.
 */
export interface CapturedPhase extends Noted {
  readonly programs: readonly [CapturedProgram, ...CapturedProgram[]];
  /** Images that a step is given, all micro-batches of it. */
  readonly images: number;
}

/** What a method keeps from step to step. */
export interface CapturedState {
  /** By name. */
  readonly tensors: StateTensors;
  /** What each is filled with at the start. */
  readonly starts: ReadonlyMap<Tensor, number | "uniform">;
  readonly bytes: number;
  free(): void;
}

/** A captured training; nothing is compiled. */
export interface CapturedTraining {
  readonly method: BoundMethod;
  readonly networks: Networks;
  readonly parameters: Parameters;
  readonly feed: Feed;
  readonly state: CapturedState;
  readonly control: Control;
  /** Where micro-batches are brought together; absent where there is one. */
  readonly folding?: Folding;
  readonly phases: { readonly "warm-up"?: CapturedPhase; readonly method: CapturedPhase };
  free(): void;
}

/**
 * Makes room for a training and captures its steps.
 *
 * @throws {ShapeError} If the settings leave a layer without pixels.
 * @throws {DeviceError} If a parameter, or the images of a step, are larger than a buffer that the device grants.
 */
export function captureTraining(device: Device, options: CaptureOptions): CapturedTraining {
  const { method, views, seed, batch, accumulate, synchronized = false, exchange, share } = options;
  const networks = buildNetworks(options.network);
  const parameters = allocateParameters(device, networks.registry, {
    training: true,
    moments: momentsOf(options.optimizer),
    sums: accumulate > 1,
    starts: needsStart(options.optimizer),
    averages: new Set(Object.keys(method.averages)),
    learners: options.warmUp ? method.learners : new Set(),
  });
  const images = batch / accumulate;
  const declared = method.state(sizesOf(options)), state = allocateState(device, declared);
  const feed = "capture" in views
    ? views
    : makeFeed(device, views, { batch: images, seed, draws: method.draws });
  const control = allocateControl(device, method, mayOverflow(options), options.classWeights?.length);
  const folding = accumulate > 1
    ? allocateFolding(device, { parameters, control, state, declared, share, synchronized, exchange })
    : undefined;
  const held = { networks, parameters, state, feed, control, ...(folding && { folding }) };
  const phase = (name: Phase): CapturedPhase => {
    // The passes run together where a kernel can take their joint activations, and bind them whole.
    const joint = withinLimits(() => capturePhase(device, options, held, name, true));
    const fits = joint?.programs.every(({ graph }) => bindable(device, graph));
    return joint && fits ? joint : capturePhase(device, options, held, name, false);
  };
  return {
    method,
    ...held,
    phases: { ...(options.warmUp && { "warm-up": phase("warm-up") }), method: phase("method") },
    free() {
      for (const owner of [...(folding ? [folding] : []), control, state, feed, parameters]) owner.free();
    },
  };
}

/** Whether a step has micro-batches whose norms are synchronized. */
export function isSynchronized(
  { synchronized = false, accumulate }: Pick<CaptureOptions, "synchronized" | "accumulate">,
): boolean {
  return synchronized && accumulate > 1;
}

/** A training as the first of its micro-batches is captured, where each is captured by itself. */
export function ofMember<Options extends CaptureOptions>(options: Options): Options {
  return isSynchronized(options) ? { ...options, share: { rank: 0, size: options.accumulate } } : options;
}

/** Of how many micro-batches whose norms are synchronized one is captured; undefined where they are not. */
function shareOfNorms(options: CaptureOptions): Share | undefined {
  if (!isSynchronized(options)) return undefined;
  const { share, accumulate } = options;
  if (share?.size === accumulate) return share;
  throw new Error(
    "Cannot capture a step whose norms are synchronized: each micro-batch is to be captured by itself",
  );
}

/** What the shapes of a method's state depend on. */
export function sizesOf(
  { network, views, batch, accumulate }: Pick<CaptureOptions, "network" | "views" | "batch" | "accumulate">,
): Sizes {
  const unlabeled = "capture" in views ? views.sizes.unlabeled : views.unlabeled.length;
  return { classes: network.classes.names.length, batch: batch / accumulate, unlabeled };
}

function allocateState(device: Device, declared: StateSpecs): CapturedState {
  const specs = Object.entries(declared);
  const half = specs.find(([, { dtype }]) => dtype === "f16");
  if (half && !device.facts.features.includes("shader-f16")) {
    throw new DeviceError(
      `Cannot keep the method's state "${
        half[0]
      }" in f16: it needs shader-f16, which "${device.facts.name}" does not grant. ` +
        "Have it kept in f32",
    );
  }
  const { tensors, bytes, free } = allocate(
    device,
    `the method's state (${specs.map(([name, { shape }]) => `${name} [${shape}]`).join(", ")})`,
    specs.map(([label, { shape, dtype = "f32" }]) => ({ label, shape, dtype, layout: "map" })),
  );
  return {
    tensors: Object.fromEntries(specs.map(([name], i) => [name, tensors[i]!])),
    starts: new Map(specs.map(([, { start = 0 }], i) => [tensors[i]!, start])),
    bytes: specs.length > 0 ? bytes : 0,
    free,
  };
}

/** What the steps of all phases share. */
type Held = Pick<
  CapturedTraining,
  "networks" | "parameters" | "state" | "feed" | "control" | "folding"
>;

/** @param together Whether the passes of a step run as one batch. */
function capturePhase(
  device: Device,
  options: CaptureOptions,
  held: Held,
  phase: Phase,
  together: boolean,
): CapturedPhase {
  const { batch, accumulate, precision = "f32", lossScale = LOSS_SCALE } = options;
  const { networks, parameters, state, feed, control, folding } = held,
    method = methodIn(phase, options.method);
  const { counters, rates, guard, classWeights } = control;
  const share = shareOfNorms(options);
  const graph = new Graph(device.facts.sharing, { precision, ...(share && { share }) });
  if (phase === "method") {
    const schedules = scheduled(rates, method.schedules), mostBytes = device.facts.bindingBytes;
    captureCopies(graph, { parameters, method, schedules, mostBytes });
  }
  const noted = captureGradients(graph, {
    together,
    networks,
    parameters,
    method,
    views: feed.capture(graph),
    state: state.tensors,
    counters,
    rates,
    share: 1 / accumulate,
    ...(guard && { lossScale }),
    ...(classWeights && { classWeights }),
    meter: (index) => meterOf(control, index),
  });
  const gradients = { graph, per: "micro-batch" } as const, images = batch * feed.sets;
  if (folding === undefined) {
    captureFinish(device, graph, options, held, phase);
    return { programs: [gradients], ...noted, images };
  }
  const { rounding } = folding, { sharing } = device.facts;
  rounding?.gradients(graph);
  const fold = { graph: new Graph(sharing), per: "fold" } as const;
  folding.capture(fold.graph, { of: graph, meters: noted.terms.length + noted.shares.length });
  const sums = { graph: new Graph(sharing), per: "sums" } as const;
  rounding?.sums(sums.graph);
  const update = { graph: new Graph(sharing), per: "step" } as const;
  rounding?.back(update.graph);
  captureFinish(device, update.graph, options, held, phase);
  return { programs: [gradients, fold, ...(rounding ? [sums] : []), update], ...noted, images };
}

/** Captures all that follows the gradients: update, averages, what the method does afterwards. */
function captureFinish(
  device: Device,
  graph: Graph,
  { method: bound, optimizer, accumulate }: CaptureOptions,
  { parameters, state, control: { rates, guard } }: Held,
  phase: Phase,
): void {
  const method = methodIn(phase, bound), warmUp = phase === "warm-up";
  const schedules = scheduled(rates, method.schedules), mostBytes = device.facts.bindingBytes;
  const guarded = guard && { guard };
  captureUpdate(graph, {
    parameters,
    rates,
    optimizer,
    warmUp,
    mostBytes,
    clears: accumulate > 1,
    ...guarded,
  });
  captureAverages(graph, { parameters, method, schedules, mostBytes, ...guarded });
  if (phase === "method") method.afterUpdate({ graph, schedules, state: state.tensors });
}

/** A method as it is in a phase: in the warm-up, what learns there is no average. */
function methodIn(phase: Phase, method: BoundMethod): BoundMethod {
  if (phase === "method") return method;
  const averages = Object.entries(method.averages).filter(([name]) => !method.learners.has(name));
  return { ...method, terms: method.warmUp, averages: Object.fromEntries(averages) };
}

/** What `capture` gives, or undefined where a kernel cannot work on maps so large. */
function withinLimits<T>(capture: () => T): T | undefined {
  try {
    return capture();
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
