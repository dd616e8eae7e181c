/** Element types of tensors in weight files, by PyTorch's names, and what their elements are as f32. @module */

/** How a type's elements are stored, and what other tools call it. */
export interface DataType {
  /** Bytes of one element. */
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  /** Name in a safetensors header; undefined where that format has none. */
  readonly safetensors?: string;
  /** Class of a PyTorch storage, without `Storage`; undefined for types that PyTorch keeps in untyped storages. */
  readonly storage?: string;
}

/** Every type that is understood. */
export const DATA_TYPES = {
  float64: { bytes: 8, safetensors: "F64", storage: "Double" },
  float32: { bytes: 4, safetensors: "F32", storage: "Float" },
  float16: { bytes: 2, safetensors: "F16", storage: "Half" },
  bfloat16: { bytes: 2, safetensors: "BF16", storage: "BFloat16" },
  float8_e4m3fn: { bytes: 1, safetensors: "F8_E4M3" },
  float8_e5m2: { bytes: 1, safetensors: "F8_E5M2" },
  int64: { bytes: 8, safetensors: "I64", storage: "Long" },
  int32: { bytes: 4, safetensors: "I32", storage: "Int" },
  int16: { bytes: 2, safetensors: "I16", storage: "Short" },
  int8: { bytes: 1, safetensors: "I8", storage: "Char" },
  uint64: { bytes: 8, safetensors: "U64" },
  uint32: { bytes: 4, safetensors: "U32" },
  uint16: { bytes: 2, safetensors: "U16" },
  uint8: { bytes: 1, safetensors: "U8", storage: "Byte" },
  bool: { bytes: 1, safetensors: "BOOL", storage: "Bool" },
  complex64: { bytes: 8, storage: "ComplexFloat" },
  complex128: { bytes: 16, storage: "ComplexDouble" },
} as const satisfies Record<string, DataType>;

/** Name of a type, as PyTorch's `torch.<name>`. */
export type DataTypeName = keyof typeof DATA_TYPES;

/** A type by its name; the same facts as {@linkcode DATA_TYPES}, with what may be absent said so. */
export function dataType(name: DataTypeName): DataType {
  return DATA_TYPES[name];
}

/** Whether a name is that of a type. */
export function isDataTypeName(name: string): name is DataTypeName {
  return Object.hasOwn(DATA_TYPES, name);
}

/**
 * Elements as f32, rounded to nearest even as PyTorch's `.float()` does; undefined for complex types.
 *
 * @param bytes Little-endian, at an address that is a multiple of the element's size.
 * @returns f32 data is not copied.
 */
export function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: DataTypeName,
): Float32Array<ArrayBuffer> | undefined {
  const { buffer, byteOffset } = bytes;
  const count = bytes.length / DATA_TYPES[dtype].bytes;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "float64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "float16":
      return fromBits(new Uint16Array(buffer, byteOffset, count), (bits) => smallFloat(bits, 5, 10));
    case "bfloat16":
      return fromBits(new Uint16Array(buffer, byteOffset, count), (bits) => bits << 16);
    case "float8_e5m2":
      return fromBits(bytes, (bits) => smallFloat(bits, 5, 2));
    case "float8_e4m3fn":
      // No infinities: the one pattern of all ones is NaN, and the other patterns of the last exponent are numbers.
      return fromBits(bytes, (bits) => (bits & 0x7f) === 0x7f ? 0x7fc00000 : smallFloat(bits, 4, 3, false));
    case "int64":
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, count), nearest);
    case "uint64":
      return Float32Array.from(new BigUint64Array(buffer, byteOffset, count), nearest);
    case "int32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "uint32":
      return Float32Array.from(new Uint32Array(buffer, byteOffset, count));
    case "int16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "uint16":
      return Float32Array.from(new Uint16Array(buffer, byteOffset, count));
    case "int8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "uint8":
      return Float32Array.from(bytes);
    case "bool":
      return Float32Array.from(bytes, (value) => value === 0 ? 0 : 1);
    case "complex64":
    case "complex128":
      return undefined;
  }
}

/** f32 values from their bit patterns, so that NaNs keep their payload. */
function fromBits(
  stored: Uint8Array | Uint16Array,
  bitsOf: (stored: number) => number,
): Float32Array<ArrayBuffer> {
  const out = new Uint32Array(stored.length);
  for (let i = 0; i < stored.length; i++) out[i] = bitsOf(stored[i]!);
  return new Float32Array(out.buffer);
}

/** The f32 pattern of an IEEE-like float of sign, exponent and mantissa bits; exact, as f32 holds all of them. */
function smallFloat(bits: number, exponentBits: number, mantissaBits: number, infinities = true): number {
  const sign = bits >>> (exponentBits + mantissaBits) << 31;
  const most = (1 << exponentBits) - 1;
  let exponent = bits >>> mantissaBits & most;
  let mantissa = bits & (1 << mantissaBits) - 1;
  // A NaN becomes a quiet one, as the hardware's conversion makes it.
  const quiet = mantissa ? 0x400000 : 0;
  if (exponent === most && infinities) return sign | 0x7f800000 | quiet | mantissa << (23 - mantissaBits);
  if (exponent === 0) {
    if (mantissa === 0) return sign;
    for (exponent = 1; mantissa < 1 << mantissaBits; exponent--) mantissa *= 2;
    mantissa -= 1 << mantissaBits;
  }
  return sign | exponent - (most >> 1) + 127 << 23 | mantissa << (23 - mantissaBits);
}

/** A 64-bit integer as the nearest f32: what f64 cannot hold is kept as a sticky bit, so that it is rounded once. */
function nearest(value: bigint): number {
  const high = BigInt.asIntN(53, value) === value
    ? value
    : (value >> 12n << 12n) | (value & 0xfffn ? 0x800n : 0n);
  return Number(high);
}
