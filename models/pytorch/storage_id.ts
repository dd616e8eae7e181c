import { WeightsError } from "../errors.ts";
import { isExtent, storageType } from "./globals.ts";
import { Global, StorageRef, Tuple, type Value } from "./values.ts";

/**
 * The storage that a persistent id stands for: `("storage", class, key, device, elements)`, in the legacy format followed by
 * null or `(key of the view, first element, elements)`.
 *
 * @throws {WeightsError} If it stands for anything else.
 */
export function storageOf(id: Value): StorageRef {
  const [kind, type, key, , count, view] = id instanceof Tuple ? id.items : [];
  if (kind === "module") {
    throw new WeightsError(
      "it holds a whole model, whose code would have to be run. Save model.state_dict() with PyTorch instead",
    );
  }
  const dtype = type instanceof Global ? storageType(type.name) : undefined;
  if (kind !== "storage" || dtype === undefined || typeof key !== "string" || !isExtent(count)) {
    throw new WeightsError("its pickle refers to something outside of it that is no storage");
  }
  if (view === undefined || view === null) return new StorageRef(key, dtype ?? undefined, count);
  const [, first, length] = view instanceof Tuple ? view.items : [];
  if (!isExtent(first) || !isExtent(length) || first + length > count) {
    throw new WeightsError(
      `its pickle has a view that leaves storage "${key.slice(0, 40)}" of ${count} elements`,
    );
  }
  return new StorageRef(key, dtype ?? undefined, count, first, length);
}
