/** Both branches and their mean, in evaluation mode, on whole images. @module */
import { allocate, asUint32, type Device, readBack, upload } from "../kernels/device.ts";
import { Graph } from "../kernels/graph.ts";
import { add } from "../kernels/ops/add.ts";
import { argMax } from "../kernels/ops/arg_max.ts";
import { clear } from "../kernels/ops/clear.ts";
import { confusion } from "../kernels/ops/confusion.ts";
import { normalize } from "../kernels/ops/normalize.ts";
import { compile, type Program } from "../kernels/program.ts";
import type { Tensor } from "../kernels/tensor.ts";
import type { Branches } from "../models/branches.ts";
import { allocateParameters } from "../models/parameters.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { ignoreIndex } from "./datasets/classes.ts";
import type { Confusion } from "./metrics.ts";
import { buildBranches, type NetworkDescription } from "./network.ts";
import type { ImageSize, SampleSet } from "./samples.ts";

/** The three predictions that are scored: each branch, and the arg-max of their mean logits. */
export const PREDICTIONS = ["branch1", "branch2", "average"] as const;

/** One value for each of {@linkcode PREDICTIONS}. */
export interface PerPrediction<T> {
  /** Of branch 1. */
  readonly branch1: T;
  /** Of branch 2. */
  readonly branch2: T;
  /** Of the average of their logits. */
  readonly average: T;
}

/** Makes one value for each prediction. */
export function forPredictions<T>(make: (name: keyof PerPrediction<unknown>) => T): PerPrediction<T> {
  return { branch1: make("branch1"), branch2: make("branch2"), average: make("average") };
}

/** What is predicted for an image: labels of each pixel, row by row. */
export interface PredictedLabels extends PerPrediction<Uint8Array> {
  /** Largest softmax probability of the summed logits, [0, 1], per pixel. */
  readonly confidence: Float32Array;
}

/** Pixels of one launch at most: small images share one, large ones come alone. */
const PIXELS_AT_ONCE = 2 ** 16;
/** Programs kept for sizes that come again. */
const PROGRAMS_KEPT = 6;

interface Captured {
  readonly program: Program;
  readonly image: Tensor;
  readonly truth: Tensor;
  readonly labels: PerPrediction<Tensor>;
  readonly confidence: Tensor;
  free(): void;
}

/** Predicts and scores with weights that lie on a device; whatever they are at the time of the call. */
export class Inference {
  readonly #programs = new Map<string, Captured>();
  readonly #matrices: ReturnType<typeof allocate>;
  readonly #reset: Program;

  /** @param network Its parameters by name, and its classes. */
  constructor(
    private readonly device: Device,
    private readonly network: { branches: Branches; tensor: (name: string) => Tensor; classes: number },
  ) {
    const { classes } = network;
    this.#matrices = allocate(
      device,
      "confusion",
      PREDICTIONS.map((label) => ({
        label,
        shape: [1, classes, classes],
        dtype: "u32" as const,
        layout: "map" as const,
      })),
    );
    const graph = new Graph(device.facts.subgroupSize);
    for (const matrix of this.#matrices.tensors) clear(graph, matrix);
    this.#reset = compile(device, graph);
  }

