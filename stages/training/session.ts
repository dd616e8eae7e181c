/** A training run on the device: everything captured once, then stepped. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack, upload } from "../../kernels/memory.ts";
import { DeviceError, ShapeError } from "../../kernels/errors.ts";
import { ALIGNMENT, makeTensor, type Tensor } from "../../kernels/tensor.ts";
import type { StateDict } from "../../models/state_dict.ts";
import type { Phase } from "../methods/bound_method.ts";
import { Inference } from "../evaluation/inference.ts";
import type { SampleSet } from "../datasets/samples.ts";
import type { Confusion } from "../evaluation/metrics.ts";
import type { PerPrediction } from "../evaluation/predictions.ts";
import { ORIGINAL, type Protocol } from "../evaluation/protocols.ts";
import { type CapturedTraining, captureTraining, isSynchronized } from "./capture.ts";
import { checkWeights } from "./losses.ts";
import { SettingsError } from "./errors.ts";
import { type MemorySettings, planFitting, type TrainingMemory } from "./memory.ts";
import { startFrom, startWeights } from "./start.ts";
import { openStepper, type Stepper, type StepperOptions } from "./stepper.ts";
import { ALONE, membersOf } from "./team/members.ts";

/** Settings that have a default here: one micro-batch, no warm-up, outputs of norms computed again where that is needed. */
type Defaulted = "accumulate" | "warmUp" | "recompute";

/** What a session is opened with. Scores are made in f32, whatever the precision. */
export interface SessionOptions
  extends
    Omit<MemorySettings, Defaulted>,
    Partial<Pick<MemorySettings, Defaulted>>,
    Pick<StepperOptions, "onSkipped" | "samplesOf" | "onCompile" | "team"> {
  /** Tensors to start from in place of fresh ones, by their names in the network. */
  readonly pretrained?: StateDict | undefined;
}

/** An opened session: it takes steps, is scored, and can be gone on from. */
export interface Session extends Pick<Stepper, "step" | "settle" | "losses"> {
  /** What it holds on the device, as planned. */
  readonly memory: TrainingMemory;
  /** Images that a step of each phase is given. */
  readonly imagesOf: Readonly<Record<Phase, number>>;
  /** Floats in each array of {@linkcode Session.snapshot}. */
  readonly snapshotLengths: readonly number[];
  /** Waits, and reads all that the steps so far have left on the device: parameters, moments, statistics, running losses. */
  snapshot(): Promise<readonly Float32Array<ArrayBuffer>[]>;
  /** Puts back what {@linkcode Session.snapshot} gave: the next step goes on from there to the bit. */
  restore(captured: readonly Float32Array<ArrayBuffer>[]): void | Promise<void>;
  /** Scores the current weights on the validation set, or on other images, under a protocol. */
  evaluate(
    signal: AbortSignal,
    protocol?: Protocol,
    progress?: (done: number, total: number) => void,
    samples?: SampleSet,
  ): Promise<PerPrediction<Confusion>>;
  /**
   * Reads the current weights and running statistics.
   * @throws {DivergenceError} If one is NaN or infinite: no loss is read after the last update.
   */
  state(): Promise<StateDict>;
  free(): void | Promise<void>;
}

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
  const { accumulate = 1, warmUp = false, recompute = "when-needed", team } = options;
  const settings = { ...options, accumulate, warmUp, recompute };
  const memory = planFitting(device, { ...settings, share: team });
  const count = isSynchronized(settings) ? accumulate / (team?.size ?? 1) : 1;
  if (count === 1) return openMember(device, { ...settings, memory });
  return sideBySide(
    membersOf(team ?? ALONE, count).map((member, i) => {
      const { onSkipped: _, onCompile: __, ...silent } = settings;
      return openMember(device, { ...(i === 0 ? settings : silent), team: member, memory });
    }),
  );
}

/** Opens what takes the micro-batches of a step, of those that are not taken by others of its team. */
function openMember(
  device: Device,
  options: SessionOptions & Pick<MemorySettings, Defaulted> & Pick<Session, "memory">,
): Session {
  const { network: { classes, predictions, headline }, method, views, seed, pretrained, memory } = options;
  const settings = { ...options, share: options.team };
  const captured = captureTraining(device, settings), { networks, parameters } = captured;
  startFrom(device, captured, startWeights(networks.registry, method, seed, pretrained), settings);
  const stepper = openStepper(device, captured, { ...settings, recompute: memory.repeated > 0 });
  const inference = new Inference(device, {
    networks,
    tensor: parameters.tensor,
    classes: classes.names.length,
    predictions,
    headline,
  });
  const state = carried(captured), { phases } = captured;
  return {
    memory,
    imagesOf: { "warm-up": phases["warm-up"]?.images ?? 0, method: phases.method.images },
    step: stepper.step,
    settle: stepper.settle,
    losses: stepper.losses,
    snapshotLengths: state.map(({ bytes }) => bytes / 4),
    async snapshot() {
      // One by one: together they would take as much again of what the host can reach of the device.
      const captured = [];
      for (const tensor of state) captured.push(...await readBack(device, [tensor]));
      return captured;
    },
    restore(captured) {
      state.forEach((tensor, i) => upload(device, tensor, captured[i]!));
    },
    evaluate(signal, protocol = ORIGINAL, progress, samples = views.validation) {
      return inference.score(samples, {
        protocol,
        signal,
        ...(progress && { progress: (done) => progress(done, samples.length) }),
      });
    },
    async state() {
      const state = await parameters.read();
      checkWeights(state, stepper.names);
      return state;
    },
    free() {
      for (const held of [stepper, inference, captured]) held.free();
    },
  };
}

/** The sessions of members as one: they take steps together, and of what they all come to, the first one tells. */
function sideBySide(members: readonly Session[]): Session {
  const [first] = members as [Session, ...Session[]];
  const all = <T>(ask: (member: Session) => T | Promise<T>) => Promise.all(members.map(ask));
  return {
    ...first,
    step: async (batch, address) => void await all((member) => member.step(batch, address)),
    settle: async () => void await all((member) => member.settle()),
    losses: async () => (await all((member) => member.losses()))[0]!,
    restore: async (captured) => void await all((member) => member.restore(captured)),
    free: async () => void await all((member) => member.free()),
  };
}

/** All that a step leaves to the next one. */
function carried({ parameters, state, control: { meters, guard } }: CapturedTraining): readonly Tensor[] {
  const all = makeTensor({
    label: "meters",
    shape: [meters.length * ALIGNMENT / 4],
    layout: "map",
    home: meters[0]!.home!,
  });
  return [...parameters.state, all, ...(guard ? [guard] : []), ...Object.values(state.tensors)];
}
