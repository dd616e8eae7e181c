import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { MAX_TAPS } from "./resample_taps.ts";
import type { Tensor, TensorSpec } from "../../tensor.ts";
import columnsSource from "./resample_columns.wgsl" with { type: "text" };
import labelsSource from "./resample_labels.wgsl" with { type: "text" };
import rowsSource from "./resample_rows.wgsl" with { type: "text" };

const columns = defineKernel({
  name: "resample_columns",
  source: columnsSource,
  uniforms: { width: "u32", height: "u32", rows: "u32" },
  reads: { pixels: "u32", windows: "vec4u", taps: "vec4u" },
  writes: { mixed: "u32" },
});
const rows = defineKernel({
  name: "resample_rows",
  source: rowsSource,
  uniforms: { width: "u32", height: "u32", rows: "u32" },
  reads: { mixed: "u32", taps: "vec4u" },
  writes: { image: "u32", validity: "u32" },
});
const nearest = defineKernel({
  name: "resample_labels",
  source: labelsSource,
  uniforms: { width: "u32", height: "u32", padding: "u32" },
  reads: { masks: "u32", windows: "vec4u", taps: "vec4u" },
  writes: { labels: "u32" },
});

/** Words of a sample in `windows`. */
export const WINDOW_WORDS = 8;
/** Words of an output column or row in `taps`: first, nearest, weights. */
export const TAP_WORDS = 2 + MAX_TAPS;
/** `first` of an output column or row that is padding. */
export const PADDING = 0xffffffff;
/** Words past the last image that the first pass may touch, with no weight. */
const SLACK_WORDS = MAX_TAPS;

/** What bounds the buffers of a batch of views; fixed while a program lives. */
export interface ViewExtents {
  /** Samples. */
  readonly batch: number;
  /** Size of the views, pixels. */
  readonly width: number;
  readonly height: number;
  /** Size that no source image exceeds, pixels, each side by itself. */
  readonly maxWidth: number;
  readonly maxHeight: number;
  /** Least ratio of a view's resized image to its source: 0.5 in CCVC. */
  readonly minRatio: number;
}

/**
 * Most source rows (or columns) that a view of `view` pixels shows of a source of at most `most`.
 *
 * The resized side is rounded down by less than a pixel or two, which the constant covers together with the triangle's
 * ends.
 */
export function windowBound(view: number, most: number, minRatio: number): number {
  return Math.min(most, Math.ceil(view / minRatio) + 16);
}

/** Tensors that the host fills before a step; each needs a home. */
export interface ViewInputs<T = Tensor> {
  /**
   * u32 map [1, 1, words]: packed RGB bytes. Only the window of each source image that its view shows, one after the
   * other, rows padded to whole words; so the upload is the bytes of the windows and no more.
   */
  readonly pixels: T;
  /** u32 map [1, 1, words]: packed label bytes of the same windows. */
  readonly masks: T;
  /**
   * u32 map [1, N, 8]: word of the first pixel, words a pixel row, word of the first label, words a mask row, rows of
   * the window, three zeros.
   */
  readonly windows: T;
  /**
   * u32 map [N, W + H, 8]: for each output column, then row: first source pixel within the window (or
   * {@linkcode PADDING}), nearest source pixel, six weights in 22-bit fixed point. Crop and flip are in the order of the
   * records.
   */
  readonly taps: T;
}

/** Room for the inputs of {@linkcode resampleView}, to be given to `allocate`. */
export function viewInputSpecs(label: string, extents: ViewExtents): ViewInputs<TensorSpec> {
  const { batch, width, height, maxWidth, maxHeight, minRatio } = extents;
  const wide = windowBound(width, maxWidth, minRatio), high = windowBound(height, maxHeight, minRatio);
  const map = (name: string, shape: readonly number[]): TensorSpec => ({
    label: `${label} ${name}`,
    shape,
    dtype: "u32",
    layout: "map",
  });
  return {
    pixels: map("pixels", [1, 1, batch * high * Math.ceil((3 * wide) / 4) + SLACK_WORDS]),
    masks: map("masks", [1, 1, batch * high * Math.ceil(wide / 4)]),
    windows: map("windows", [1, batch, WINDOW_WORDS]),
    taps: map("taps", [batch, width + height, TAP_WORDS]),
  };
}

/** A batch of views, before its colors are changed and normalized. */
export interface View {
  /** u32 map [N, H, W]: R | G << 8 | B << 16, each 0–255; padding is black. */
  readonly image: Tensor;
  /** u32 map [N, H, W]: 1 where the pixel came from the source, 0 where it is padding. */
  readonly validity: Tensor;
  /** u32 map [N, H, W]: labels; `ignore` where it is padding. Absent where no masks were given. */
  readonly labels?: Tensor;
}

/**
 * Resizes, crops, pads and flips a batch of images, as Pillow does, to the last bit.
 *
 * Bilinear with antialiasing for images, nearest for masks. Columns are mixed first, rounded to u8, then rows: all in
 * integers, with weights that the host computed, so that every device gives the same pixels. Only the window is computed.
 *
 * @param inputs Without `masks` there are no labels.
 * @param options.ignore Label of padding; 255 unless told.
 * @throws {ShapeError} If the inputs are not as {@linkcode viewInputSpecs} makes them.
 */
export function resampleView(
  graph: Graph,
  inputs: Omit<ViewInputs, "masks"> & { readonly masks?: Tensor },
  extents: ViewExtents,
  options: { ignore?: number } = {},
): View {
  const { batch, width, height, maxHeight, minRatio } = extents;
  const { pixels, masks, windows, taps } = inputs;
  checkMap("resample views", windows, "u32", [1, batch, WINDOW_WORDS]);
  checkMap("resample views", taps, "u32", [batch, width + height, TAP_WORDS]);
  for (const tensor of masks ? [pixels, masks] : [pixels]) {
    if (tensor.layout !== "map" || tensor.dtype !== "u32") {
      throw new ShapeError(
        `Cannot resample ${tensor.label} [${tensor.shape}] (${tensor.dtype}, layout "${tensor.layout}"): ` +
          "a u32 map of packed bytes is needed",
      );
    }
  }
  const sourceRows = windowBound(height, maxHeight, minRatio);
  const map = (label: string, shape: readonly number[]) =>
    graph.tensor({ label: `${pixels.label} ${label}`, shape, dtype: "u32", layout: "map" });
  const mixed = map("mixed columns", [batch, sourceRows, width]);
  const image = map("view", [batch, height, width]);
  const validity = map("validity", [batch, height, width]);
  const across = Math.ceil(width / WORKGROUP);
  graph.launch({
    kernel: columns,
    reads: [pixels, windows, taps],
    writes: [mixed],
    uniforms: { width, height, rows: sourceRows },
    groups: [across, sourceRows, batch],
    loops: 0,
  });
  graph.launch({
    kernel: rows,
    reads: [mixed, taps],
    writes: [image, validity],
    uniforms: { width, height, rows: sourceRows },
    groups: [across, height, batch],
    loops: 0,
  });
  if (!masks) return { image, validity };
  const labels = map("labels", [batch, height, width]);
  graph.launch({
    kernel: nearest,
    reads: [masks, windows, taps],
    writes: [labels],
    uniforms: { width, height, padding: options.ignore ?? 255 },
    groups: [across, height, batch],
    loops: 0,
  });
  return { image, validity, labels };
}
