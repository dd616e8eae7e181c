/** A training written down: all that it holds on a device, and the launches of its steps. @module */
import { allocate, type Device } from "../../kernels/device.ts";
import { KernelError } from "../../kernels/errors.ts";
import { Graph } from "../../kernels/graph.ts";
import { bindable } from "../../kernels/program/program.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Networks } from "../../models/networks.ts";
import { allocateParameters, type Parameters } from "../../models/parameters.ts";
import type { Views } from "../augment.ts";
import type { BoundMethod, Phase } from "../methods/bound_method.ts";
import { MethodError } from "../methods/method.ts";
import type { StateTensors } from "../methods/state.ts";
import { buildNetworks, type NetworkDescription } from "../weights/network.ts";
import { captureAverages } from "./averages.ts";
import { LOSS_SCALE, type TrainingConfig } from "./config.ts";
import { type Feed, makeFeed } from "./feed.ts";
import { captureGradients, type NamedTerm, scheduled } from "./step_program.ts";
import { captureUpdate, momentsOf, type OptimizerSettings, ratesLength } from "./update.ts";

export { LOSS_SCALE };

/** What the capture of a training depends on; activations are f32 unless told. */
export interface CaptureOptions
  extends
    Pick<TrainingConfig, "batch" | "accumulate">,
    Partial<Pick<TrainingConfig, "precision" | "lossScale">> {
  readonly network: NetworkDescription;
  readonly method: BoundMethod;
  /** Images and how they are seen; or what brings other ones, which the capture then owns. */
  readonly views: Views | Feed;
  readonly seed: number;
  readonly optimizer: OptimizerSettings;
  /** Whether some steps learn from labels alone. */
  readonly warmUp: boolean;
}

/** One of the programs that a step is made of, one after another. They share nothing but what has a home. */
export interface CapturedProgram {
  readonly graph: Graph;
  /** How often a step runs it: for each micro-batch, or once. */
  readonly per: "micro-batch" | "step";
}

/**
 * A kind of step: gradients, then the optimizer's update and what comes after it. With one micro-batch all is one program;
 * with several, between the two the host may act.
 */
export interface CapturedPhase {
  readonly programs: readonly [CapturedProgram, ...CapturedProgram[]];
  readonly terms: readonly NamedTerm[];
}

/** A captured training; nothing is compiled. */
export interface CapturedTraining {
  readonly method: BoundMethod;
  readonly networks: Networks;
  readonly parameters: Parameters;
  readonly feed: Feed;
  /** What the method keeps from step to step, by name, and what it starts from. */
  readonly state: {
    readonly tensors: StateTensors;
    readonly starts: ReadonlyMap<Tensor, number>;
    readonly bytes: number;
  };
  /** Small tensors that the host writes before a step, and the running losses. */
  readonly control: {
    readonly counters: Tensor;
    readonly rates: Tensor;
    readonly meters: readonly Tensor[];
    /** In f16: which updates were left out (kernels/ops/update/guard_update.ts). */
    readonly guard?: Tensor;
    readonly bytes: number;
  };
  readonly phases: { readonly "warm-up"?: CapturedPhase; readonly method: CapturedPhase };
  free(): void;
}

/** Most loss terms a method may have. */
const MOST_TERMS = 32;

/**
 * Makes room for a training and captures its steps.
 *
 * @throws {ShapeError} If the settings leave a layer without pixels.
 * @throws {DeviceError} If a buffer is larger than the device allows.
 */
export function captureTraining(device: Device, options: CaptureOptions): CapturedTraining {
  const { batch, accumulate, precision = "f32" } = options;
  const networks = buildNetworks(options.network);
  const { method } = options;
  const parameters = allocateParameters(device, networks.registry, {
    training: true,
    moments: momentsOf(options.optimizer),
    averages: new Set(Object.keys(method.averages)),
  });
  const specs = Object.entries(
    method.state({ classes: options.network.classes.names.length, batch: batch / accumulate }),
  );
  const kept = allocate(
    device,
    `the method's state (${specs.map(([name, { shape }]) => `${name} [${shape}]`).join(", ")})`,
    specs.map(([label, { shape }]) => ({ label, shape, layout: "map" })),
  );
  const state = {
    tensors: Object.fromEntries(specs.map(([name], i) => [name, kept.tensors[i]!])),
    starts: new Map(specs.map(([, { start = 0 }], i) => [kept.tensors[i]!, start])),
    bytes: specs.length > 0 ? kept.bytes : 0,
  };
  const { views } = options;
  const feed = "capture" in views ? views : makeFeed(device, views, {
    batch: batch / accumulate,
    seed: options.seed,
    draws: method.draws,
  });
  const control = allocate(device, "control", [
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
    { label: "rates", shape: [1, 1, ratesLength(method.schedules)], layout: "map" },
    ...Array.from(
      { length: MOST_TERMS },
      (_, i) => ({ label: `meter ${i}`, shape: [1, 1, 4], layout: "map" as const }),
    ),
    ...(precision === "f16" ? [{ label: "guard", shape: [1, 1, 4], layout: "map" as const }] : []),
  ]);
  const [counters, rates, ...others] = control.tensors as [Tensor, Tensor, ...Tensor[]];
  const meters = others.slice(0, MOST_TERMS), guard = others[MOST_TERMS];
  const updated = {
    parameters,
    rates,
    optimizer: options.optimizer,
    mostBytes: device.facts.bindingBytes,
    ...(guard && { guard }),
  };
  const schedules = scheduled(rates, method.schedules);
  const { mostBytes } = updated;
  /** All that follows the gradients. */
  const finish = (graph: Graph, phase: Phase, clears: boolean) => {
    captureUpdate(graph, { ...updated, clears });
    captureAverages(graph, { parameters, method, schedules, mostBytes, guard });
    if (phase === "method") method.afterUpdate({ graph, schedules, state: state.tensors });
  };
  const record = (phase: Phase, together: boolean): CapturedPhase => {
    const terms = phase === "method" ? method.terms : method.warmUp;
    const graph = new Graph(device.facts.sharing, { addsGradients: accumulate > 1, precision });
    const captured = captureGradients(graph, {
      together,
      networks,
      parameters,
      method: { ...method, terms },
      views: feed.capture(graph),
      state: state.tensors,
      counters,
      rates,
      share: 1 / accumulate,
      ...(guard && { lossScale: options.lossScale ?? LOSS_SCALE }),
      meter(index) {
        const meter = meters[index];
        if (meter) return meter;
        throw new MethodError(`Cannot train by a method with more than ${MOST_TERMS} loss terms`);
      },
    });
    const gradients = { graph, per: "micro-batch" } as const;
    if (accumulate === 1) {
      finish(graph, phase, false);
      return { programs: [gradients], terms: captured };
    }
    const update = { graph: new Graph(device.facts.sharing), per: "step" } as const;
    finish(update.graph, phase, true);
    return { programs: [gradients, update], terms: captured };
  };
  const phase = (name: Phase) => {
    // The passes run together where a kernel can take their joint activations, and bind them whole.
    const joint = withinLimits(() => record(name, true));
    const fits = joint?.programs.every(({ graph }) => bindable(device, graph));
    return joint && fits ? joint : record(name, false);
  };
  const phases = { ...(options.warmUp && { "warm-up": phase("warm-up") }), method: phase("method") };
  return {
    method,
    networks,
    parameters,
    feed,
    state,
    control: { counters, rates, meters, ...(guard && { guard }), bytes: control.bytes },
    phases,
    free() {
      for (const held of [control, kept, feed, parameters]) held.free();
    },
  };
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
