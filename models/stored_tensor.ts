import { DATA_TYPES, type DataTypeName, toFloat32 } from "./dtypes.ts";
import { WeightsError } from "./errors.ts";
import type { HostTensor } from "./state_dict.ts";

/** A tensor as it lies in a file: a view of a storage that other tensors may share. */
export interface StoredTensor {
  readonly dtype: DataTypeName;
  readonly shape: readonly number[];
  /** Elements from one to the next along each axis, 0 or more. */
  readonly strides: readonly number[];
  /** Elements of the storage before the first. */
  readonly offset: number;
  /** Little-endian; at any address. */
  readonly storage: Uint8Array<ArrayBuffer>;
}

/** How many elements a tensor of a shape has. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Strides of a tensor whose elements lie without gaps, the last axis fastest. */
export function contiguousStrides(shape: readonly number[]): number[] {
  let step = 1;
  return shape.toReversed().map((extent) => {
    const stride = step;
    step *= Math.max(1, extent);
    return stride;
  }).reverse();
}

/**
 * Elements `from` to `to` in the order of indices, the last axis fastest, without gaps.
 *
 * @returns Little-endian, at an address that is a multiple of the element's size; not copied where that can be avoided.
 */
export function elementBytes(
  tensor: StoredTensor,
  from = 0,
  to: number = elementCount(tensor.shape),
): Uint8Array<ArrayBuffer> {
  const { bytes } = DATA_TYPES[tensor.dtype];
  if (isContiguous(tensor)) {
    const start = (tensor.offset + from) * bytes;
    return aligned(tensor.storage.subarray(start, start + (to - from) * bytes), bytes);
  }
  const out = new Uint8Array((to - from) * bytes);
  // Elements of 16 bytes are moved as two of 8.
  const width = Math.min(8, bytes), parts = bytes / width;
  const target = words(out, width), source = words(aligned(tensor.storage, width), width);
  eachRun(tensor, from, to, (start, stride, count, at) => {
    for (let i = 0; i < count; i++) {
      for (let part = 0; part < parts; part++) {
        target[(at + i) * parts + part] = source[(start + i * stride) * parts + part]!;
      }
    }
  });
  return out;
}

/**
 * A tensor's elements as f32, in pieces that bound the memory needed.
 *
 * @throws {WeightsError} If they are complex.
 */
export function* float32Pieces(
  tensor: StoredTensor,
  elements = 1 << 20,
): Generator<Float32Array<ArrayBuffer>> {
  const count = elementCount(tensor.shape);
  for (let from = 0; from < count; from += elements) {
    const piece = toFloat32(elementBytes(tensor, from, Math.min(count, from + elements)), tensor.dtype);
    if (!piece) throw new WeightsError(`it is ${tensor.dtype}, and no f32 stands for a complex number`);
    yield piece;
  }
}

/**
 * The tensor as f32.
 *
 * @throws {WeightsError} If it is complex.
 */
export function hostTensor(tensor: StoredTensor): HostTensor {
  const count = elementCount(tensor.shape);
  const [values = new Float32Array()] = float32Pieces(tensor, Math.max(1, count));
  return { shape: tensor.shape, values };
}

function isContiguous({ shape, strides }: StoredTensor): boolean {
  const wanted = contiguousStrides(shape);
  return shape.every((extent, axis) => extent === 1 || strides[axis] === wanted[axis]) || shape.includes(0);
}

/** The same bytes at an address that is a multiple of `bytes`. */
function aligned(data: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  return data.byteOffset % bytes === 0 ? data : data.slice();
}

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

function words(data: Uint8Array<ArrayBuffer>, width: number): { [index: number]: number | bigint } & Words {
  const Type = width === 1
    ? Uint8Array
    : width === 2
    ? Uint16Array
    : width === 4
    ? Uint32Array
    : BigUint64Array;
  return new Type(data.buffer, data.byteOffset, Math.floor(data.length / width)) as never;
}

/** Visits the runs along the last axis that elements `from` to `to` consist of. */
function eachRun(
  { shape, strides, offset }: StoredTensor,
  from: number,
  to: number,
  visit: (start: number, stride: number, count: number, at: number) => void,
): void {
  const last = shape.at(-1) ?? 1;
  const stride = strides.at(-1) ?? 0;
  for (let index = from; index < to;) {
    const inRow = index % last;
    let start = offset + inRow * stride;
    let rest = Math.floor(index / last);
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const extent = shape[axis]!;
      start += (rest % extent) * strides[axis]!;
      rest = Math.floor(rest / extent);
    }
    const count = Math.min(last - inRow, to - index);
    visit(start, stride, count, index - from);
    index += count;
  }
}
