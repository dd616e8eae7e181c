/** The small training step on our ops. */
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { arenaRange, splitRange } from "../../../kernels/ops/update/arena_ranges.ts";
import { sgd } from "../../../kernels/ops/update/sgd.ts";
import { softmaxCrossEntropy } from "../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { compile } from "../../../kernels/program/program.ts";
import { convolutionLayer, convolutionNormRelu } from "../../../models/layers.ts";
import { initialize } from "../../../models/initialization.ts";
import { allocateParameters } from "../../../models/parameters.ts";
import { type Layer, Registry, within } from "../../../models/registry.ts";
import { store } from "../../support/gpu.ts";
import type { CapturedStep } from "../step/captured_step.ts";
import { sideAfter, smallStepInputs, type SmallStepWork } from "./works.ts";

/** Captures the step; its images and labels stay the same. */
export function captureSmallStep(device: Device, work: SmallStepWork): CapturedStep {
  const start = performance.now();
  const { batch, side, layers, rate, momentum } = work;
  const inputs = smallStepInputs(work);
  const scope = { registry: new Registry(), prefix: "", group: "backbone" as const };
  const modules = layers.map(({ taps: size, ...spec }, i): Layer =>
    i < layers.length - 1
      ? convolutionNormRelu(within(scope, `${i}`), 0, { ...spec, size })
      : convolutionLayer(within(scope, `${i}`), { ...spec, size })
  );
  const parameters = allocateParameters(device, scope.registry, { training: true });
  const weights = scope.registry.parameters.filter(({ shape }) => shape.length === 4);
  const drawn = weights.map(({ name, shape }, i) => [name, { shape, values: inputs.weights[i]! }] as const);
  parameters.load(new Map([...initialize(scope.registry, 1), ...drawn]));
  const end = sideAfter(work, layers.length);
  const memory = allocate(device, "small step", [
    { label: "images", shape: [batch, side, side, 3] },
    { label: "labels", shape: [batch, end, end], dtype: "u32", layout: "map" },
    { label: "rates", shape: [1, 1, 4], layout: "map" },
  ]);
  const [images, labels, rates] = memory.tensors;
  upload(device, images!, store(inputs.images, images!.shape));
  upload(device, labels!, inputs.labels);
  upload(device, rates!, Float32Array.of(rate, 0, 0, 0));

  const graph = new Graph(device.facts.sharing);
  const forward = { graph, training: true, tensor: parameters.tensor, parts: [""] };
  const logits = modules.reduce((x, layer) => layer(forward, x), images!);
  const loss = softmaxCrossEntropy(graph, logits, labels!, { label: "loss", denominator: "valid" });
  graph.keep(loss.value);
  graph.backward(loss.backward(graph, 1), (a, b) => add(graph, a, b));
  for (const { values, gradients, moments: [momenta] } of parameters.ranges) {
    // A small network's arenas are one buffer each, and lie alike.
    for (const range of splitRange(values.start, values.end)) {
      sgd(graph, {
        parameters: arenaRange("parameters", values.buffer, range),
        gradients: arenaRange("gradients", gradients!.buffer, range),
        momenta: arenaRange("momenta", momenta!.buffer, range),
      }, { rates: rates!, rateIndex: 0, momentum, weightDecay: 0 });
    }
  }
  const program = compile(device, graph);
  const value = program.locate(loss.value);
  return {
    program,
    setUp: performance.now() - start,
    bytes: { parameters: parameters.bytes, inputs: memory.bytes },
    images: batch,
    fill: () => {},
    wait: async () => (await readBack(device, [value]))[0]![0]!,
    free() {
      for (const held of [program, memory, parameters]) held.free();
    },
  };
}
