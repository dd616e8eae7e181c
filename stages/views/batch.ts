/** One draw of images for a training step: its place on the device, its capture, its filling. */
import type { Device } from "../../kernels/device.ts";
import { allocate, upload } from "../../kernels/memory.ts";
import type { Graph } from "../../kernels/graph.ts";
import { colorJitter, SETTING_WORDS } from "../../kernels/ops/view/color_jitter.ts";
import { gaussianBlur } from "../../kernels/ops/view/gaussian_blur.ts";
import { spreadImages } from "../../kernels/ops/map/spread_images.ts";
import { type ColorStatistics, imageNetStatistics, normalize } from "../../kernels/ops/view/normalize.ts";
import { resampleView, type ViewExtents, viewInputSpecs } from "../../kernels/ops/view/resample_view.ts";
import type { Bytes } from "../../kernels/ops/view/view_settings.ts";
import { RandomStream } from "../../kernels/random.ts";
import type { Tensor, TensorSpec } from "../../kernels/tensor.ts";
import {
  type CutMixOptions,
  drawCutMixBox,
  drawGeometry,
  drawPartners,
  drawPhotometric,
  type PhotometricOptions,
} from "./draws.ts";
import { augmented, drawOperations } from "./rand_augment.ts";
import type { Box, ViewSpecs } from "./specs.ts";
import { boxShape, boxTable, pastedTable, photometricTable, ViewPacker } from "./tables.ts";

/** What is drawn for a batch, and how much room it needs. */
export interface ViewBatchOptions {
  /** Names the draw and its random streams, e.g. `labeled`. */
  readonly name: string;
  /** Samples. */
  readonly batch: number;
  /** Side of the square crop, pixels. */
  readonly crop: number;
  /** Range of the resized long side, relative to the source's. */
  readonly scale: readonly [low: number, high: number];
  /** Whether what is shrunk is antialiased; it is unless told. */
  readonly antialias?: boolean;
  /** Size that no source image exceeds, pixels, each side by itself. */
  readonly maxWidth: number;
  readonly maxHeight: number;
  /** Whether samples have masks. */
  readonly masks: boolean;
  /** Whether it is told of each sample who has labeled it; default false. */
  readonly origins?: boolean;
  readonly views: ViewSpecs;
  /** Of strong views. */
  readonly photometric: PhotometricOptions;
  /** Operations of RandAugment that a strong view's whole image goes through before all else; default 0. */
  readonly operations?: number;
  /** Of boxes. */
  readonly cutMix: Omit<CutMixOptions, "crop">;
  readonly statistics?: ColorStatistics;
}

/**
 * A batch as captured: each view by its name, images resized, cropped, flipped and normalized, boxes as a table for `mixImages`
 * and `mixMaps`; and `validity`, with masks `labels`, with origins `clean`. Reading one says that it is wanted.
 */
export type ViewTensors = Readonly<Record<string, Tensor>>;

/** One item of a batch. */
export interface ViewItem {
  /** Position of the sample in its set: what its draws are keyed by. */
  readonly sample: number;
  /** RGB. */
  readonly image: Bytes;
  /** One channel of labels, as large as the image. */
  readonly mask?: Bytes;
  /** Whether people have labeled it. */
  readonly clean?: boolean;
}

const NO_BOX: Box = { x0: 0, y0: 0, x1: 0, y1: 0 };

/** Buffers of a kind of batch, made once; a step captures their views and the host fills them before each run. */
export class ViewBatch {
  readonly #device: Device;
  readonly #options: ViewBatchOptions;
  readonly #extents: ViewExtents;
  #packer: ViewPacker | undefined;
  readonly #memory: ReturnType<typeof allocate>;
  readonly #tensors: Readonly<Record<"pixels" | "masks" | "windows" | "taps", Tensor>>;
  /** Pixels of the strong views that have their own, by the view's name. */
  readonly #pixels: ReadonlyMap<string, Tensor>;
  /** Of each sample, whether people have labeled it. */
  readonly #clean: Tensor | undefined;
  /** What is drawn on the host beside the crops, by the view's name. */
  readonly #tables: ReadonlyMap<string, Tensor>;
  /** Names that a step has read. */
  readonly #wanted = new Set<string>();

