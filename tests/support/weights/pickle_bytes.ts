/** Pickles written opcode by opcode, so that a test can write any file that PyTorch would, and those that it would not. */
import { join } from "./bytes.ts";

/** Part of a pickle: its bytes. */
export type Part = readonly number[];

const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const little = (value: number | bigint, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => Number(BigInt(value) >> BigInt(8 * i) & 255n));

/** MARK. */
export const mark = 0x28;

/** A text of protocol 2. */
export const text = (value: string): Part => {
  const bytes = utf8(value);
  return [0x58, ...little(bytes.length, 4), ...bytes];
};

/** An integer. */
export const integer = (value: number | bigint): Part =>
  BigInt.asIntN(32, BigInt(value)) === BigInt(value)
    ? [0x4a, ...little(BigInt.asUintN(32, BigInt(value)), 4)]
    : [0x8a, 10, ...little(value, 10)];

/** A float. */
export const float = (value: number): Part => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [0x47, ...new Uint8Array(view.buffer)];
};

/** None, True, False. */
export const none: Part = [0x4e], yes: Part = [0x88], no: Part = [0x89];

/** A tuple. */
export const tuple = (...items: readonly Part[]): Part => [mark, ...items.flat(), 0x74];

/** A list. */
export const list = (...items: readonly Part[]): Part => [0x5d, mark, ...items.flat(), 0x65];

/** A dictionary. */
export const dict = (entries: Readonly<Record<string, Part>>): Part => [0x7d, ...items(entries)];

/** SETITEMS on what is on the stack. */
export const items = (entries: Readonly<Record<string, Part>>): Part => [
  mark,
  ...Object.entries(entries).flatMap(([key, value]) => [...text(key), ...value]),
  0x75,
];

/** A class or function by name. */
export const global = (module: string, name: string): Part => [0x63, ...utf8(`${module}\n${name}\n`)];

/** A call. */
export const call = (what: Part, ...args: readonly Part[]): Part => [...what, ...tuple(...args), 0x52];

/** State given to an object. */
export const build = (target: Part, state: Part): Part => [...target, ...state, 0x62];

/** An ordered dictionary. */
export const ordered = (entries: Readonly<Record<string, Part>>): Part => [
  ...global("collections", "OrderedDict"),
  0x29,
  0x52,
  ...items(entries),
];

/** What a persistent id stands for. */
export const persistent = (id: Part): Part => [...id, 0x51];

/** A storage, in the zip form or, with a view, in the legacy one. */
export const storage = (type: Part | string, key: string, count: number, ...view: readonly Part[]): Part =>
  persistent(
    tuple(
      text("storage"),
      typeof type === "string" ? global("torch", `${type}Storage`) : type,
      text(key),
      text("cpu"),
      integer(count),
      ...view,
    ),
  );

/** A tensor of `_rebuild_tensor_v2`. */
export const tensor = (
  of: Part,
  shape: readonly number[],
  { strides = contiguous(shape), offset = 0 }: { strides?: readonly number[]; offset?: number } = {},
): Part =>
  call(
    global("torch._utils", "_rebuild_tensor_v2"),
    of,
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    no,
    ordered({}),
  );

/** Strides without gaps. */
export function contiguous(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
}

/** A whole pickle. */
export const pickle = (value: Part, protocol = 2): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([0x80, protocol, ...value, 0x2e]);

/** A legacy file: its value, and its storages in order. */
export function legacyFile(
  value: Part,
  storages: Readonly<Record<string, { readonly count: number; readonly data: Uint8Array }>>,
): Uint8Array<ArrayBuffer> {
  return join([
    pickle([0x8a, 10, ...little(0x1950a86a20f9469cfc6cn, 10)]),
    pickle(integer(1001)),
    pickle(dict({ protocol_version: integer(1001), little_endian: yes })),
    pickle(value),
    pickle(list(...Object.keys(storages).map(text))),
    ...Object.values(storages).flatMap(({ count, data }) => [Uint8Array.from(little(count, 8)), data]),
  ]);
}
