/** Training steps with their programs in reach, as a training session captures them. */
import type { Device } from "../../../kernels/device.ts";
import { readBack, upload } from "../../../kernels/memory.ts";
import { DeviceError } from "../../../kernels/errors.ts";
import { guardStart } from "../../../kernels/ops/update/guard_update.ts";
import { compile, type Program } from "../../../kernels/program/program.ts";
import type { Precision } from "../../../kernels/tensor.ts";
import { initialize } from "../../../models/initialization.ts";
import type { BackboneName } from "../../../models/resnet.ts";
import { pascalClasses } from "../../../stages/datasets/classes.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { captureTraining } from "../../../stages/training/capture.ts";
import { LOSS_SCALE } from "../../../stages/training/config/config.ts";
import { type OptimizerSettings, updateNumbers } from "../../../stages/training/update.ts";
import { bound } from "../../support/training.ts";
import { captureSmallStep } from "../contest/small_step.ts";
import { trainingViews } from "./training_views.ts";
import { smallStepWork } from "../contest/works.ts";

/** A CCVC step. */
export interface CcvcStep {
  readonly backbone: BackboneName;
  readonly crop: number;
  /** Labeled images of a step, and as many unlabeled ones. */
  readonly batch: number;
  /** Of unlabeled images. */
  readonly views: "weak" | "strong";
  /** What activations are stored as; f32 unless told. */
  readonly precision?: Precision;
}

const optimizer: OptimizerSettings = { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 };

/** Which step: the small one of works.ts, or CCVC's. */
export type StepChoice = "small" | CcvcStep;

/** A step that is ready to run. */
export interface CapturedStep {
  readonly program: Program;
  /** Milliseconds to initialize, capture and compile. */
  readonly setUp: number;
  readonly bytes: { readonly parameters: number; readonly inputs: number };
  /** Images that a step learns from. */
  readonly images: number;
  /** Draws the views of a step and uploads; `program` runs it: as a training session does. */
  fill(number: number): void;
  /** Waits as a training session does: by reading a loss. */
  wait(): Promise<number>;
  free(): void;
}

/** Allocates, initializes and compiles a step. */
export function capture(device: Device, choice: StepChoice): CapturedStep {
  return choice === "small" ? captureSmallStep(device, smallStepWork) : captureCcvc(device, choice);
}

/** A step in words. */
export function describeStep(choice: StepChoice): string {
  if (choice === "small") return "the small step: 3 × (convolution, batch norm, ReLU), classifier";
  const { backbone, crop, batch, views, precision } = choice;
  return `CCVC, ${backbone}, crop ${crop}, ${batch} + ${batch} images, ${views} views` +
    (precision === "f16" ? ", activations in f16" : "");
}

function captureCcvc(
  device: Device,
  { backbone, crop, batch, views: kind, precision = "f32" }: CcvcStep,
): CapturedStep {
  if (precision === "f16" && !device.facts.features.includes("shader-f16")) {
    throw new DeviceError(`Cannot measure f16: "${device.facts.name}" does not grant shader-f16`);
  }
  const views = trainingViews(crop, batch);
  const start = performance.now();
  const method = bound(ccvc({ augmentation: kind }));
  const { networks, predictions, headline } = method;
  const captured = captureTraining(device, {
    network: { backbone, outputStride: 16, networks, predictions, headline, classes: pascalClasses },
    method,
    views,
    batch,
    accumulate: 1,
    seed: 1,
    optimizer,
    warmUp: false,
    precision,
  });
  const { parameters, feed, control: { counters, rates, meters, guard, bytes } } = captured;
  parameters.load(initialize(captured.networks.registry, 1));
  if (guard) upload(device, guard, guardStart(LOSS_SCALE));
  upload(device, rates, Float32Array.from(updateNumbers(optimizer, { rate: 1e-3, step: 0 })));
  const program = compile(device, captured.phases.method.programs[0].graph);
  const all = Array.from({ length: batch }, (_, i) => i);
  return {
    program,
    setUp: performance.now() - start,
    bytes: { parameters: parameters.bytes, inputs: feed.bytes + bytes },
    images: 2 * batch,
    fill(number) {
      feed.fill({ labeled: all, unlabeled: all }, { epoch: 0, step: number });
      upload(device, counters, Uint32Array.of(1, 0, number, 0));
    },
    wait: async () => (await readBack(device, [meters[0]!]))[0]![2]!,
    free() {
      program.free();
      captured.free();
    },
  };
}
