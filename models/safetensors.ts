import { DATA_TYPES, dataType, type DataTypeName } from "./dtypes.ts";
import { WeightsError } from "./errors.ts";
import type { StateDict } from "./state_dict.ts";
import { contiguousStrides, elementBytes, elementCount, type StoredTensor } from "./stored_tensor.ts";

/** A header larger than this is refused: it would be that of 100,000 tensors. */
const MAX_HEADER_BYTES = 16 << 20;

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Encodes f32 tensors as {@linkcode encodeStoredTensors} does.
 */
export function encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return encodeStoredTensors(
    new Map([...state].map(([name, { shape, values }]) => {
      const storage = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return [name, { dtype: "float32", shape, strides: contiguousStrides(shape), offset: 0, storage }];
    })),
    metadata,
  );
}

/**
 * Encodes tensors: 8 bytes of header length, a JSON header, the raw little-endian data.
 *
 * Tensors keep the map's order; `metadata` values are strings. The header is padded with spaces to a multiple of 8 bytes.
 *
 * @throws {WeightsError} If a tensor is complex, which the format has no name for.
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeStoredTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  // No prototype: a tensor may be called "__proto__".
  const header: Record<string, HeaderEntry | Record<string, string>> = Object.create(null);
  if (Object.keys(metadata).length) header["__metadata__"] = { ...metadata };
  let end = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const { safetensors, bytes } = dataType(dtype);
    if (safetensors === undefined) {
      throw new WeightsError(
        `Cannot write "${name}" as safetensors: the format has no name for ${dtype}. Write .pth instead`,
      );
    }
    if (name === "__metadata__") {
      throw new WeightsError(
        'Cannot write a tensor called "__metadata__" as safetensors: the format keeps this name for itself',
      );
    }
    const length = elementCount(shape) * bytes;
    header[name] = { dtype: safetensors, shape: [...shape], data_offsets: [end, end += length] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(start + end);
  out.fill(0x20, 8, start);
  out.set(text, 8);
  new DataView(out.buffer).setBigUint64(0, BigInt(start - 8), true);
  let at = start;
  for (const tensor of tensors.values()) {
    const data = elementBytes(tensor);
    out.set(data, at);
    at += data.length;
  }
  return out;
}

/**
 * Parses a file; its data is not copied.
 *
 * @throws {WeightsError} With the reason alone: the header is malformed, an offset lies outside, a size contradicts a shape, a
 *   dtype is not known, or the tensors do not cover the data exactly.
 */
export function parseSafetensors(
  bytes: Uint8Array<ArrayBuffer>,
): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  const fail = (reason: string): never => {
    throw new WeightsError(reason);
  };
  if (bytes.length < 8) {
    fail(`it has ${bytes.length} bytes, and a safetensors file starts with 8 of header length`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length) {
    fail(
      `it claims a header of ${length} bytes, and the file has ${bytes.length}; ${MAX_HEADER_BYTES} is the most there may be`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    fail(`its header is not JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!isRecord(header)) return fail("its header is not a JSON object");
  const data = bytes.subarray(8 + length);
  const tensors = new Map<string, StoredTensor>();
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
    const { dtype: type, shape, data_offsets: offsets } = value as Partial<HeaderEntry>;
    const dtype = typeNames.get(type);
    if (dtype === undefined) {
      return fail(`tensor "${key}" is ${type}, and only ${[...typeNames.keys()].join(", ")} are understood`);
    }
    if (!isExtents(shape)) return fail(`tensor "${key}" has no valid shape`);
    if (!isExtents(offsets) || offsets.length !== 2) {
      return fail(`tensor "${key}" has no valid data_offsets`);
    }
    const [from, to] = offsets as [number, number];
    if (to > data.length || to - from !== elementCount(shape) * DATA_TYPES[dtype].bytes) {
      fail(`tensor "${key}" [${shape}] claims bytes ${from} to ${to} of ${data.length}`);
    }
    parts.push({ key, from, to });
    tensors.set(key, {
      dtype,
      shape,
      strides: contiguousStrides(shape),
      offset: 0,
      storage: data.subarray(from, to),
    });
  }
  // As in the reference implementation, the tensors cover the data once: nothing is shared, and nothing hides in between.
  let end = 0;
  for (const { key, from, to } of parts.sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) fail(`tensor "${key}" starts at byte ${from} of the data, and ${end} is next`);
    end = to;
  }
  if (end !== data.length) fail(`its tensors end at byte ${end} of the data, and ${data.length} are there`);
  return { tensors, metadata };
}

const typeNames: ReadonlyMap<unknown, DataTypeName> = new Map(
  (Object.keys(DATA_TYPES) as DataTypeName[]).flatMap((name) => {
    const { safetensors } = dataType(name);
    return safetensors === undefined ? [] : [[safetensors, name] as const];
  }),
);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isExtents(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
}
