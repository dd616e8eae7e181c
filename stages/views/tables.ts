/** What the host uploads for a batch of views: windows of source pixels, and small tables of how to look at them. */
import { BLUR, GRAY, hueShift, JITTER, SETTING_WORDS } from "../../kernels/ops/view/color_jitter.ts";
import { gaussianBox, MAX_BLUR_RADIUS } from "../../kernels/ops/view/gaussian_blur.ts";
import { boxWords, PASTED_WORDS } from "../../kernels/ops/map/mix_boxes.ts";
import {
  PADDING,
  TAP_WORDS,
  type ViewExtents,
  type ViewInputs,
  viewInputSpecs,
  WINDOW_WORDS,
  windowBound,
} from "../../kernels/ops/view/resample_view.ts";
import { MAX_TAPS, resampleTaps } from "../../kernels/ops/view/resample_taps.ts";
import type { Bytes, Geometry, Photometric } from "../../kernels/ops/view/view_settings.ts";
import { storedLength } from "../../kernels/tensor.ts";
import type { Box, BoxView } from "./specs.ts";

type Words = Uint32Array<ArrayBuffer>;

/** In the order of a jitter: nothing is done. */
const NO_STEP = 15;

/** One sample to be seen. */
export interface ViewSample {
  /** RGB. */
  readonly image: Bytes;
  /** One channel of labels, as large as the image. */
  readonly mask?: Bytes;
  readonly geometry: Geometry;
}

/** An axis of a view: which source pixels it shows and what makes each output pixel. */
interface Axis {
  readonly start: number;
  readonly length: number;
  /** A record of `taps` for each output pixel; indices count from `start`. */
  readonly records: Words;
}

/**
 * Gathers batches of views in host memory, which is made once.
 *
 * Each sample's window, the source pixels that its crop shows, is copied row by row; the rest of the image is never uploaded.
 */
export class ViewPacker {
  readonly #extents: ViewExtents;
  readonly #mostColumns: number;
  readonly #mostRows: number;
  readonly #buffers: ViewInputs<Words>;

  /** @param antialias Whether each pixel of what is shrunk is made of all that it covers; else of the nearest ones. */
  constructor(extents: ViewExtents, private readonly antialias = true) {
    this.#extents = extents;
    this.#mostColumns = windowBound(extents.width, extents.maxWidth, extents.minRatio);
    this.#mostRows = windowBound(extents.height, extents.maxHeight, extents.minRatio);
    const specs = viewInputSpecs("view", extents);
    const room = (spec: { readonly shape: readonly number[] }) =>
      new Uint32Array(storedLength(spec.shape, "map"));
    this.#buffers = {
      pixels: room(specs.pixels),
      masks: room(specs.masks),
      windows: room(specs.windows),
      taps: room(specs.taps),
    };
  }

  /**
   * Packs a batch.
   *
   * @returns What to upload to the tensors of the same names, as far as they are used; `masks` is one idle word where no
   *   sample has a mask. Valid until the next call.
   * @throws {RangeError} If the batch has another number of samples, an image is larger than the extents allow, a geometry or a
   *   mask is of another size than its image, or shrinks it beyond the least ratio.
   */
  pack(samples: readonly ViewSample[]): ViewInputs<Words> {
    const { batch, width, height } = this.#extents;
    const { pixels, masks, windows, taps } = this.#buffers;
    if (samples.length !== batch) {
      throw new RangeError(`Cannot pack ${samples.length} views: the batch is of ${batch}`);
    }
    const pixelBytes = new Uint8Array(pixels.buffer), maskBytes = new Uint8Array(masks.buffer);
    let pixelWords = 0, maskWords = 0;
    samples.forEach((sample, n) => {
      checkSample(sample, this.#extents, n);
      const { image, mask, geometry } = sample;
      const { antialias } = this;
      const columns = axis(image.width, geometry.width, geometry.x, width, {
        flip: geometry.flip,
        antialias,
      });
      const rows = axis(image.height, geometry.height, geometry.y, height, { flip: false, antialias });
      const pitch = Math.ceil((3 * columns.length) / 4), maskPitch = Math.ceil(columns.length / 4);
      if (columns.length > this.#mostColumns || rows.length > this.#mostRows) {
        throw new RangeError(
          `Cannot pack view ${n}: it shows ${columns.length} × ${rows.length} pixels of its image, and there is room for ` +
            `${this.#mostColumns} × ${this.#mostRows}, at a least ratio of ${this.#extents.minRatio}`,
        );
      }
      windows.set([pixelWords, pitch, maskWords, maskPitch, rows.length, 0, 0, 0], n * WINDOW_WORDS);
      taps.set(columns.records, n * (width + height) * TAP_WORDS);
      taps.set(rows.records, (n * (width + height) + width) * TAP_WORDS);
      copyWindow(image, columns, rows, pixelBytes, 4 * pixelWords, 4 * pitch);
      pixelWords += rows.length * pitch;
      if (mask) {
        copyWindow(mask, columns, rows, maskBytes, 4 * maskWords, 4 * maskPitch);
        maskWords += rows.length * maskPitch;
      }
    });
    // Never empty: Deno 2.9.6 panics where nothing is written to a buffer.
    return {
      pixels: pixels.subarray(0, pixelWords),
      masks: masks.subarray(0, maskWords || 1),
      windows,
      taps,
    };
  }
}

