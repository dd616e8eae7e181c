/** One step of a method, captured and run. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack } from "../../kernels/memory.ts";
import type { Graph } from "../../kernels/graph.ts";
import { compile } from "../../kernels/program/program.ts";
import { readMeter } from "../../kernels/ops/loss/meter.ts";
import type { LogitsSize } from "../../kernels/ops/loss/upsampled_logits.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import { initialize } from "../../models/initialization.ts";
import { allocateParameters } from "../../models/parameters.ts";
import { shapesClasses } from "../../stages/datasets/classes.ts";
import type { BoundMethod } from "../../stages/methods/bound_method.ts";
import { captureGradients, type GradientParts, type NamedTerm } from "../../stages/training/step_program.ts";
import { captureUpdate, type UpdateParts } from "../../stages/training/update.ts";
import { buildNetworks } from "../../stages/weights/network.ts";
import { unstore } from "./gpu.ts";

/** What a step is captured with; plain SGD moves the weights. */
export type StepParts = GradientParts & Omit<UpdateParts, "clears" | "optimizer">;

/** A method's networks on the small backbone, with weights of seed 7, to be trained. */
export function allocateNetworks(device: Device, method: BoundMethod, outputStride: 8 | 16) {
  const { networks: variants } = method;
  const networks = buildNetworks({
    backbone: "resnet14",
    outputStride,
    classes: shapesClasses,
    networks: variants,
  });
  const parameters = allocateParameters(device, networks.registry, { training: true });
  parameters.load(initialize(networks.registry, 7));
  return { networks, parameters };
}

/** Captures gradients and update; the loss terms are in the order of their meters. */
export function captureStep(graph: Graph, parts: StepParts): readonly NamedTerm[] {
  const { terms } = captureGradients(graph, parts);
  captureUpdate(graph, { ...parts, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } });
  return terms;
}

/**
 * Runs a step once; gives the losses by term, and what was kept by its name, one number a value.
 *
 * @param kept Tensors that the method's passes leave, to be filled while the step is captured.
 */
export async function runStep(
  device: Device,
  graph: Graph,
  parts: Omit<StepParts, "meter"> & {
    readonly meters: readonly Tensor[];
    readonly kept: ReadonlyMap<string, Tensor>;
  },
) {
  const { meters, kept } = parts;
  const terms = captureStep(graph, { ...parts, meter: (i) => meters[i]! });
  const program = compile(device, graph);
  program.run();
  const read = await readBack(device, [...meters, ...[...kept.values()].map((t) => program.locate(t))]);
  const losses = Object.fromEntries(terms.map(({ name }, i) => [name, readMeter(read[i]!).last]));
  const logits = Object.fromEntries(
    [...kept].map(([name, { shape }], i) => [name, unstore(read[meters.length + i]!, shape)]),
  );
  program.free();
  return { terms, losses, logits };
}

/** The op that made a tensor, its inputs in the same manner, down to what the step was given. */
export function source(graph: Graph, tensor: Tensor): string {
  const made = graph.dispatches.find(({ writes }) => writes.includes(tensor));
  if (!made) return tensor.label;
  const inputs = made.reads.map((read) => source(graph, read));
  const output = made.writes.length > 1 ? `[${made.writes.indexOf(tensor)}]` : "";
  return `${made.kernel.name}${output}(${inputs.join(", ")})`;
}

/** A prediction of no network, of these scores and features; its taps are the features, too. */
export function predictionOf(logits: Tensor, values: Tensor, size: LogitsSize): Prediction {
  const taps = { kind: "taps", low: values, middle: values, high: values, size } as const;
  return { logits, size, features: { kind: "features", values, taps, size }, heads: {} };
}