  /** Counts the pixels of a labeled set by truth and prediction; pixels labeled 255 are left out. */
  async score(
    samples: SampleSet,
    { signal, progress }: { signal?: AbortSignal; progress?: (done: number) => void } = {},
  ): Promise<PerPrediction<Confusion>> {
    this.#reset.run();
    for (let first = 0; first < samples.length;) {
      signal?.throwIfAborted();
      const size = samples.size(first);
      const most = Math.max(1, Math.floor(PIXELS_AT_ONCE / (size.width * size.height)));
      let count = 1;
      while (count < most && first + count < samples.length && same(size, samples.size(first + count))) {
        count++;
      }
      const captured = this.#captured(count, size);
      const pixels = size.width * size.height;
      const image = new Uint32Array(count * pixels), truth = new Uint32Array(count * pixels);
      for (let i = 0; i < count; i++) {
        packRgb(samples.image(first + i), image, i * pixels);
        truth.set(samples.mask(first + i), i * pixels);
      }
      upload(this.device, captured.image, image);
      upload(this.device, captured.truth, truth);
      captured.program.run();
      first += count;
      progress?.(first);
    }
    const { classes } = this.network;
    const read = await readBack(this.device, this.#matrices.tensors);
    const [branch1, branch2, average] = read.map((matrix) => ({ classes, matrix: asUint32(matrix) }));
    return { branch1: branch1!, branch2: branch2!, average: average! };
  }

  /**
   * Labels one image.
   *
   * @param image height × width × 3, RGB, 0–255.
   */
  async predict(image: Uint8Array, size: ImageSize): Promise<PredictedLabels> {
    const captured = this.#captured(1, size);
    const pixels = size.width * size.height;
    const packed = new Uint32Array(pixels);
    packRgb(image, packed, 0);
    upload(this.device, captured.image, packed);
    // No truth, so nothing is counted.
    upload(this.device, captured.truth, new Uint32Array(pixels).fill(ignoreIndex));
    captured.program.run();
    const { branch1, branch2, average } = captured.labels;
    const wanted = [branch1, branch2, average, captured.confidence].map((tensor) =>
      captured.program.locate(tensor)
    );
    const [one, two, both, confidence] = await readBack(this.device, wanted);
    const labels = (stored: Float32Array<ArrayBuffer>) =>
      Uint8Array.from(asUint32(stored).subarray(0, pixels));
    return {
      branch1: labels(one!),
      branch2: labels(two!),
      average: labels(both!),
      confidence: confidence!.subarray(0, pixels),
    };
  }

  free(): void {
    for (const captured of this.#programs.values()) captured.free();
    this.#programs.clear();
    this.#reset.free();
    this.#matrices.free();
  }

  #captured(count: number, size: ImageSize): Captured {
    const key = `${count} × ${size.height} × ${size.width}`;
    const found = this.#programs.get(key) ?? this.#capture(count, size);
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

  #capture(count: number, { width, height }: ImageSize): Captured {
    const { branches, tensor, classes } = this.network;
    const map = (label: string) => ({
      label,
      shape: [count, height, width],
      dtype: "u32" as const,
      layout: "map" as const,
    });
    const inputs = allocate(this.device, "evaluated images", [map("image"), map("truth")]);
    const [image, truth] = inputs.tensors as [Tensor, Tensor];
    const graph = new Graph(this.device.facts.subgroupSize);
    const [one, two] = graph.withoutGradients(() => {
      const forward = { graph, training: false, tensor, stream: "evaluation" };
      const normalized = normalize(graph, image);
      return branches.networks.map((network) => network(forward, normalized).logits);
    }) as [Tensor, Tensor];
    // The sum has the same arg-max as the mean.
    const logits = { branch1: one, branch2: two, average: add(graph, one, two) };
    const labels = {} as Record<(typeof PREDICTIONS)[number], Tensor>;
    let confidence = image;
    PREDICTIONS.forEach((name, i) => {
      const found = argMax(graph, logits[name], { confidence: "probability" });
      labels[name] = graph.keep(found.labels);
      if (name === "average") confidence = graph.keep(found.confidence);
      confusion(graph, found.labels, truth, this.#matrices.tensors[i]!, { classes });
    });
    const program = compile(this.device, graph);
    return {
      program,
      image,
      truth,
      labels,
      confidence,
      free() {
        program.free();
        inputs.free();
      },
    };
  }
}

/** Loads a checkpoint to a device for inference. */
export async function openInference(
  device: Device,
  checkpoint: Checkpoint,
): Promise<{ network: NetworkDescription; inference: Inference; free(): void }> {
  const { network, state } = await checkpoint.read();
  const branches = buildBranches(network);
  const parameters = allocateParameters(device, branches.registry, { training: false });
  parameters.load(state);
  const inference = new Inference(device, {
    branches,
    tensor: parameters.tensor,
    classes: network.classes.names.length,
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

/** RGB bytes → R | G << 8 | B << 16, one word a pixel. */
function packRgb(bytes: Uint8Array, into: Uint32Array, at: number): void {
  for (let i = 0, b = 0; b < bytes.length; i++, b += 3) {
    into[at + i] = bytes[b]! | (bytes[b + 1]! << 8) | (bytes[b + 2]! << 16);
  }
}
