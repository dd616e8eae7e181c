/** One kind of batch (labeled, unlabeled) of a training step: its place on the device, its capture, its filling. */
import { allocate, type Device, upload } from "../../kernels/device.ts";
import type { Graph } from "../../kernels/graph.ts";
import { colorJitter, SETTING_WORDS } from "../../kernels/ops/color_jitter.ts";
import { gaussianBlur } from "../../kernels/ops/gaussian_blur.ts";
import { BOX_WORDS } from "../../kernels/ops/mix_boxes.ts";
import { type ColorStatistics, imageNetStatistics, normalize } from "../../kernels/ops/normalize.ts";
import { resampleView, type ViewExtents, viewInputSpecs } from "../../kernels/ops/resample_view.ts";
import { RandomStream } from "../../kernels/random.ts";
import type { Bytes } from "../../kernels/reference/resample.ts";
import type { Tensor, TensorSpec } from "../../kernels/tensor.ts";
import {
  type CutMixOptions,
  drawCutMixBox,
  drawGeometry,
  drawPhotometric,
  type PhotometricOptions,
} from "./draws.ts";
import { boxTable, photometricTable, ViewPacker } from "./tables.ts";

/** What is drawn for a batch, and how much room it needs. */
export interface ViewBatchOptions {
  /** Names the batch and its random streams, e.g. `labeled`. */
  readonly name: string;
  /** Samples. */
  readonly batch: number;
  /** Side of the square crop, pixels. */
  readonly crop: number;
  /** Range of the resized long side, relative to the source's. */
  readonly scale: readonly [low: number, high: number];
  /** Size that no source image exceeds, pixels, each side by itself. */
  readonly maxWidth: number;
  readonly maxHeight: number;
  /** Whether samples have masks. */
  readonly masks: boolean;
  /** With a strong view of the same crop. */
  readonly strong?: PhotometricOptions;
  /** With CutMix boxes. */
  readonly cutMix?: Omit<CutMixOptions, "crop">;
  readonly statistics?: ColorStatistics;
}

/** A batch as captured. */
export interface ViewTensors {
  /** Weak view: resized, cropped, flipped, normalized; f32 [N, S, S, 3]. */
  readonly image: Tensor;
  /** u32 map [N, S, S]: 1 where a pixel comes from the image, 0 where it is padding. */
  readonly validity: Tensor;
  /** u32 map [N, S, S]: with masks; 255 in padding. */
  readonly labels?: Tensor;
  /** The same crop with its colors changed, normalized; f32 [N, S, S, 3]. */
  readonly strong?: Tensor;
  /** u32 map [1, N, 4], for `mixImages` and `mixMaps`. */
  readonly boxes?: Tensor;
}

/** One item of a batch. */
export interface ViewItem {
  /** Position of the sample in its set: what its draws are keyed by. */
  readonly sample: number;
  /** RGB. */
  readonly image: Bytes;
  /** One channel of labels, as large as the image. */
  readonly mask?: Bytes;
}

/** Buffers of a kind of batch, made once; a step captures their views and the host fills them before each run. */
export class ViewBatch {
  readonly #device: Device;
  readonly #options: ViewBatchOptions;
  readonly #extents: ViewExtents;
  #packer: ViewPacker | undefined;
  readonly #memory: ReturnType<typeof allocate>;
  readonly #tensors: Readonly<Record<"pixels" | "masks" | "windows" | "taps" | "settings" | "boxes", Tensor>>;

  constructor(device: Device, options: ViewBatchOptions) {
    const { name, batch, crop, maxWidth, maxHeight } = options;
    this.#device = device;
    this.#options = options;
    this.#extents = { batch, width: crop, height: crop, maxWidth, maxHeight, minRatio: options.scale[0] };
    const table = (label: string, words: number): TensorSpec => ({
      label: `${name} ${label}`,
      shape: [1, batch, words],
      dtype: "u32",
      layout: "map",
    });
    const specs = {
      ...viewInputSpecs(name, this.#extents),
      settings: table("color settings", SETTING_WORDS),
      boxes: table("boxes", BOX_WORDS),
    };
    this.#memory = allocate(device, `${name} views`, Object.values(specs));
    this.#tensors = Object.fromEntries(
      Object.keys(specs).map((key, i) => [key, this.#memory.tensors[i]!]),
    ) as Record<keyof typeof specs, Tensor>;
  }

  /** Bytes on the device, besides what the step's workspace holds. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Captures the making of the views. */
  capture(graph: Graph): ViewTensors {
    const { masks, strong, cutMix, statistics = imageNetStatistics } = this.#options;
    const { settings, boxes, masks: maskBytes, ...inputs } = this.#tensors;
    const view = resampleView(graph, { ...inputs, ...(masks && { masks: maskBytes }) }, this.#extents);
    const changed = () => gaussianBlur(graph, colorJitter(graph, view.image, settings), settings);
    return {
      image: normalize(graph, view.image, statistics),
      validity: view.validity,
      ...(view.labels && { labels: view.labels }),
      ...(strong && { strong: normalize(graph, changed(), statistics) }),
      ...(cutMix && { boxes }),
    };
  }

  /**
   * Draws and uploads a batch for the next run of the step.
   *
   * Each draw depends on seed, epoch, step and sample alone, not on the sample's place in the batch; a sample that is in a batch
   * more than once is drawn anew each time.
   *
   * @param seen How often each sample has been drawn in this step; counted on. A step in several batches shares it.
   * @throws {RangeError} If the items do not fit the options; see `ViewPacker.pack`.
   */
  fill(
    items: readonly ViewItem[],
    address: { seed: number; epoch: number; step: number },
    seen = new Map<number, number>(),
  ): void {
    const { name, crop, scale, masks, strong, cutMix } = this.#options;
    const addresses = items.map(({ sample }) => {
      const before = seen.get(sample) ?? 0;
      seen.set(sample, before + 1);
      return { ...address, sample, suffix: before ? ` ${before + 1}` : "" };
    });
    const streams = (what: string) =>
      addresses.map(({ suffix, ...rest }) =>
        new RandomStream({ ...rest, stream: `${name}/${what}${suffix}` })
      );
    const geometries = streams("geometry").map((stream, n) => {
      const { width, height } = items[n]!.image;
      return drawGeometry(stream, { width, height, crop, scale });
    });
    const samples = items.map(({ image, mask, sample }, n) => {
      if (masks && !mask) {
        throw new RangeError(`Cannot fill the ${name} batch: sample ${sample} has no mask`);
      }
      return { image, ...(masks && mask && { mask }), geometry: geometries[n]! };
    });
    // At the first use: what is only captured needs no room on the host.
    const packed = (this.#packer ??= new ViewPacker(this.#extents)).pack(samples);
    const device = this.#device, tensors = this.#tensors;
    upload(device, tensors.pixels, packed.pixels);
    if (masks) upload(device, tensors.masks, packed.masks);
    upload(device, tensors.windows, packed.windows);
    upload(device, tensors.taps, packed.taps);
    if (strong) {
      const drawn = streams("colors").map((stream) => drawPhotometric(stream, strong));
      upload(device, tensors.settings, photometricTable(drawn));
    }
    if (cutMix) {
      const drawn = streams("cutmix").map((stream) => drawCutMixBox(stream, { ...cutMix, crop }));
      upload(device, tensors.boxes, boxTable(drawn));
    }
  }

  /** Gives the device memory back. */
  free(): void {
    this.#memory.free();
  }
}
