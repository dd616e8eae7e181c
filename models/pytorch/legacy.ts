/** Files of `torch.save` before PyTorch 1.6, and since then on request: pickles one after another, then the storages. @module */
import { DATA_TYPES } from "../dtypes.ts";
import { WeightsError } from "../errors.ts";
import type { Pickled } from "./archive.ts";
import { Cursor } from "./cursor.ts";
import { readPickle } from "./pickle.ts";
import { storageOf } from "./storage_id.ts";
import { StorageRef, type Value } from "./values.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * Opens a legacy file: the magic number, the protocol's version, facts of the machine, the value, the keys of its storages,
 * each a pickle; then for each key the number of elements (i64) and the elements, little-endian on every machine.
 *
 * @throws {WeightsError} If it is something else, or damaged.
 */
export function openLegacy(bytes: Uint8Array<ArrayBuffer>): Pickled {
  const cursor = new Cursor(bytes);
  if (readPickle(cursor, storageOf) !== MAGIC) {
    throw new WeightsError(
      "it is a pickle, but not one of torch.save: PyTorch's magic number is not where it should be",
    );
  }
  const protocol = readPickle(cursor, storageOf);
  if (protocol !== PROTOCOL) {
    throw new WeightsError(
      `it is of PyTorch's legacy protocol ${shown(protocol)}, and ${PROTOCOL} is the one that is known`,
    );
  }
  readPickle(cursor, storageOf);
  const refs = new Map<string, StorageRef>();
  const value = readPickle(cursor, (id) => {
    const ref = storageOf(id);
    const before = refs.get(ref.key);
    if (before && (before.dtype !== ref.dtype || before.count !== ref.count)) {
      throw new WeightsError(`its pickle refers to storage "${ref.key.slice(0, 40)}" in two ways`);
    }
    refs.set(ref.key, ref);
    return ref;
  });
  const keys = readPickle(cursor, storageOf);
  if (!Array.isArray(keys)) throw new WeightsError("it lacks the list of its storages");
  const storages = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const key of keys) {
    const ref = typeof key === "string" ? refs.get(key) : undefined;
    if (!ref || storages.has(ref.key)) {
      throw new WeightsError(
        `its list of storages names ${shown(key)}, which ${ref ? "was there before" : "nothing refers to"}`,
      );
    }
    const count = cursor.uint64();
    if (count !== ref.count) {
      throw new WeightsError(
        `its storage "${ref.key}" has ${count} elements, and the pickle claims ${ref.count}`,
      );
    }
    storages.set(ref.key, cursor.take(count * (ref.dtype === undefined ? 1 : DATA_TYPES[ref.dtype].bytes)));
  }
  return {
    value,
    storage(ref) {
      const found = storages.get(ref.key);
      return found
        ? Promise.resolve(found)
        : Promise.reject(new WeightsError(`it lacks the storage "${ref.key}" that its pickle refers to`));
    },
  };
}

function shown(value: Value): string {
  return typeof value === "string" || typeof value === "number"
    ? `"${String(value).slice(0, 40)}"`
    : "no text";
}
