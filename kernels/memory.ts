/** Memory that outlives a step: made, written and read by the host. @module */
import { checkBufferSize, type Device } from "./device.ts";
import { DeviceError } from "./errors.ts";
import { UPLOADED_AT_ONCE } from "./grantable.ts";
import { ALIGNMENT, makeTensor, roundUp, type Tensor, type TensorSpec } from "./tensor.ts";

/** Memory that outlives a step. */
export interface Allocation {
  /** In the order of the tensors; one where the device grants one so large. */
  readonly buffers: readonly { readonly buffer: GPUBuffer; readonly bytes: number }[];
  /** Of all buffers. */
  readonly bytes: number;
  readonly tensors: readonly Tensor[];
  free(): void;
}

/**
 * Makes room for tensors that outlive a step, one after another in zeroed buffers, the next where one is full: equal sizes lie
 * equally.
 *
 * @throws {DeviceError} If a tensor is larger than a buffer.
 */
export function allocate(device: Device, label: string, specs: readonly TensorSpec[]): Allocation {
  const sizes = [0];
  const places = specs.map((spec) => {
    const { bytes } = makeTensor(spec), taken = roundUp(bytes, ALIGNMENT);
    checkBufferSize(device, specs.length > 1 ? `${spec.label} of ${label}` : label, bytes);
    if (sizes.at(-1)! + taken > device.facts.bufferBytes) sizes.push(0);
    const at = sizes.length - 1, offset = sizes[at]!;
    sizes[at] = offset + taken;
    return { at, offset };
  });
  const buffers = sizes.map((bytes) => ({
    buffer: device.buffer(label, Math.max(bytes, ALIGNMENT)),
    bytes,
  }));
  return {
    buffers,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    tensors: specs.map((spec, i) => {
      const { at, offset } = places[i]!;
      return makeTensor({ ...spec, home: { buffer: buffers[at]!.buffer, offset } });
    }),
    free() {
      for (const { buffer } of buffers) buffer.destroy();
    },
  };
}

/** Copies bytes to a tensor that has a home; they are on the device before the next submitted work starts. */
export function upload(
  device: Device,
  tensor: Tensor,
  data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): void {
  if (!tensor.home || data.byteLength > tensor.bytes) {
    throw new DeviceError(
      `Cannot upload ${data.byteLength} bytes to ${tensor.label}: it ` +
        (tensor.home ? `holds ${tensor.bytes}` : "lives in a workspace"),
    );
  }
  const { queue } = device.gpu, { buffer, offset } = tensor.home, width = data.BYTES_PER_ELEMENT;
  // Deno ends the process on a write of no bytes.
  for (let at = 0; at < data.byteLength;) {
    const before = waiting.get(queue) ?? 0;
    const bytes = Math.min(data.byteLength - at, UPLOADED_AT_ONCE - before);
    queue.writeBuffer(buffer, offset + at, data, at / width, bytes / width);
    at += bytes;
    if (before + bytes === UPLOADED_AT_ONCE) queue.submit([]);
    waiting.set(queue, (before + bytes) % UPLOADED_AT_ONCE);
  }
}

/** Bytes uploaded since it was last seen to that they are copied. */
const waiting = new WeakMap<GPUQueue, number>();

/**
 * Reads tensors back, all in one wait where a buffer holds them all.
 *
 * A wait costs some 10 ms under Deno and drains the device, so a step does not read; it asks for all it wants at once.
 *
 * @returns For each tensor its stored elements, padding included.
 */
export async function readBack(
  device: Device,
  tensors: readonly Tensor[],
): Promise<Float32Array<ArrayBuffer>[]> {
  const groups: { bytes: number; readonly tensors: Tensor[] }[] = [];
  for (const tensor of tensors) {
    const last = groups.at(-1);
    if (last && last.bytes + tensor.bytes <= device.facts.bufferBytes) {
      last.tensors.push(tensor);
      last.bytes += tensor.bytes;
    } else groups.push({ bytes: tensor.bytes, tensors: [tensor] });
  }
  const read = [];
  for (const { bytes, tensors } of groups) read.push(...await readTogether(device, tensors, bytes));
  return read;
}

async function readTogether(
  device: Device,
  tensors: readonly Tensor[],
  bytes: number,
): Promise<Float32Array<ArrayBuffer>[]> {
  const staging = device.buffer("read-back", bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  try {
    const encoder = device.gpu.createCommandEncoder();
    let at = 0;
    for (const tensor of tensors) {
      if (!tensor.home) {
        throw new DeviceError(`Cannot read ${tensor.label}: it lives in a workspace; keep it first`);
      }
      encoder.copyBufferToBuffer(tensor.home.buffer, tensor.home.offset, staging, at, tensor.bytes);
      at += tensor.bytes;
    }
    device.gpu.queue.submit([encoder.finish()]);
    await mapped(device, staging);
    const whole = staging.getMappedRange();
    at = 0;
    return tensors.map((tensor) => new Float32Array(whole.slice(at, at += tensor.bytes)));
  } finally {
    staging.destroy();
  }
}

/** Maps a buffer for reading; what the device has to report comes before what the buffer says. */
async function mapped(device: Device, buffer: GPUBuffer): Promise<void> {
  let refusal: unknown;
  try {
    await buffer.mapAsync(GPUMapMode.READ);
  } catch (error) {
    refusal = error;
    // Reports arrive as tasks of their own.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  device.check();
  if (refusal !== undefined) {
    const reason = refusal instanceof Error ? refusal.message : refusal;
    throw new DeviceError(`Cannot read from the device: ${reason}`, { cause: refusal });
  }
}

/** The same bytes seen as unsigned integers. */
export function asUint32(data: Float32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}

/** Reads all bytes of tensors, one after another. */
export async function readBytes(
  device: Device,
  tensors: readonly Tensor[],
): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(tensors.reduce((sum, { bytes }) => sum + bytes, 0));
  let at = 0;
  for (const { buffer } of await readBack(device, tensors)) {
    all.set(new Uint8Array(buffer), at);
    at += buffer.byteLength;
  }
  return all;
}

/** Writes what {@linkcode readBytes} gave of tensors of these sizes. */
export function writeBytes(
  device: Device,
  tensors: readonly Tensor[],
  { buffer, byteOffset }: Uint8Array<ArrayBuffer>,
): void {
  let at = byteOffset;
  for (const tensor of tensors) {
    upload(device, tensor, new Uint32Array(buffer, at, tensor.bytes / 4));
    at += tensor.bytes;
  }
}
