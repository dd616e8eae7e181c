/** A training run on the device: everything captured once, then stepped. @module */
import { allocate, type Device, readBack, upload } from "../../kernels/device.ts";
import { DeviceError, ShapeError } from "../../kernels/errors.ts";
import { Graph } from "../../kernels/graph.ts";
import { readMeter } from "../../kernels/ops/meter.ts";
import { bindable, compile } from "../../kernels/program.ts";
import { ALIGNMENT, makeTensor, type Tensor } from "../../kernels/tensor.ts";
import { initialize } from "../../models/initialization.ts";
import { allocateParameters } from "../../models/parameters.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { UserError } from "../../pipeline/mod.ts";
import type { Views } from "../augment.ts";
import { Inference } from "../inference.ts";
import { bindMethod, type BoundMethod, type MethodOptions } from "../methods/mod.ts";
import type { Confusion } from "../metrics.ts";
import { buildBranches, type NetworkDescription } from "../network.ts";
import type { PerPrediction } from "../predictions.ts";
import { ORIGINAL, type Protocol } from "../protocols.ts";
import { makeFeed } from "./feed.ts";
import type { Batch } from "./sampler.ts";
import { captureStep, RATE_INDEX, THRESHOLD_INDEX } from "./step_program.ts";

/** A number of the training went out of bounds. */
export class DivergenceError extends UserError {
  override readonly name = "DivergenceError";
}

/** What the settings ask for does not fit the networks or the device. */
export class SettingsError extends UserError {
  override readonly name = "SettingsError";
}

/** What a session is opened with. */
export interface SessionOptions {
  readonly network: NetworkDescription;
  readonly method: MethodOptions;
  readonly views: Views;
  /** Images of each kind in a step. */
  readonly batch: number;
  readonly seed: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Tensors to start from in place of fresh ones, by their names in the network. */
  readonly pretrained?: StateDict | undefined;
  /** Whether some steps are of the phase `warm-up`; none unless told. */
  readonly warmUp?: boolean;
  /** Names the images of a step, counted from 0 over the whole run, for messages. */
  readonly samplesOf?: (step: number) => string;
  /** Called while pipelines are compiled. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** What a step learns from: labels alone, with the networks of the method, or as the method says. */
export type Phase = "warm-up" | "method";

/** Where a run is. */
export interface StepAddress {
  /** `method` unless told. */
  readonly phase?: Phase;
  readonly epoch: number;
  /** Steps taken before this one in the whole run. */
  readonly step: number;
  /** Learning rates of this step. */
  readonly rates: { readonly backbone: number; readonly head: number };
  /** Confidence threshold of this step, for a method that lets it rise; its start unless told. */
  readonly threshold?: number | undefined;
}

/** An opened session. */
export interface Session {
  readonly memory: {
    readonly workspaceBytes: number;
    readonly parameterBytes: number;
    readonly inputBytes: number;
  };
  /** Runs one optimizer step; does not wait for it. */
  step(batch: Batch, address: StepAddress): void;
  /** Waits for all steps so far. */
  settle(): Promise<void>;
  /** Floats in each array of {@linkcode Session.capture}. */
  readonly capturedLengths: readonly number[];
  /** Waits, and reads all that the steps so far have left on the device: parameters, momenta, statistics, running losses. */
  capture(): Promise<readonly Float32Array<ArrayBuffer>[]>;
  /** Puts back what {@linkcode Session.capture} gave: the next step goes on from there to the bit. */
  restore(captured: readonly Float32Array<ArrayBuffer>[]): void;
  /**
   * Waits, and gives each loss term's mean since the last call; to be called before the phase changes.
   * @throws {DivergenceError} If a term was NaN or infinite, naming it, the step, from 1, and its images.
   */
  losses(): Promise<Record<string, number>>;
  /** Scores the current weights on the validation set, under a protocol. */
  evaluate(signal: AbortSignal, protocol?: Protocol): Promise<PerPrediction<Confusion>>;
  /**
   * Reads the current weights and running statistics.
   * @throws {DivergenceError} If one is NaN or infinite: no loss is read after the last update.
   */
  state(): Promise<StateDict>;
  free(): void;
}

/** Most loss terms a method may have. */
const MOST_TERMS = 32;

/**
 * Allocates, initializes and compiles a training run.
 *
 * @throws {SettingsError} If the settings leave a layer without pixels, or ask for more than the device has.
 */
export function openSession(device: Device, options: SessionOptions): Session {
  try {
    return prepareSession(device, options);
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof DeviceError)) throw error;
    const { views: { policy }, batch, network: { backbone } } = options;
    throw new SettingsError(
      `Cannot train ${backbone} at crop ${policy.crop} in batches of ${batch}: ${error.message}`,
      { cause: error },
    );
  }
}