  constructor(device: Device, options: ViewBatchOptions) {
    const { name, batch, crop, maxWidth, maxHeight, views } = options;
    this.#device = device;
    this.#options = options;
    this.#extents = { batch, width: crop, height: crop, maxWidth, maxHeight, minRatio: options.scale[0] };
    const table = (label: string, shape: readonly number[]): TensorSpec => ({
      label: `${name} ${label}`,
      shape,
      dtype: "u32",
      layout: "map",
    });
    const inputs = viewInputSpecs(name, this.#extents), names = Object.keys(inputs);
    const tables = Object.entries(views).filter(([, { kind }]) => kind !== "weak").map(([view, spec]) =>
      [view, table(view, spec.kind === "boxes" ? boxShape(spec, batch) : [1, batch, SETTING_WORDS])] as const
    );
    const clean = options.origins ? [table("clean", [1, 1, batch])] : [];
    const changed = Object.keys(views).filter((view) => options.operations && views[view]!.kind === "strong");
    const pixels = changed.map((view) => ({ ...inputs.pixels, label: `${name} ${view} pixels` }));
    const specs = [...Object.values(inputs), ...tables.map(([, spec]) => spec), ...clean, ...pixels];
    this.#memory = allocate(device, `${name} views`, specs);
    const { tensors } = this.#memory;
    this.#tensors = Object.fromEntries(names.map((key, i) => [key, tensors[i]!])) as Record<
      keyof typeof inputs,
      Tensor
    >;
    const rest = names.length + tables.length;
    this.#clean = options.origins ? tensors[rest] : undefined;
    this.#pixels = new Map(changed.map((view, i) => [view, tensors[rest + clean.length + i]!]));
    this.#tables = new Map(tables.map(([view], i) => [view, tensors[names.length + i]!]));
  }

  /** Bytes on the device, besides what the step's workspace holds. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Whether a captured step reads any of it. */
  get isWanted(): boolean {
    return this.#wanted.size > 0;
  }

  /** Captures the making of the views. */
  capture(graph: Graph): ViewTensors {
    const { masks, views, statistics = imageNetStatistics } = this.#options;
    const { masks: maskBytes, ...inputs } = this.#tensors;
    const { image, validity, labels } = resampleView(
      graph,
      { ...inputs, ...(masks && { masks: maskBytes }) },
      this.#extents,
    );
    const { batch, width, height } = this.#extents;
    const clean = this.#clean && spreadImages(graph, this.#clean, [batch, height, width]);
    const made: Record<string, Tensor> = { validity, ...(labels && { labels }), ...(clean && { clean }) };
    for (const [name, { kind }] of Object.entries(views)) {
      const table = this.#tables.get(name)!, pixels = this.#pixels.get(name);
      const own = () => pixels ? resampleView(graph, { ...inputs, pixels }, this.#extents).image : image;
      const changed = () => gaussianBlur(graph, colorJitter(graph, own(), table), table);
      made[name] = kind === "boxes"
        ? table
        : normalize(graph, kind === "weak" ? image : changed(), statistics);
    }
    const wanted = this.#wanted;
    return Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(made).map(([name, tensor]) => [name, {
          enumerable: true,
          get() {
            wanted.add(name);
            return tensor;
          },
        }]),
      ),
    );
  }

  /**
   * Draws and uploads a batch for the next run of the step, as far as captured steps have read its views.
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
    const { name, crop, scale, antialias = true, masks, views, photometric, cutMix } = this.#options;
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
    const packed = (this.#packer ??= new ViewPacker(this.#extents, antialias)).pack(samples);
    const device = this.#device, tensors = this.#tensors;
    upload(device, tensors.pixels, packed.pixels);
    if (masks) upload(device, tensors.masks, packed.masks);
    upload(device, tensors.windows, packed.windows);
    upload(device, tensors.taps, packed.taps);
    if (this.#clean) upload(device, this.#clean, Uint32Array.from(items, ({ clean }) => Number(clean)));
    for (const [view, table] of this.#tables) {
      if (!this.#wanted.has(view)) continue;
      const spec = views[view]!;
      // The first of its kind has the draw's own stream, the others name theirs.
      const first = Object.keys(views).find((other) => views[other]!.kind === spec.kind) === view;
      const own = (what: string) => first ? what : `${what} ${view}`;
      if (spec.kind === "boxes") {
        const { count, probability = cutMix.probability } = spec;
        const options = { ...cutMix, crop, ...(probability !== undefined && { probability }) };
        const { law = (stream: RandomStream) => drawCutMixBox(stream, options) } = spec;
        const coin = new RandomStream({ ...address, stream: `${name}/${own("coin")}` });
        const none = spec.perStep !== undefined && coin.uniform() >= spec.perStep;
        const drawn = streams(own("cutmix")).map((stream) => {
          const shared = new RandomStream({ ...address, stream: `${name}/${own("cutmix")} batch` });
          return Array.from({ length: count }, () => none ? NO_BOX : law(stream, crop, count, shared));
        });
        const stream = new RandomStream({ ...address, stream: `${name}/${own("partners")}` });
        const any = () => stream.integer(0, items.length - 1);
        upload(
          device,
          table,
          spec.partner === "any"
            ? pastedTable(drawn, drawn.map((boxes) => boxes.map(any)))
            : boxTable(drawn, drawPartners(stream, spec.partner, items.length)),
        );
      } else {
        const drawn = streams(own("colors")).map((stream) => drawPhotometric(stream, photometric));
        upload(device, table, photometricTable(drawn));
        const pixels = this.#pixels.get(view);
        if (pixels) {
          const operations = streams(own("operations"));
          const changed = samples.map(({ image, geometry }, n) => {
            const stream = operations[n]!;
            return {
              image: augmented(image, drawOperations(stream, this.#options.operations!), stream),
              geometry,
            };
          });
          upload(device, pixels, this.#packer.pack(changed).pixels);
        }
      }
    }
  }

  /** Gives the device memory back. */
  free(): void {
    this.#memory.free();
  }
}
