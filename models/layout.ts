import { padded } from "../kernels/tensor.ts";

/**
 * PyTorch's order of a tensor's elements ↔ the device's.
 *
 * A convolution's weights are [out, in, kh, kw] in a state dict and [kh, kw, in, out], channels padded with zeros to
 * multiples of 4, on the device; vectors are only padded.
 */
export function toDevice(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(deviceLength(shape));
  eachElement(shape, (torch, device) => out[device] = values[torch]!);
  return out;
}

/** The inverse of {@linkcode toDevice}. */
export function fromDevice(stored: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  eachElement(shape, (torch, device) => out[torch] = stored[device]!);
  return out;
}

/** The device's [kh, kw, in, out] for PyTorch's [out, in, kh, kw]; vectors stay. */
export function deviceShape(shape: readonly number[]): number[] {
  return shape.length === 4 ? [shape[2]!, shape[3]!, shape[1]!, shape[0]!] : [...shape];
}

function deviceLength(shape: readonly number[]): number {
  if (shape.length !== 4) return padded(shape[0]!);
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  return height * width * padded(inputs) * padded(outputs);
}

function eachElement(shape: readonly number[], visit: (torch: number, device: number) => void): void {
  if (shape.length !== 4) {
    for (let i = 0; i < shape[0]!; i++) visit(i, i);
    return;
  }
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  const taps = height * width, pitch = padded(outputs), rows = padded(inputs);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let t = 0; t < taps; t++) visit((o * inputs + i) * taps + t, (t * rows + i) * pitch + o);
    }
  }
}
