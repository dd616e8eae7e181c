/** Files that `torch.load` reads, with and without `weights_only`, from PyTorch 1.6 on. @module */
import { DATA_TYPES, dataType, type DataTypeName } from "../dtypes.ts";
import { elementBytes, elementCount, type StoredTensor } from "../stored_tensor.ts";
import { contiguousStrides } from "../stored_tensor.ts";
import { writeZip, type ZipFile } from "./zip_writer.ts";

/** Name of the archive's folder; PyTorch takes any. */
const ROOT = "archive";

/**
 * Encodes a state dict: an ordered dictionary of tensors by name, in the map's order, contiguous and on the CPU.
 *
 * @throws {WeightsError} If it would be of 4 GiB or more.
 */
export function encodePytorch(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array<ArrayBuffer> {
  const text = (name: string, value: string): ZipFile => ({
    name: `${ROOT}/${name}`,
    data: new TextEncoder().encode(value),
  });
  const storages = [...tensors.values()].map((tensor, i): ZipFile => ({
    name: `${ROOT}/data/${i}`,
    data: elementBytes(tensor),
  }));
  return writeZip([
    { name: `${ROOT}/data.pkl`, data: pickleOf(tensors) },
    text("byteorder", "little"),
    ...storages,
    text("version", "3\n"),
  ]);
}

/** The pickle, of protocol 2. */
function pickleOf(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array<ArrayBuffer> {
  const out = new PickleWriter();
  out.code(0x80, 2);
  out.emptyOrderedDict();
  out.code(0x28); // MARK
  let index = 0;
  for (const [name, { dtype, shape }] of tensors) {
    out.text(name);
    writeTensor(out, `${index++}`, dtype, shape);
  }
  out.code(0x75, 0x2e); // SETITEMS, STOP
  return out.bytes();
}

function writeTensor(out: PickleWriter, key: string, dtype: DataTypeName, shape: readonly number[]): void {
  const { storage } = dataType(dtype);
  const count = elementCount(shape);
  // Types since PyTorch 2.1 have no storage class of their own.
  out.global("torch._utils", storage ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  out.code(0x28);
  out.code(0x28);
  out.text("storage");
  if (storage) out.global("torch", `${storage}Storage`);
  else out.global("torch.storage", "UntypedStorage");
  out.text(key);
  out.text("cpu");
  out.integer(storage ? count : count * DATA_TYPES[dtype].bytes);
  out.code(0x74, 0x51); // TUPLE, BINPERSID
  out.integer(0);
  out.tuple(shape);
  out.tuple(contiguousStrides(shape));
  out.code(0x89); // requires_grad: false
  out.emptyOrderedDict();
  if (!storage) out.global("torch", dtype);
  out.code(0x74, 0x52); // TUPLE, REDUCE
}

/** Writes opcodes one after another. */
class PickleWriter {
  #out = new Uint8Array(1 << 12);
  #length = 0;

  code(...bytes: readonly number[]): void {
    this.#append(Uint8Array.from(bytes));
  }

  global(module: string, name: string): void {
    this.code(0x63);
    this.#append(new TextEncoder().encode(`${module}\n${name}\n`));
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.code(0x58, ...bytesOf(encoded.length, 4));
    this.#append(encoded);
  }

  integer(value: number): void {
    if (value < 2 ** 31) this.code(0x4a, ...bytesOf(value, 4));
    else this.code(0x8a, 8, ...bytesOf(value, 8));
  }

  tuple(values: readonly number[]): void {
    this.code(0x28);
    for (const value of values) this.integer(value);
    this.code(0x74);
  }

  emptyOrderedDict(): void {
    this.global("collections", "OrderedDict");
    this.code(0x29, 0x52); // EMPTY_TUPLE, REDUCE
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#out.slice(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#out.length) {
      const grown = new Uint8Array(2 * (this.#length + bytes.length));
      grown.set(this.#out.subarray(0, this.#length));
      this.#out = grown;
    }
    this.#out.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** A whole number, the lowest byte first. */
function bytesOf(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** i) % 256);
}
