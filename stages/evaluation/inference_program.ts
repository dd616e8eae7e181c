/** Networks on images of one size, under a protocol, as one captured program. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate } from "../../kernels/memory.ts";
import { DeviceError, KernelError, ShapeError } from "../../kernels/errors.ts";
import { Graph } from "../../kernels/graph.ts";
import { add } from "../../kernels/ops/feature/add.ts";
import { addProbabilities } from "../../kernels/ops/label/add_probabilities.ts";
import { argMax } from "../../kernels/ops/label/arg_max.ts";
import { clear } from "../../kernels/ops/feature/clear.ts";
import { confusion } from "../../kernels/ops/label/confusion.ts";
import { nearest } from "../../kernels/ops/view/nearest.ts";
import { normalize } from "../../kernels/ops/view/normalize.ts";
import { stretchImage } from "../../kernels/ops/view/stretch_image.ts";
import { compile, type Program } from "../../kernels/program/program.ts";
import { padded, type Tensor } from "../../kernels/tensor.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import type { Networks } from "../../models/networks.ts";
import { forPredictions, type PerPrediction, type Predictions } from "./predictions.ts";
import type { ProtocolPlan } from "./protocols.ts";
import type { ImageSize } from "../datasets/samples.ts";

/** Networks with weights that lie on a device. */
export interface BoundNetwork {
  readonly networks: Pick<Networks, "byName">;
  /** Parameters and statistics by name. */
  readonly tensor: (name: string) => Tensor;
  /** How many classes there are. */
  readonly classes: number;
  readonly predictions: Predictions;
  /** The prediction whose confidence is told. */
  readonly headline: string;
}

/** A program for some images of one size. */
export interface Captured {
  readonly program: Program;
  readonly plan: ProtocolPlan;
  /** Packed pixels of each window, [N, h, w]. */
  readonly windows: readonly Tensor[];
  /** The scored part, from top to bottom. */
  readonly bands: readonly Band[];
  free(): void;
}

/** Rows of the scored part: a map of all its class probabilities may be larger than a kernel can bind. */
export interface Band {
  /** First row, from the top of the scored part. */
  readonly y: number;
  readonly height: number;
  readonly truth: Tensor;
  readonly labels: PerPrediction<Tensor>;
  readonly confidence: Tensor;
}

/** Divides rows into bands of `most` rows, the last of what is left. */
export function rowBands(rows: number, most: number): { y: number; height: number }[] {
  const height = Math.max(1, most);
  return Array.from({ length: Math.ceil(rows / height) }, (_, i) => ({
    y: i * height,
    height: Math.min(height, rows - i * height),
  }));
}

/** What a program is captured for. */
export interface CaptureOptions {
  readonly network: BoundNetwork;
  readonly plan: ProtocolPlan;
  /** Images of a launch, all of the plan's size. */
  readonly count: number;
  /** Confusion matrices that the pixels are added to. */
  readonly matrices: PerPrediction<Tensor>;
  /** The largest map that a kernel is given, bytes. */
  readonly mostBytes: number;
}

/**
 * Captures a plan's windows one after another, and what is made of them; weights are read at each run.
 *
 * @throws {DeviceError} If a map of one window or image is larger than the device or a kernel takes.
 */
