/** A training run on the device: everything captured once, then stepped. @module */
import { type Device, readBack, upload } from "../../kernels/device.ts";
import { DeviceError, ShapeError } from "../../kernels/errors.ts";
import { guardStart, readGuard } from "../../kernels/ops/update/guard_update.ts";
import { readMeter } from "../../kernels/ops/loss/meter.ts";
import { compile, type Program } from "../../kernels/program/program.ts";
import { ALIGNMENT, makeTensor, type Precision } from "../../kernels/tensor.ts";
import { initialize } from "../../models/initialization.ts";
import { networkOf, type Registry } from "../../models/registry.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { UserError } from "../../pipeline/mod.ts";
import type { Views } from "../augment.ts";
import { Inference } from "../evaluation/inference.ts";
import type { BoundMethod, Phase } from "../methods/bound_method.ts";
import type { At } from "../methods/schedule.ts";
import type { Confusion } from "../evaluation/metrics.ts";
import type { NetworkDescription } from "../weights/network.ts";
import type { PerPrediction } from "../evaluation/predictions.ts";
import { ORIGINAL, type Protocol } from "../evaluation/protocols.ts";
import { type CapturedPhase, type CapturedProgram, captureTraining, LOSS_SCALE } from "./capture.ts";
import type { Drawn } from "./feed.ts";
import { planFitting, type Recompute, SettingsError, type TrainingMemory } from "./memory.ts";
import type { Batch } from "./sampler.ts";
import { type OptimizerSettings, ratesLength, SCHEDULES_FROM, updateNumbers } from "./update.ts";

export { SettingsError };

/** A number of the training went out of bounds. */
export class DivergenceError extends UserError {
  override readonly name = "DivergenceError";
}

/** What a session is opened with. */
export interface SessionOptions {
  readonly network: NetworkDescription;
  readonly method: BoundMethod;
  readonly views: Views;
  /** Images of each kind in a step. */
  readonly batch: number;
  readonly seed: number;
  readonly optimizer: OptimizerSettings;
  /** Tensors to start from in place of fresh ones, by their names in the network. */
  readonly pretrained?: StateDict | undefined;
  /** Whether some steps are of the phase `warm-up`; none unless told. */
  readonly warmUp?: boolean;
  /** Micro-batches that a step's images are run in, one after another; must divide the batch; default 1. */
  readonly accumulate?: number;
  /** When outputs of norms are computed again instead of being kept; `when-needed` unless told. */
  readonly recompute?: Recompute;
  /** What activations and their gradients are stored as; f32 unless told. Scores are always made in f32. */
  readonly precision?: Precision;
  /** In f16: what losses are multiplied by before they are differentiated; {@linkcode LOSS_SCALE} unless told. */
  readonly lossScale?: number;
  /** Called with how many updates were left out since the losses were last read, as their gradients overflowed f16. */
  readonly onSkipped?: (updates: number) => void;
  /** Names the images of a step, counted from 0 over the whole run, for messages. */
  readonly samplesOf?: (step: number) => string;
  /** Called while pipelines are compiled. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** Where a run is. */
export interface StepAddress {
  /** `method` unless told. */
  readonly phase?: Phase;
  readonly epoch: number;
  /** Steps taken before this one in the whole run. */
  readonly step: number;
  /** Base learning rate of this step. */
  readonly rate: number;
  /** The same for the method's schedules; where it starts unless told. */
  readonly at?: At;
}

/** An opened session. */
export interface Session {
  /** What it holds on the device, as planned. */
  readonly memory: TrainingMemory;
  /** Runs one optimizer step; does not wait for it. */
  step(batch: Batch, address: StepAddress): void;
  /** Waits for all steps so far. */
  settle(): Promise<void>;
  /** Floats in each array of {@linkcode Session.capture}. */
  readonly capturedLengths: readonly number[];
  /** Waits, and reads all that the steps so far have left on the device: parameters, moments, statistics, running losses. */
  capture(): Promise<readonly Float32Array<ArrayBuffer>[]>;
  /** Puts back what {@linkcode Session.capture} gave: the next step goes on from there to the bit. */
  restore(captured: readonly Float32Array<ArrayBuffer>[]): void;
  /**
   * Waits, and gives each loss term's mean since the last call; to be called before the phase changes.
   * @throws {DivergenceError} If a term was NaN or infinite, naming it, the step, from 1, and its images; or if gradients
   *   overflowed f16 in {@linkcode MOST_SKIPPED} steps in a row.
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

/** Where a method starts. */
const START: At = { step: 0, steps: 1, epoch: 0, epochs: 1, stepsPerEpoch: 1 };

/** Steps in a row whose gradients overflow f16 before a training is given up: single ones are left out, and counted. */
export const MOST_SKIPPED = 10;

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
  const { views, batch, seed, accumulate = 1, warmUp = false, recompute = "when-needed" } = options;
  const { lossScale = LOSS_SCALE } = options;
  const settings = { ...options, accumulate, warmUp, recompute };
  const planned = planFitting(device, settings);
  const captured = captureTraining(device, settings);
  const { networks, method, parameters, feed, control } = captured;
  const { counters, rates, meters, guard } = control;
  if (guard) upload(device, guard, guardStart(lossScale));
  parameters.load(startOf(networks.registry, method, seed, options.pretrained));
  for (const [tensor, start] of captured.state.starts) {
    if (start !== 0) upload(device, tensor, new Float32Array(tensor.bytes / 4).fill(start));
  }
  const open = ({ programs, terms }: CapturedPhase, lender?: Program) => {
    const opened: { readonly program: Program; readonly per: CapturedProgram["per"] }[] = [];
    for (const { graph, per } of programs) {
      const shared = lender ?? opened[0]?.program;
      const program = compile(device, graph, options.onCompile, {
        recompute: planned.repeated > 0,
        lender: shared,
      });
      opened.push({ program, per });
    }
    return { terms, programs: opened };
  };
  const main = open(captured.phases.method);
  const first = captured.phases["warm-up"];
  const phases = { "warm-up": first && open(first, main.programs[0]!.program), method: main };
  const programs = Object.values(phases).flatMap((phase) => phase?.programs ?? []);
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
    ...(guard ? [guard] : []),
    ...Object.values(captured.state.tensors),
  ];
  const inference = new Inference(device, {
    networks,
    tensor: parameters.tensor,
    classes: options.network.classes.names.length,
    predictions: options.network.predictions,
    headline: options.network.headline,
  });

