import { WeightsError } from "./errors.ts";
import type { StateDict } from "./state_dict.ts";

/** A header larger than this is refused, as by the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Encodes f32 tensors: 8 bytes of header length, a JSON header, the raw little-endian data.
 *
 * Tensors keep the map's order; `metadata` values are strings. The header is padded with spaces to a multiple of 8 bytes.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(metadata).length) header.__metadata__ = { ...metadata };
  let end = 0;
  for (const [name, { shape, values }] of state) {
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [end, end += values.byteLength] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + end);
  bytes.fill(0x20, 8, start);
  bytes.set(text, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  let at = start;
  for (const { values } of state.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

/**
 * Decodes a file of f32 tensors.
 *
 * @param name What to call the file in errors.
 * @throws {WeightsError} If the header is malformed, an offset lies outside, a size contradicts a shape, or a dtype is not F32.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  name: string,
): { state: StateDict; metadata: Record<string, string> } {
  const fail = (reason: string): never => {
    throw new WeightsError(`Cannot read weights from "${name}": ${reason}`);
  };
  if (bytes.length < 8) {
    fail(`it has ${bytes.length} bytes, and a safetensors file starts with 8 of header length`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length) {
    fail(`it claims a header of ${length} bytes, and the file has ${bytes.length}`);
  }
  let header: Record<string, unknown> = {};
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    fail(`its header is not JSON (${error instanceof Error ? error.message : error})`);
  }
  const data = bytes.subarray(8 + length);
  const state: StateDict = new Map();
  let metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") {
      metadata = value as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: [from, to] = [NaN, NaN] } = value as HeaderEntry;
    if (dtype !== "F32") fail(`tensor "${key}" is ${dtype}, and only F32 is understood`);
    if (!Array.isArray(shape) || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
      fail(`tensor "${key}" has no valid shape`);
    }
    const count = shape.reduce((product, extent) => product * extent, 1);
    if (!(from >= 0 && to <= data.length && to - from === 4 * count)) {
      fail(`tensor "${key}" [${shape}] claims bytes ${from} to ${to} of ${data.length}`);
    }
    // A copy, as the data need not be aligned.
    state.set(key, { shape, values: new Float32Array(data.slice(from, to).buffer) });
  }
  return { state, metadata };
}
