/** What a training starts from. @module */
import type { Device } from "../../kernels/device.ts";
import { upload } from "../../kernels/memory.ts";
import { guardStart } from "../../kernels/ops/update/guard_update.ts";
import { RandomStream } from "../../kernels/random.ts";
import { initialize } from "../../models/initialization.ts";
import type { Parameters } from "../../models/parameters.ts";
import { networkOf, type Registry } from "../../models/registry.ts";
import type { StateDict } from "../../models/state_dict.ts";
import type { BoundMethod } from "../methods/bound_method.ts";
import type { CapturedTraining, CaptureOptions } from "./capture.ts";
import { LOSS_SCALE } from "./config/config.ts";

/**
 * Fresh or pretrained networks, with second copies of norms as the first where no others are given, and averages as copies of
 * theirs, unless they start as their own.
 */
export function startWeights(
  registry: Registry,
  { averages, ownStarts, randomStarts }: Pick<BoundMethod, "averages" | "ownStarts" | "randomStarts">,
  seed: number,
  pretrained: StateDict = new Map(),
): StateDict {
  const taken = [...pretrained].filter(([name]) => !randomStarts.has(networkOf(name)));
  const weights: StateDict = new Map([...initialize(registry, seed), ...taken]);
  for (const { name, startsAs } of [...registry.parameters, ...registry.statistics]) {
    if (startsAs !== undefined && !pretrained.has(name)) weights.set(name, weights.get(startsAs)!);
  }
  for (const name of [...weights.keys()]) {
    const network = networkOf(name), source = averages[network];
    if (source === undefined || ownStarts.has(network)) continue;
    weights.set(name, weights.get(`${source}${name.slice(network.length)}`)!);
  }
  return weights;
}

/**
 * Brings a training to its start, whatever it has done before: weights and running statistics as given, and kept apart where
 * weight decay pulls to them, moments zero, the method's state as it says.
 *
 * @param options.lossScale In f16: what losses are multiplied by before they are differentiated.
 * @param options.classWeights As it was captured with.
 * @param options.seed Of what of the state starts at random; 0 unless told.
 */
export function startFrom(
  device: Device,
  { parameters, state, control: { guard, classWeights } }: CapturedTraining,
  weights: StateDict,
  { lossScale = LOSS_SCALE, classWeights: perClass = [], seed = 0 }: Partial<
    Pick<CaptureOptions, "seed" | "classWeights" | "lossScale">
  > = {},
): void {
  parameters.load(weights);
  const encoder = device.gpu.createCommandEncoder();
  for (const { buffer, start, end } of parameters.ranges.flatMap(({ moments }) => moments)) {
    encoder.clearBuffer(buffer, start, end - start);
  }
  device.gpu.queue.submit([encoder.finish()]);
  keepStart(device, parameters);
  for (const [tensor, start] of state.starts) {
    const values = new Float32Array(tensor.bytes / 4);
    const stream = new RandomStream({ seed, stream: `state/${tensor.label}` });
    upload(device, tensor, start === "uniform" ? values.map(() => stream.uniform()) : values.fill(start));
  }
  if (classWeights) upload(device, classWeights, Float32Array.from(perClass));
  if (guard) upload(device, guard, guardStart(lossScale));
}

/** Takes down the weights as they are, where there is room: what weight decay may pull to. */
export function keepStart(device: Device, { ranges }: Pick<Parameters, "ranges">): void {
  const encoder = device.gpu.createCommandEncoder();
  for (const { values, start } of ranges) {
    if (!start) continue;
    const bytes = values.end - values.start;
    encoder.copyBufferToBuffer(values.buffer, values.start, start.buffer, start.start, bytes);
  }
  device.gpu.queue.submit([encoder.finish()]);
}
