/** Training steps with their programs in reach, as a training session captures them. */
import { allocate, type Device, readBack, upload } from "../../kernels/device.ts";
import { Graph } from "../../kernels/graph.ts";
import { compile, type Program } from "../../kernels/program.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { initialize } from "../../models/initialization.ts";
import { allocateParameters } from "../../models/parameters.ts";
import type { BackboneName } from "../../models/resnet.ts";
import { pascalClasses } from "../../stages/datasets/classes.ts";
import { ccvcOptions } from "../../stages/methods/ccvc.ts";
import { bindMethod } from "../../stages/methods/mod.ts";
import { buildBranches } from "../../stages/network.ts";
import { makeFeed } from "../../stages/training/feed.ts";
import { captureStep, RATE_INDEX } from "../../stages/training/step_program.ts";
import { captureSmallStep } from "./small_step.ts";
import { trainingViews } from "./training_views.ts";
import { smallStepWork } from "./works.ts";

/** A CCVC step. */
export interface CcvcStep {
  readonly backbone: BackboneName;
  readonly crop: number;
  /** Labeled images of a step, and as many unlabeled ones. */
  readonly batch: number;
  /** Of unlabeled images. */
  readonly views: "weak" | "strong";
}

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
  const { backbone, crop, batch, views } = choice;
  return `CCVC, ${backbone}, crop ${crop}, ${batch} + ${batch} images, ${views} views`;
}

function captureCcvc(device: Device, { backbone, crop, batch, views: kind }: CcvcStep): CapturedStep {
  const views = trainingViews(crop, batch);
  const start = performance.now();
  const method = bindMethod(ccvcOptions.parse({ name: "ccvc", augmentation: kind }));
  const branches = buildBranches({
    backbone,
    outputStride: 16,
    mappings: [method.mappings[0] ?? null, method.mappings[1] ?? null],
    classes: pascalClasses,
  });
  const parameters = allocateParameters(device, branches.registry, { training: true });
  parameters.load(initialize(branches.registry, 1));
  const feed = makeFeed(device, views, { batch, seed: 1, strong: method.strongViews });
  const map = (label: string, dtype: "f32" | "u32" = "f32") =>
    ({ label, shape: [1, 1, 4], dtype, layout: "map" }) as const;
  const control = allocate(device, "control", [
    map("counters", "u32"),
    map("rates"),
    ...Array.from({ length: 32 }, (_, i) => map(`meter ${i}`)),
  ]);
  const [counters, rates, ...meters] = control.tensors as [Tensor, Tensor, ...Tensor[]];
  const graph = new Graph(device.facts.sharing);
  const rate = new Float32Array(4);
  rate[RATE_INDEX.backbone] = rate[RATE_INDEX.head] = 1e-3;
  upload(device, rates, rate);
  captureStep(graph, {
    branches,
    parameters,
    method,
    views: feed.capture(graph),
    counters,
    rates,
    momentum: 0.9,
    weightDecay: 1e-4,
    meter: (index) => meters[index]!,
  });
  const program = compile(device, graph);
  const all = Array.from({ length: batch }, (_, i) => i);
  return {
    program,
    setUp: performance.now() - start,
    bytes: { parameters: parameters.bytes, inputs: feed.bytes + control.bytes },
    images: 2 * batch,
    fill(number) {
      feed.fill({ labeled: all, unlabeled: all }, { epoch: 0, step: number });
      upload(device, counters, Uint32Array.of(1, 0, number, 0));
    },
    wait: async () => (await readBack(device, [meters[0]!]))[0]![2]!,
    free() {
      for (const held of [program, control, feed, parameters]) held.free();
    },
  };
}