function prepareSession(device: Device, options: SessionOptions): Session {
  const { network, views, batch, seed } = options;
  const branches = buildBranches(network);
  const method = bindMethod(options.method);
  const parameters = allocateParameters(device, branches.registry, { training: true });
  parameters.load(new Map([...initialize(branches.registry, seed), ...options.pretrained ?? []]));
  const feed = makeFeed(device, views, { batch, seed, strong: method.strongViews });
  const control = allocate(device, "control", [
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
    { label: "rates", shape: [1, 1, 4], layout: "map" },
    ...Array.from(
      { length: MOST_TERMS },
      (_, i) => ({ label: `meter ${i}`, shape: [1, 1, 4], layout: "map" as const }),
    ),
  ]);
  const [counters, rates, ...meters] = control.tensors as [Tensor, Tensor, ...Tensor[]];
  const record = (terms: BoundMethod["terms"], together: boolean) => {
    const graph = new Graph(device.facts.sharing);
    const captured = captureStep(graph, {
      together,
      branches,
      parameters,
      method: { ...method, terms },
      views: feed.capture(graph),
      counters,
      rates,
      momentum: options.momentum,
      weightDecay: options.weightDecay,
      meter: (index) => meters[index]!,
    });
    return { graph, terms: captured };
  };
  const open = (terms: BoundMethod["terms"]) => {
    // The passes run together where a kernel can bind their joint activations.
    const joint = record(terms, true);
    const { graph, terms: captured } = bindable(device, joint.graph) ? joint : record(terms, false);
    return { terms: captured, program: compile(device, graph, options.onCompile) };
  };
  const phases = {
    "warm-up": options.warmUp ? open(bindMethod({ name: "supervised" }).terms) : undefined,
    method: open(method.terms),
  };
  const programs = Object.values(phases).filter((phase) => phase !== undefined);
  let current = phases.method;
  let taken = 0;
  const on = (step: number) => options.samplesOf === undefined ? "" : ` (${options.samplesOf(step)})`;
  const state = [
    ...parameters.state,
    makeTensor({
      label: "meters",
      shape: [meters.length * ALIGNMENT / 4],
      layout: "map",
      home: meters[0]!.home!,
    }),
  ];
  const inference = new Inference(device, {
    branches,
    tensor: parameters.tensor,
    classes: network.classes.names.length,
  });

  return {
    memory: {
      workspaceBytes: programs.reduce((sum, { program }) => sum + program.workspaceBytes, 0),
      parameterBytes: parameters.bytes,
      inputBytes: feed.bytes + control.bytes,
    },
    step(images, { phase = "method", epoch, step, rates: { backbone, head }, threshold }) {
      feed.fill(images, { epoch, step });
      upload(device, counters, Uint32Array.of(seed, epoch, step, 0));
      const values = new Float32Array(4);
      values[RATE_INDEX.backbone] = backbone;
      values[RATE_INDEX.head] = head;
      values[THRESHOLD_INDEX] = threshold ?? method.risingThreshold ?? 0;
      upload(device, rates, values);
      const chosen = phases[phase];
      if (!chosen) throw new Error("Cannot warm up: the session was opened without it");
      current = chosen;
      current.program.run();
      taken = step + 1;
    },
    settle: async () => void await readBack(device, meters.slice(0, 1)),
    capturedLengths: state.map(({ bytes }) => bytes / 4),
    async capture() {
      // One by one: together they might be more than a buffer may hold.
      const captured = [];
      for (const tensor of state) captured.push(...await readBack(device, [tensor]));
      return captured;
    },
    restore(captured) {
      state.forEach((tensor, i) => upload(device, tensor, captured[i]!));
    },
    async losses() {
      const { terms } = current;
      const used = meters.slice(0, terms.length);
      const readings = (await readBack(device, used)).map(readMeter);
      for (const meter of used) upload(device, meter, new Float32Array(4));
      const bad = terms.flatMap(({ name }, i) => {
        const { firstBadStep } = readings[i]!;
        return firstBadStep === undefined ? [] : [{ name, step: firstBadStep }];
      }).sort((a, b) => a.step - b.step);
      if (bad[0]) {
        const also = bad.filter(({ step, name }) => step === bad[0]!.step && name !== bad[0]!.name).map((b) =>
          b.name
        );
        throw new DivergenceError(
          `Cannot go on training: loss term "${bad[0].name}"${
            also.length ? ` (and ${also.join(", ")})` : ""
          } was NaN or ` +
            `infinite at step ${bad[0].step + 1}${
              on(bad[0].step)
            }. Lower the learning rate (co-train.baseRate) or the weights of the method's terms`,
        );
      }
      return Object.fromEntries(
        terms.map(({ name }, i) => [name, readings[i]!.sum / Math.max(1, readings[i]!.count)]),
      );
    },
    evaluate: (signal, protocol = ORIGINAL) => inference.score(views.validation, { protocol, signal }),
    async state() {
      const state = await parameters.read();
      for (const [name, { values }] of state) {
        if (values.every(Number.isFinite)) continue;
        throw new DivergenceError(
          `Cannot keep these weights: "${name}" holds NaN or infinity after step ${taken}${
            on(taken - 1)
          }. Lower the learning rate (co-train.baseRate) or the ` +
            "weights of the method's terms",
        );
      }
      return state;
    },
    free() {
      for (const { program } of programs) program.free();
      for (const held of [inference, control, feed, parameters]) held.free();
    },
  };
}
