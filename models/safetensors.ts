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
 * @throws {WeightsError} If the header is malformed, an offset lies outside, a size contradicts a shape, a dtype is not F32,
 *   or the tensors do not cover the data exactly.
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
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    fail(`its header is not JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!isRecord(header)) return fail("its header is not a JSON object");
  const data = bytes.subarray(8 + length);
  const state: StateDict = new Map();
  const parts: { key: string; from: number; to: number }[] = [];
  let metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(header)) {
    if (!isRecord(value)) return fail(`its entry "${key}" is not a JSON object`);
    if (key === "__metadata__") {
      if (Object.values(value).some((text) => typeof text !== "string")) {
        fail("its __metadata__ holds something that is not a string");
      }
      metadata = value as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = value as Partial<HeaderEntry>;
    if (dtype !== "F32") fail(`tensor "${key}" is ${dtype}, and only F32 is understood`);
    if (!isExtents(shape)) return fail(`tensor "${key}" has no valid shape`);
    if (!isExtents(offsets) || offsets.length !== 2) {
      return fail(`tensor "${key}" has no valid data_offsets`);
    }
    const [from, to] = offsets as [number, number];
    const count = shape.reduce((product, extent) => product * extent, 1);
    if (to > data.length || to - from !== 4 * count) {
      fail(`tensor "${key}" [${shape}] claims bytes ${from} to ${to} of ${data.length}`);
    }
    parts.push({ key, from, to });
    // A copy, as the data need not be aligned.
    state.set(key, { shape, values: new Float32Array(data.slice(from, to).buffer) });
  }
  // As in the reference implementation, the tensors cover the data once: nothing is shared, and nothing hides in between.
  let end = 0;
  for (const { key, from, to } of parts.sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) fail(`tensor "${key}" starts at byte ${from} of the data, and ${end} is next`);
    end = to;
  }
  if (end !== data.length) fail(`its tensors end at byte ${end} of the data, and ${data.length} are there`);
  return { state, metadata };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isExtents(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
}