  return {
    memory: planned,
    step(images, { phase = "method", epoch, step, rate, at = START }) {
      const values = new Float32Array(ratesLength(method.schedules));
      values.set(updateNumbers(options.optimizer, { rate, step }));
      Object.entries(method.schedules).forEach(([name, schedule], i) => {
        const value = values[SCHEDULES_FROM + i] = schedule(at, phase);
        if (!Number.isFinite(value)) {
          throw new DivergenceError(
            `Cannot go on training: schedule "${name}" is ${value} at step ${step + 1}`,
          );
        }
      });
      upload(device, rates, values);
      const chosen = phases[phase];
      if (!chosen) throw new Error("Cannot warm up: the session was opened without it");
      current = chosen;
      const size = batch / accumulate, drawn: Drawn = new Map();
      const bring = (from: number) => {
        const part = (places: readonly number[] = []) => places.slice(from, from + size);
        feed.fill(
          { labeled: part(images.labeled), unlabeled: part(images.unlabeled), others: part(images.others) },
          { epoch, step },
          drawn,
        );
        upload(device, counters, Uint32Array.of(seed, epoch, step, from));
      };
      for (const { program, per } of current.programs) {
        if (per === "step") program.run();
        for (let from = 0; per === "micro-batch" && from < batch; from += size) {
          bring(from);
          program.run();
        }
      }
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
      const read = await readBack(device, guard ? [...used, guard] : used);
      const overflow = guard && readGuard(read.pop()!);
      const readings = read.map(readMeter);
      for (const meter of used) upload(device, meter, new Float32Array(4));
      if (overflow) upload(device, guard, guardStart(lossScale, overflow.inARow));
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
            }. Lower the learning rate (co-train.baseRate) or the weights of the method's terms${
              guard ? ", or train in f32 (co-train.precision=f32): f16 holds nothing beyond 65504" : ""
            }`,
        );
      }
      if (overflow && overflow.inARow >= MOST_SKIPPED) {
        throw new DivergenceError(
          `Cannot go on training: in ${overflow.inARow} steps in a row, up to step ${taken}${
            on(taken - 1)
          }, gradients overflowed f16, which holds nothing beyond 65504, and the steps were left out. Lower ` +
            `co-train.lossScale from ${lossScale}, or train in f32 (co-train.precision=f32)`,
        );
      }
      if (overflow && overflow.skipped > 0) options.onSkipped?.(overflow.skipped);
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
      for (const held of [inference, captured]) held.free();
    },
  };
}

/** What a training starts from: fresh or pretrained networks, and averages as copies of theirs. */
function startOf(
  registry: Registry,
  { averages }: BoundMethod,
  seed: number,
  pretrained: StateDict = new Map(),
): StateDict {
  const state: StateDict = new Map([...initialize(registry, seed), ...pretrained]);
  for (const name of [...state.keys()]) {
    const network = networkOf(name), source = averages[network];
    if (source !== undefined) state.set(name, state.get(`${source}${name.slice(network.length)}`)!);
  }
  return state;
}
