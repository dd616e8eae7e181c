/** The predictions of networks, in evaluation mode, under any protocol. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate, asUint32, readBack, upload } from "../../kernels/memory.ts";
import { Graph } from "../../kernels/graph.ts";
import { clear } from "../../kernels/ops/feature/clear.ts";
import { compile, type Program } from "../../kernels/program/program.ts";
import { allocateParameters } from "../../models/parameters.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { ignoreIndex } from "../datasets/classes.ts";
import { type BoundNetwork, type Captured, captureProtocol } from "./inference_program.ts";
import type { Confusion } from "./metrics.ts";
import { buildNetworks, type NetworkDescription } from "../weights/network.ts";
import { cropPixels, packRgb } from "../datasets/pixels.ts";
import { forPredictions, type PerPrediction } from "./predictions.ts";
import { coverage, ORIGINAL, type Protocol, protocolLabel, protocolPlan } from "./protocols.ts";
import type { ImageSize, SampleSet } from "../datasets/samples.ts";

/** What is predicted for an image: of each pixel that the protocol scores, row by row. */
export interface PredictedLabels {
  readonly labels: PerPrediction<Uint8Array>;
  /** Largest softmax probability of the headline's logits, [0, 1], per pixel; its mean over windows, where they overlap. */
  readonly confidence: Float32Array;
}

/** Pixels of one launch at most: small images share one, large ones come alone. */
const PIXELS_AT_ONCE = 2 ** 16;
/**
 * Pixels that are launched before the device is waited for and its counts are taken: often enough that no work piles up, that
 * the user can stop it, and that counts of 32 bits never run over; seldom enough that 10 ms of waiting do not matter.
 */
const PIXELS_AHEAD = 2 ** 20;
/** Programs kept for sizes that come again. */
const PROGRAMS_KEPT = 6;

/** Predicts and scores with weights that lie on a device; whatever they are at the time of the call. */
export class Inference {
  readonly #programs = new Map<string, Captured>();
  /** Names of the predictions. */
  readonly #names: readonly string[];
  readonly #matrices: ReturnType<typeof allocate>;
  readonly #reset: Program;

