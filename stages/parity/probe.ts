/** A case's training: captured, started and stepped as any other, with what a case looks at in reach. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack } from "../../kernels/memory.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { fromDevice } from "../../models/layout.ts";
import type { ParameterSpec } from "../../models/registry.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { type CapturedTraining, captureTraining } from "../training/capture.ts";
import { startFrom } from "../training/start.ts";
import { type LastTerm, openStepper } from "../training/stepper.ts";
import type { NetworkDescription } from "../weights/network.ts";
import type { CaseSetup } from "./adapter.ts";
import { hashedDropout } from "./dropout.ts";
import { hashedFeed } from "./feed.ts";
import { noting } from "./passes.ts";
import type { CaseSettings } from "./settings.ts";

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
  /** Starts anew from other weights: step 0 is the next one. */
  start(weights: StateDict): void;
  /** Takes step `t`, in order from 0. */
  step(t: number): Promise<readonly LastTerm[]>;
  /** Passes of a step, as "network pass". */
  readonly passes: readonly string[];
  /** Logits of a pass of the last step, [B, S, S, C] as the device stores them. */
  logits(pass: string): Promise<Float32Array>;
  /** Of the last step, in PyTorch's order. */
  gradients(parameters: readonly ParameterSpec[]): Promise<readonly Float32Array[]>;
  free(): void;
}

/** Brings a case's training to the device. */
export function openProbe(device: Device, options: ProbeOptions): Probe {
  const { settings, setup, network, weights, onPhase, onCompile } = options;
  const { method, optimizer } = setup;
  const kept = new Map<string, Tensor>();
  const dropout = hashedDropout(device, settings, setup);
  const training = captureTraining(device, {
    network,
    method: {
      ...method,
      terms(step) {
        kept.clear();
        return method.terms(noting(step, kept, dropout));
      },
    },
    views: hashedFeed(device, settings, setup),
    batch: settings.batch,
    accumulate: 1,
    seed: 0,
    optimizer,
    warmUp: false,
  });
  startFrom(device, training, weights);
  onPhase?.("compile");
  const stepper = openStepper(device, training, {
    batch: settings.batch,
    accumulate: 1,
    seed: 0,
    optimizer,
    recompute: false,
    onCompile,
  });
  return {
    training,
    start: (weights) => startFrom(device, training, weights),
    async step(t) {
      dropout.fill(t);
      const at = { step: t, steps: settings.total, epoch: 0, epochs: 1, stepsPerEpoch: settings.total };
      await stepper.step({ labeled: [], unlabeled: [] }, { epoch: 0, step: t, rate: setup.rate(t), at });
      return await stepper.lastTerms();
    },
    passes: [...kept.keys()],
    async logits(pass) {
      const found = kept.get(pass);
      if (!found) throw new Error(`Cannot read logits: no pass is "${pass}"`);
      const [read] = await readBack(device, [stepper.locate(found)]);
      return read!;
    },
    async gradients(parameters) {
      const read = await readBack(
        device,
        parameters.map(({ name }) => training.parameters.tensor(name).gradient!),
      );
      return parameters.map(({ shape }, i) => fromDevice(read[i]!, shape));
    },
    free() {
      for (const owner of [stepper, training, dropout]) owner.free();
    },
  };
}
