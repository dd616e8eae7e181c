/** What a pickle may hold once read: plain values, tensors, and things that are kept shut. @module */
import type { DataTypeName } from "../dtypes.ts";

/** A storage that a pickle refers to; its bytes lie elsewhere in the file. */
export class StorageRef {
  /**
   * @param key Its name in the file.
   * @param dtype Type of its elements; undefined for an untyped storage, which counts bytes.
   * @param count Elements of the whole storage.
   * @param first Elements before the part that is meant.
   * @param length Elements of that part.
   */
  constructor(
    readonly key: string,
    readonly dtype: DataTypeName | undefined,
    readonly count: number,
    readonly first: number = 0,
    readonly length: number = count,
  ) {}
}

/** A tensor: a view of a storage, seen to lie within it. */
export class TensorRef {
  /** @param offset Elements of the whole storage before the tensor's first. */
  constructor(
    readonly storage: StorageRef,
    readonly dtype: DataTypeName,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** A Python tuple. */
export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A class or function that a pickle names and that is known; it stands for itself and is never Python's. */
export class Global {
  /** @param name Module and name, e.g. `torch._utils._rebuild_tensor_v2`. */
  constructor(readonly name: string) {}
}

/** A harmless object of which nothing is kept but what it is: a date, a set, a NumPy number. */
export class Opaque {
  constructor(readonly name: string) {}
}

/** Anything a pickle may hold. Dictionaries are maps; lists are arrays. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array<ArrayBuffer>
  | Tuple
  | Value[]
  | Map<Value, Value>
  | StorageRef
  | TensorRef
  | Global
  | Opaque;