  /**
   * @param network Its networks, parameters and predictions by name, and its classes.
   * @param mostBytes The largest map that a kernel is given: what the device can bind.
   */
  constructor(
    private readonly device: Device,
    private readonly network: BoundNetwork,
    private readonly mostBytes: number = device.gpu.limits.maxStorageBufferBindingSize,
  ) {
    const { classes, predictions } = network;
    this.#names = Object.keys(predictions);
    this.#matrices = allocate(
      device,
      "confusion",
      this.#names.map((label) => ({
        label,
        shape: [1, classes, classes],
        dtype: "u32" as const,
        layout: "map" as const,
      })),
    );
    const graph = new Graph(device.facts.sharing);
    for (const matrix of this.#matrices.tensors) clear(graph, matrix);
    this.#reset = compile(device, graph);
  }

  /** Counts the pixels of a labeled set by truth and prediction; pixels labeled 255 are left out. */
  async score(
    samples: SampleSet,
    { protocol = ORIGINAL, signal, progress }: {
      protocol?: Protocol;
      signal?: AbortSignal;
      progress?: (done: number) => void;
    } = {},
  ): Promise<PerPrediction<Confusion>> {
    const { classes } = this.network;
    const sums = forPredictions(this.#names, () => new Float64Array(classes ** 2));
    let ahead = 0;
    this.#reset.run();
    for (let first = 0; first < samples.length;) {
      signal?.throwIfAborted();
      const size = samples.size(first), { stretchedTo = size } = protocolPlan(protocol, size);
      // Of the image, whose pixels are counted, or of what the networks see of it.
      const pixels = Math.max(size.width * size.height, stretchedTo.width * stretchedTo.height);
      const most = Math.max(1, Math.floor(PIXELS_AT_ONCE / pixels));
      let count = 1;
      while (count < most && first + count < samples.length && same(size, samples.size(first + count))) {
        count++;
      }
      const captured = this.#captured(count, size, protocol);
      const numbers = Array.from({ length: count }, (_, i) => first + i);
      this.#uploadImages(captured, size, numbers.map((i) => samples.image(i)));
      const masks = numbers.map((i) => samples.mask(i));
      for (const { y, height, truth } of captured.bands) {
        const { scored } = captured.plan;
        const rows = { ...scored, y: scored.y + y, height };
        const labels = masks.map((mask) => cropPixels(mask, size, rows));
        const words = new Uint32Array(count * rows.width * height);
        labels.forEach((part, i) => words.set(part, i * part.length));
        upload(this.device, truth, words);
      }
      captured.program.run();
      first += count;
      ahead += count * pixels;
      if (ahead >= PIXELS_AHEAD || first === samples.length) {
        await this.#takeCounts(sums);
        ahead = 0;
      }
      progress?.(first);
    }
    return forPredictions(this.#names, (name) => ({ classes, matrix: sums[name]! }));
  }

  /** Adds what the device counted, and lets it begin anew. */
  async #takeCounts(sums: PerPrediction<Float64Array>): Promise<void> {
    const read = await readBack(this.device, this.#matrices.tensors);
    this.#names.forEach((name, i) => {
      const counts = asUint32(read[i]!), sum = sums[name]!;
      sum.forEach((_, cell) => sum[cell]! += counts[cell]!);
    });
    this.#reset.run();
  }

  /**
   * Labels one image.
   *
   * @param image height × width × 3, RGB, 0–255.
   * @param protocol Under a center crop, the pixels of the crop are labeled and no others.
   */
  async predict(image: Uint8Array, size: ImageSize, protocol: Protocol = ORIGINAL): Promise<PredictedLabels> {
    const captured = this.#captured(1, size, protocol);
    const { program, plan, bands } = captured;
    const { width, height } = plan.scored;
    this.#uploadImages(captured, size, [image]);
    for (const band of bands) {
      // No truth, so nothing is counted.
      upload(this.device, band.truth, new Uint32Array(width * band.height).fill(ignoreIndex));
    }
    program.run();
    const wanted = bands.flatMap(({ labels, confidence }) => [
      ...this.#names.map((name) => labels[name]!),
      confidence,
    ]);
    const read = await readBack(this.device, wanted.map((tensor) => program.locate(tensor)));
    const labels = forPredictions(this.#names, () => new Uint8Array(width * height));
    const confidence = new Float32Array(width * height);
    for (const band of bands) {
      const at = band.y * width, pixels = band.height * width;
      for (const name of this.#names) labels[name]!.set(asUint32(read.shift()!).subarray(0, pixels), at);
      confidence.set(read.shift()!.subarray(0, pixels), at);
    }
    if (plan.sums) coverage(plan).forEach((windows, i) => confidence[i]! /= windows);
    return { labels, confidence };
  }

  free(): void {
    for (const captured of this.#programs.values()) captured.free();
    this.#programs.clear();
    this.#reset.free();
    this.#matrices.free();
  }

  #uploadImages({ plan, windows }: Captured, size: ImageSize, images: readonly Uint8Array[]): void {
    windows.forEach((tensor, i) => upload(this.device, tensor, packRgb(images, size, plan.windows[i]!)));
  }

  #captured(count: number, size: ImageSize, protocol: Protocol): Captured {
    const key = `${protocolLabel(protocol)} ${count} × ${size.height} × ${size.width}`;
    const found = this.#programs.get(key) ?? captureProtocol(this.device, {
      network: this.network,
      plan: protocolPlan(protocol, size),
      count,
      mostBytes: this.mostBytes,
      matrices: Object.fromEntries(this.#matrices.tensors.map((matrix) => [matrix.label, matrix])),
    });
    // Set again, so that the map's first entry is the one unused for longest.
    this.#programs.delete(key);
    this.#programs.set(key, found);
    if (this.#programs.size > PROGRAMS_KEPT) {
      const [oldest, captured] = this.#programs.entries().next().value!;
      captured.free();
      this.#programs.delete(oldest);
    }
    return found;
  }
}

/** Loads a checkpoint to a device for inference. */
export async function openInference(
  device: Device,
  checkpoint: Checkpoint,
): Promise<{ network: NetworkDescription; inference: Inference; free(): void }> {
  const { network, state } = await checkpoint.read();
  const networks = buildNetworks(network);
  const parameters = allocateParameters(device, networks.registry, { training: false });
  parameters.load(state);
  const inference = new Inference(device, {
    networks,
    tensor: parameters.tensor,
    classes: network.classes.names.length,
    predictions: network.predictions,
    headline: network.headline,
  });
  return {
    network,
    inference,
    free() {
      inference.free();
      parameters.free();
    },
  };
}

function same(a: ImageSize, b: ImageSize): boolean {
  return a.width === b.width && a.height === b.height;
}
