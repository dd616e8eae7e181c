import { ShapeError } from "./errors.ts";

/** What one stored element is. Kernels compute in f32; f16 takes half the memory, and values beyond ±65504 are infinite in it. */
export type DType = "f32" | "f16" | "u32";

/** What activations and their gradients are stored as. */
export type Precision = "f32" | "f16";

/**
 * How the elements lie in memory.
 *
 * - `channels`: the last axis is padded with zeros to a multiple of 4, so that kernels move `vec4f`s.
 *   Images are [N, H, W, C]; vectors are [C].
 * - `kernel`: convolution weights [kh, kw, in, out], with both `in` and `out` padded with zeros to a multiple of 4.
 * - `map`: one element a pixel, [N, H, W], not padded.
 */
export type Layout = "channels" | "kernel" | "map";

/** Where a tensor lives for good. A tensor with no home lives in its program's planned workspace. */
export interface Home {
  /** Where it lies. */
  readonly buffer: GPUBuffer;
  /** Bytes from the start of `buffer`, a multiple of {@linkcode ALIGNMENT}. */
  readonly offset: number;
}

/** A value on the device, by name and shape: what an op takes and returns. It holds no memory of its own. */
export interface Tensor {
  /** What errors and memory plans call it. */
  readonly label: string;
  /** Extents, without padding. */
  readonly shape: readonly number[];
  /** What one stored element is. */
  readonly dtype: DType;
  /** How the elements lie in memory. */
  readonly layout: Layout;
  /** Stored size in bytes, padding included. */
  readonly bytes: number;
  /** Where it lives for good, if it does. */
  readonly home?: Home;
  /** Where gradients are summed, for a parameter. */
  readonly gradient?: Tensor;
  /** True where a gradient has to flow back through this tensor. */
  readonly tracked: boolean;
}

/** Offsets of tensors within one buffer are multiples of this many bytes: WebGPU's largest permitted minimum. */
export const ALIGNMENT = 256;

/** The smallest multiple of `step` that is not below `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Channels as stored: rounded up to whole `vec4f`s. */
export function padded(channels: number): number {
  return roundUp(channels, 4);
}

/**
 * Number of stored elements, padding included.
 *
 * @throws {ShapeError} If an extent is not a positive integer, or the rank does not suit the layout.
 */
export function storedLength(shape: readonly number[], layout: Layout): number {
  if (shape.some((extent) => !Number.isInteger(extent) || extent < 1)) {
    throw new ShapeError(
      `Cannot store a tensor of shape [${shape}]: every extent must be a positive integer`,
    );
  }
  const outer = (axes: number) => shape.slice(0, -axes).reduce((product, extent) => product * extent, 1);
  if (layout === "map") return outer(1) * shape.at(-1)!;
  if (layout === "channels") return outer(1) * padded(shape.at(-1)!);
  if (shape.length !== 4) {
    throw new ShapeError(`Cannot store weights of shape [${shape}]: [kh, kw, in, out] is needed`);
  }
  return outer(2) * padded(shape[2]!) * padded(shape[3]!);
}

/** A tensor to be: what there must be room for. */
export interface TensorSpec {
  /** What errors and memory plans call it. */
  readonly label: string;
  /** Extents, each a whole number from 1. */
  readonly shape: readonly number[];
  /** f32 unless told. */
  readonly dtype?: DType;
  /** `channels` unless told. */
  readonly layout?: Layout;
}

/** Describes a tensor; its memory is found later, by the plan, unless `home` says where it is. */
export function makeTensor(
  options: TensorSpec & { home?: Home; gradient?: Tensor; tracked?: boolean },
): Tensor {
  const { label, shape, dtype = "f32", layout = "channels", home, gradient, tracked = false } = options;
  // Kernels address whole vec4s, so even a map's last element must have one to lie in.
  const bytes = dtype === "f16"
    ? roundUp(storedLength(shape, layout) * 2, 8)
    : roundUp(storedLength(shape, layout) * 4, 16);
  return {
    label,
    shape: [...shape],
    dtype,
    layout,
    bytes,
    tracked,
    ...(home && { home }),
    ...(gradient && { gradient }),
  };
}

/** How many vec4s a kernel sees in a tensor, padding included. */
export function storedVectors({ bytes, dtype }: Tensor): number {
  return bytes / (dtype === "f16" ? 8 : 16);
}

/** The four extents of an image tensor, by name. */
export function imageExtents(
  tensor: Tensor,
): { batch: number; height: number; width: number; channels: number } {
  const [batch, height, width, channels] = tensor.shape;
  if (tensor.layout !== "channels" || tensor.shape.length !== 4) {
    throw new ShapeError(`Cannot use ${tensor.label} [${tensor.shape}] as an image: [N, H, W, C] is needed`);
  }
  return { batch: batch!, height: height!, width: width!, channels: channels! };
}
