/** A case's training: captured, started and stepped as any other, with what a case looks at in reach. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack, upload } from "../../kernels/memory.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { fromDevice } from "../../models/layout.ts";
import type { StateDict } from "../../models/state_dict.ts";
import type { Phase } from "../methods/bound_method.ts";
import type { At } from "../methods/schedule.ts";
import type { Step } from "../methods/step.ts";
import { type CapturedTraining, captureTraining } from "../training/capture.ts";
import { startFrom } from "../training/start.ts";
import type { StepAddress } from "../training/control.ts";
import { type LastTerm, openStepper } from "../training/stepper.ts";
import type { NetworkDescription } from "../weights/network.ts";
import type { CaseSetup, ViewSources } from "./adapter.ts";
import { hashedDropout } from "./dropout.ts";
import { hashedFeed } from "./feed.ts";
import { hashed } from "./inputs.ts";
import { Kept, type Moves, noting } from "./passes.ts";
import { type SeenTensor, seenTensor } from "./seen.ts";
import type { CaseSettings } from "./settings.ts";
import { hashedUniform } from "./uniform.ts";
import { warmStatistics } from "./warm.ts";

/** What is told while a case runs. */
export interface ParityEvents {
  /** A part of the work begins, e.g. `compile`. */
  readonly onPhase?: (name: string) => void;
  /** Called while pipelines are compiled. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** What a probe is opened with. */
export interface ProbeOptions extends ParityEvents {
  readonly settings: CaseSettings;
  readonly setup: CaseSetup;
  readonly network: NetworkDescription;
  /** What the training starts from. */
  readonly weights: StateDict;
}

/** A training on hashed images. */
export interface Probe {
  readonly training: CapturedTraining;
  /** Starts anew from other weights: the first step is the next one. */
  start(weights: StateDict): void;
  /** Takes step `j` of those before the first. */
  warmUpStep(j: number): Promise<readonly LastTerm[]>;
  /** Takes step `t`, in order from 0. */
  step(t: number): Promise<readonly LastTerm[]>;
  /** How often the steps so far have moved each network's running statistics. */
  moves(): ReadonlyMap<string, Moves>;
  /** What the last step has kept, by {@linkcode Kept}'s keys. */
  kept(): Promise<ReadonlyMap<string, SeenTensor>>;
  /** The method's state, by name. */
  state(names?: readonly string[]): Promise<ReadonlyMap<string, SeenTensor>>;
  /** Parameters and statistics of now, in PyTorch's order. */
  parameters(names: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  /** Gradients of the last step, in PyTorch's order. */
  gradients(
    parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
  ): Promise<readonly Float32Array[]>;
  free(): void;
}

/** A step that is to be taken. */
interface Turn {
  readonly t: number;
  readonly views: ViewSources;
  readonly phase: Phase;
  readonly rate: number;
  readonly at: At;
}

/** Brings a case's training to the device. */
export function openProbe(device: Device, options: ProbeOptions): Probe {
  const { settings, setup, network, weights, onPhase, onCompile } = options;
  const { method, optimizer, warmUp, phase = () => "method" } = setup;
  const kept = { method: new Kept(), "warm-up": new Kept() };
  const dropout = hashedDropout(device, settings, setup), uniform = hashedUniform(device, settings, setup);
  const feed = hashedFeed(device, settings, setup);
  const watched =
    (phase: Phase, capture: (step: Step) => ReturnType<typeof method.terms>) => (step: Step) => {
      kept[phase].clear();
      return capture(noting(step, kept[phase], { dropout, uniform }));
    };
  const warms = warmUp !== undefined ||
    Array.from({ length: settings.steps }, (_, t) => phase(t)).includes("warm-up");
  const running = { batch: settings.batch, accumulate: 1, seed: 0, optimizer };
  const training = captureTraining(device, {
    ...running,
    network,
    method: {
      ...method,
      terms: watched("method", method.terms),
      warmUp: watched("warm-up", method.warmUp),
    },
    views: feed,
    warmUp: warms,
  });
  /** Kinds of the steps so far. */
  let taken: Phase[] = [];
  const start = (weights: StateDict) => {
    startFrom(device, training, weights);
    for (const [name, values] of Object.entries(setup.state ?? {})) {
      upload(device, training.state.tensors[name]!, values);
    }
    if (setup.warm) warmStatistics(device, training, network, settings, setup.warm);
    taken = [];
  };
  start(weights);
  onPhase?.("compile");
  const { choice, warmUp: before } = setup, u = (name: string) => hashed(settings.salt, name);
  const choiceNumbers = choice && (({ step }: StepAddress) => choice.numbers(step - (before?.steps ?? 0), u));
  const stepper = openStepper(device, training, { ...running, choiceNumbers, recompute: false, onCompile });

  const read = async (tensors: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, SeenTensor>> => {
    const values = await readBack(device, [...tensors.values()]);
    return new Map([...tensors].map(([name, tensor], i) => [name, seenTensor(tensor, values[i]!)]));
  };
  const readState = (names: readonly string[] = Object.keys(training.state.tensors)) =>
    read(new Map(names.map((name) => [name, training.state.tensors[name]!])));
  const take = async ({ t, views, phase, rate, at }: Turn) => {
    feed.turn(views, t);
    const walks = setup.choice?.walks(t) ?? { labeled: [], unlabeled: [] };
    await stepper.step(walks, { phase, epoch: 0, step: taken.length, rate, at });
    taken.push(phase);
    return await stepper.lastTerms();
  };
  const { total } = settings;
  const atOf = setup.at ??
    ((step: number) => ({ step, steps: total, epoch: 0, epochs: 1, stepsPerEpoch: total }));
  return {
    training,
    start,
    warmUpStep: (j) =>
      take({ t: j, views: warmUp!.views, phase: "warm-up", rate: warmUp!.rate(j), at: atOf(0) }),
    step(t) {
      dropout.fill(t);
      uniform.fill(t);
      return take({ t, views: setup.views, phase: phase(t), rate: setup.rate(t), at: atOf(t) });
    },
    moves() {
      const sums = new Map<string, Moves>();
      for (const phase of taken) {
        for (const [network, { stem, fuse }] of kept[phase].moves) {
          const sum = sums.get(network) ?? { stem: 0, fuse: 0 };
          sums.set(network, { stem: sum.stem + stem, fuse: sum.fuse + fuse });
        }
      }
      return sums;
    },
    kept() {
      const { tensors } = kept[taken.at(-1)!];
      return read(new Map([...tensors].map(([key, tensor]) => [key, stepper.locate(tensor)])));
    },
    state: readState,
    async parameters(names) {
      const { parameters: { tensor }, networks: { registry } } = training;
      const specs = new Map(
        [...registry.parameters, ...registry.statistics].map(({ name, shape }) => [name, shape]),
      );
      const values = await readBack(device, names.map(tensor));
      return new Map(names.map((name, i) => [name, fromDevice(values[i]!, specs.get(name)!)]));
    },
    async gradients(parameters) {
      const values = await readBack(
        device,
        parameters.map(({ name }) => training.parameters.tensor(name).gradient!),
      );
      return parameters.map(({ shape }, i) => fromDevice(values[i]!, shape));
    },
    free() {
      for (const owner of [stepper, training, dropout, uniform]) owner.free();
    },
  };
}
