/** Files of `torch.save` since PyTorch 1.6: a zip archive with one pickle, and each storage as a file. @module */
import { DATA_TYPES, dataType } from "../dtypes.ts";
import { WeightsError } from "../errors.ts";
import { Cursor, utf8 } from "./cursor.ts";
import { readPickle } from "./pickle.ts";
import { storageOf } from "./storage_id.ts";
import { StorageRef, type Value } from "./values.ts";
import { readZipDirectory, ZipReader } from "./zip.ts";

/** A pickled value, and the way to the bytes of the storages that it refers to. */
export interface Pickled {
  readonly value: Value;
  /** The whole storage, little-endian. */
  readonly storage: (ref: StorageRef) => Promise<Uint8Array<ArrayBuffer>>;
}

/** A pickle of weights is small: names, shapes and strides. */
const MOST_PICKLE_BYTES = 64 << 20;

/**
 * Opens an archive. Storages are unpacked when they are asked for, once.
 *
 * @param budget Bytes that what is deflated may unpack to.
 * @throws {WeightsError} If it is no archive of `torch.save`, or is damaged.
 */
export async function openArchive(bytes: Uint8Array<ArrayBuffer>, budget: number): Promise<Pickled> {
  const entries = readZipDirectory(bytes);
  const pickles = [...entries.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new WeightsError(
      `it is a zip archive with ${pickles.length} entries called data.pkl, and torch.save writes one`,
    );
  }
  const root = pickles[0]!.slice(0, -"data.pkl".length);
  if (
    entries.has(`${root}constants.pkl`) || [...entries.keys()].some((name) => name.startsWith(`${root}code/`))
  ) {
    throw new WeightsError(
      "it holds a TorchScript program, which would have to be run. Save model.state_dict() with torch.save instead",
    );
  }
  const zip = new ZipReader(budget);
  const pickle = entries.get(pickles[0]!)!;
  if (pickle.size > MOST_PICKLE_BYTES) {
    throw new WeightsError(
      `its pickle claims ${pickle.size} bytes, and ${MOST_PICKLE_BYTES} is the most that is read`,
    );
  }
  const order = entries.get(`${root}byteorder`);
  const swapped = order !== undefined && order.size <= 16 && utf8(await zip.read(order)).trim() === "big";
  const value = readPickle(new Cursor(await zip.read(pickle)), (id) => {
    const ref = storageOf(id);
    const name = `${root}data/${ref.key}`;
    const entry = entries.get(name);
    if (!entry) throw new WeightsError(`its archive lacks the storage "${name}"`);
    const claimed = ref.count * elementBytesOf(ref);
    if (entry.size !== claimed) {
      throw new WeightsError(
        `its archive's storage "${name}" has ${entry.size} bytes, and the pickle claims ${claimed}`,
      );
    }
    return ref;
  });
  const unpacked = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  return {
    value,
    storage(ref) {
      let found = unpacked.get(ref.key);
      if (!found) {
        found = zip.read(entries.get(`${root}data/${ref.key}`)!);
        if (swapped) found = found.then((data) => reversed(data, elementBytesOf(ref), ref));
        unpacked.set(ref.key, found);
      }
      return found;
    },
  };
}

function elementBytesOf({ dtype }: StorageRef): number {
  return dtype === undefined ? 1 : DATA_TYPES[dtype].bytes;
}

/** Storages of a big-endian machine, in little-endian order. */
function reversed(
  data: Uint8Array<ArrayBuffer>,
  width: number,
  { dtype, key }: StorageRef,
): Uint8Array<ArrayBuffer> {
  if (dtype === undefined) {
    throw new WeightsError(`its storage "${key}" is big-endian and untyped, which is not read`);
  }
  // A complex number is two: each is turned around by itself.
  const part = dataType(dtype).storage?.startsWith("Complex") ? width / 2 : width;
  const out = data.slice();
  for (let at = 0; at < out.length; at += part) out.subarray(at, at + part).reverse();
  return out;
}