function checkSample({ image, mask, geometry }: ViewSample, extents: ViewExtents, n: number): void {
  const size = `${image.width} × ${image.height}`;
  if (image.width > extents.maxWidth || image.height > extents.maxHeight) {
    throw new RangeError(
      `Cannot pack view ${n}: its image is ${size}, and there is room for ${extents.maxWidth} × ${extents.maxHeight}`,
    );
  }
  if (geometry.sourceWidth !== image.width || geometry.sourceHeight !== image.height) {
    throw new RangeError(
      `Cannot pack view ${n}: its geometry is for ${geometry.sourceWidth} × ${geometry.sourceHeight}, its image is ${size}`,
    );
  }
  if (mask && (mask.width !== image.width || mask.height !== image.height)) {
    throw new RangeError(
      `Cannot pack view ${n}: its mask is ${mask.width} × ${mask.height}, its image is ${size}`,
    );
  }
}

function axis(
  source: number,
  resized: number,
  offset: number,
  view: number,
  { flip, antialias }: { readonly flip: boolean; readonly antialias: boolean },
): Axis {
  const shown = Math.min(view, resized - offset);
  const { first, counts, weights, nearest } = resampleTaps(
    source,
    resized,
    offset,
    offset + shown,
    antialias,
  );
  const start = first[0]!;
  const length = first[shown - 1]! + counts[shown - 1]! - start;
  const records = new Uint32Array(view * TAP_WORDS);
  for (let i = 0; i < view; i++) {
    const at = (flip ? view - 1 - i : i) * TAP_WORDS;
    if (i >= shown) {
      records[at] = PADDING;
      continue;
    }
    records[at] = first[i]! - start;
    records[at + 1] = nearest[i]! - start;
    records.set(weights.subarray(i * MAX_TAPS, (i + 1) * MAX_TAPS), at + 2);
  }
  return { start, length, records };
}

function copyWindow(
  image: Bytes,
  columns: Axis,
  rows: Axis,
  into: Uint8Array,
  at: number,
  pitch: number,
): void {
  const { channels } = image;
  for (let y = 0; y < rows.length; y++) {
    const from = ((rows.start + y) * image.width + columns.start) * channels;
    into.set(image.data.subarray(from, from + columns.length * channels), at + y * pitch);
  }
}

/** Settings of `colorJitter` and `gaussianBlur` for a batch. */
export function photometricTable(batch: readonly Photometric[]): Words {
  const table = new Uint32Array(batch.length * SETTING_WORDS);
  const floats = new Float32Array(table.buffer);
  batch.forEach(({ jitter, gray, blur }, n) => {
    const at = n * SETTING_WORDS;
    if (jitter) {
      table[at] = JITTER;
      table[at + 1] = jitter.order.reduce((word, step, k) => word ^ ((step ^ NO_STEP) << (4 * k)), 0xffff);
      floats.set([jitter.brightness, jitter.contrast, jitter.saturation], at + 2);
      table[at + 5] = hueShift(jitter.hue);
    }
    if (gray) table[at]! |= GRAY;
    if (blur !== undefined) {
      const { radius, weight, endWeight } = gaussianBox(blur);
      if (!(radius <= MAX_BLUR_RADIUS)) {
        throw new RangeError(
          `Cannot blur view ${n} with sigma ${blur}: its box would reach ${radius} pixels, and at most ` +
            `${MAX_BLUR_RADIUS} are allowed`,
        );
      }
      table[at]! |= BLUR;
      table.set([radius, weight, endWeight], at + 8);
    }
  });
  return table;
}

/** Shape of the table of a view of boxes. */
export function boxShape(
  { partner, count }: Pick<BoxView, "partner" | "count">,
  batch: number,
): readonly number[] {
  return partner === "any" ? [1, batch, count, PASTED_WORDS] : [1, batch, boxWords(count)];
}

/**
 * Boxes of `mixImages` and `mixMaps` for a batch.
 *
 * @param boxes Of each sample, equally many.
 * @param partners Place of each sample's partner.
 */
export function boxTable(boxes: readonly (readonly Box[])[], partners: ArrayLike<number>): Words {
  const words = boxWords(boxes[0]!.length), table = new Uint32Array(boxes.length * words);
  boxes.forEach((own, n) => {
    const corners = own.flatMap(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1]);
    table.set([...corners, partners[n]!], n * words);
  });
  return table;
}

/**
 * The same of boxes that have partners of their own, which are pasted one over another.
 *
 * @param partners Of each sample's boxes, in order.
 */
export function pastedTable(
  boxes: readonly (readonly Box[])[],
  partners: readonly (readonly number[])[],
): Words {
  const words = boxes[0]!.length * PASTED_WORDS, table = new Uint32Array(boxes.length * words);
  boxes.forEach((own, n) =>
    own.forEach(({ x0, y0, x1, y1 }, k) =>
      table.set([x0, y0, x1, y1, partners[n]![k]!], n * words + k * PASTED_WORDS)
    )
  );
  return table;
}