export function captureProtocol(device: Device, options: CaptureOptions): Captured {
  const { plan, count, matrices, mostBytes, network: { classes, predictions, headline } } = options;
  const names = Object.keys(predictions);
  const { width, height } = plan.scored;
  const map = (label: string, size: ImageSize) => ({
    label,
    shape: [count, size.height, size.width],
    dtype: "u32" as const,
    layout: "map" as const,
  });
  const rowBytes = 4 * count * width * padded(classes);
  const parts = plan.sums ? rowBands(height, Math.floor(mostBytes / rowBytes)) : [{ y: 0, height }];
  const inputs = allocate(device, "evaluated images", [
    ...plan.windows.map((window, i) => map(`window ${i}`, window)),
    ...parts.map((part, i) => map(`truth ${i}`, { width, height: part.height })),
  ]);
  const windows = inputs.tensors.slice(0, plan.windows.length);
  const truths = inputs.tensors.slice(plan.windows.length);
  try {
    const graph = new Graph(device.facts.sharing);
    const { scored, stretchedTo: square } = plan;
    const seen = (window: Tensor) => square ? stretchImage(graph, window, square) : window;
    const back = (map: Tensor) => graph.keep(square ? nearest(graph, map, scored) : map);
    const scores = plan.sums
      ? summed(graph, options, windows, parts)
      : [logits(graph, options, seen(windows[0]!))];
    const bands = parts.map((part, b): Band => {
      const found = forPredictions(names, (name) =>
        argMax(graph, scores[b]![name]!, {
          // Sums of probabilities are no logits: they are read as they are.
          ...(plan.sums
            ? { confidence: "logit" }
            : { confidence: "probability", scale: scaleOf(predictions, name), size: square ?? scored }),
        }));
      const labels = forPredictions(names, (name) => back(found[name]!.labels));
      for (const name of names) confusion(graph, labels[name]!, truths[b]!, matrices[name]!, { classes });
      return { ...part, truth: truths[b]!, labels, confidence: back(found[headline]!.confidence) };
    });
    const program = compile(device, graph);
    return {
      program,
      plan,
      windows,
      bands,
      free() {
        program.free();
        inputs.free();
      },
    };
  } catch (error) {
    inputs.free();
    throw explain(error, device, plan);
  }
}

/** Where a map is too large for the device or a kernel, says what is smaller. */
function explain(error: unknown, device: Device, { windows, stretchedTo }: ProtocolPlan): unknown {
  const isLimit = error instanceof DeviceError || error instanceof KernelError || error instanceof ShapeError;
  if (!isLimit) return error;
  device.check(); // A device that is lost cannot be helped by smaller windows.
  const { width, height } = stretchedTo ?? windows[0]!;
  return new DeviceError(
    `Cannot predict ${width} × ${height} pixels at once: ${error.message}. A protocol with smaller windows takes less ` +
      "memory, as sliding_window with a crop of 512",
    { cause: error },
  );
}

/** What makes logits of what {@linkcode logits} gives. */
function scaleOf(predictions: Predictions, name: string): number {
  return 1 / predictions[name]!.length;
}

/** Logits of each prediction of one network, as that stores them; of one of several, their sum. */
export function logits(
  graph: Graph,
  { network }: Pick<CaptureOptions, "network">,
  image: Tensor,
): PerPrediction<Tensor> {
  const { networks: { byName }, predictions, tensor } = network;
  const used = new Set(Object.values(predictions).flat());
  const of = graph.withoutGradients(() => {
    const forward = { graph, training: false, tensor, parts: ["evaluation"] };
    const normalized = normalize(graph, image);
    const names = Object.keys(byName).filter((name) => used.has(name));
    return new Map(names.map((name) => [name, predict(byName[name]!, forward, normalized)[0]!.logits]));
  });
  return forPredictions(
    Object.keys(predictions),
    (name) => predictions[name]!.map((network) => of.get(network)!).reduce((a, b) => add(graph, a, b)),
  );
}

/** Softmax probabilities summed over the windows, of each band; of several networks those of the mean logits. */
function summed(
  graph: Graph,
  options: CaptureOptions,
  windows: readonly Tensor[],
  bands: readonly { readonly y: number; readonly height: number }[],
): PerPrediction<Tensor>[] {
  const { plan, count, network: { classes, predictions } } = options;
  const names = Object.keys(predictions);
  const totals = bands.map(({ height }, b) =>
    forPredictions(names, (name) => {
      const shape = [count, height, plan.scored.width, classes];
      const sums = graph.tensor({ label: `probabilities of ${name}, band ${b}`, shape });
      clear(graph, sums);
      return sums;
    })
  );
  windows.forEach((window, i) => {
    const scores = logits(graph, options, window);
    const x = plan.windows[i]!.x - plan.scored.x, y = plan.windows[i]!.y - plan.scored.y;
    bands.forEach((band, b) => {
      for (const name of names) {
        addProbabilities(graph, scores[name]!, totals[b]![name]!, {
          x,
          y: y - band.y,
          scale: scaleOf(predictions, name),
          size: plan.windows[i]!,
        });
      }
    });
  });
  return totals;
}
