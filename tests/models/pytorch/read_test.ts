import assert from "node:assert/strict";
import { hostTensor } from "../../../models/stored_tensor.ts";
import { readWeights } from "../../../models/weights_file.ts";
import * as p from "../../support/weights/pickle_bytes.ts";
import { bytesOf, torchArchive, zipFile } from "../../support/weights/zip_bytes.ts";

const f32 = (...values: number[]) => bytesOf(Float32Array.from(values));

/** A file's tensors as numbers. */
async function values(
  bytes: Uint8Array<ArrayBuffer>,
  key?: string,
): Promise<Record<string, readonly [string, readonly number[], number[]]>> {
  const { tensors } = await readWeights(bytes, "it", { key });
  return Object.fromEntries(
    [...tensors].map((
      [name, tensor],
    ) => [name, [tensor.dtype, tensor.shape, [...hostTensor(tensor).values]]]),
  );
}

/** Two tensors of a convolution, and the value that holds them. */
const state = p.ordered({
  "conv.weight": p.tensor(p.storage("Float", "0", 4), [2, 1, 1, 2]),
  "conv.bias": p.tensor(p.storage("Float", "1", 2), [2]),
});
const data = { "0": f32(1, 2, 3, 4), "1": f32(5, 6) };
const read = {
  "conv.weight": ["float32", [2, 1, 1, 2], [1, 2, 3, 4]],
  "conv.bias": ["float32", [2], [5, 6]],
} as const;
const legacy = { "0": { count: 4, data: data["0"] }, "1": { count: 2, data: data["1"] } };

Deno.test("a zip archive: the tensors by name, in the file's order", async () => {
  const file = torchArchive(p.pickle(state), data);
  assert.deepEqual(await values(file), read);
  const { format, path, prefix, left, tensors } = await readWeights(file, "it");
  assert.deepEqual({ format, path, prefix, left }, { format: "pytorch-zip", path: [], prefix: "", left: [] });
  assert.deepEqual([...tensors.keys()], ["conv.weight", "conv.bias"]);
});

Deno.test("a zip archive: any folder's name, deflated, with a comment, with zip64's sizes", async () => {
  const pickled = p.pickle(state);
  assert.deepEqual(await values(torchArchive(pickled, data, { root: "resnet101/" })), read);
  assert.deepEqual(await values(torchArchive(pickled, data, { root: "" })), read);
  assert.deepEqual(await values(torchArchive(pickled, data, { deflate: true })), read);
  const entries = [
    { name: "a/data.pkl", data: pickled, wide: true },
    { name: "a/data/0", data: data["0"], wide: true },
    { name: "a/data/1", data: data["1"] },
  ];
  assert.deepEqual(await values(zipFile(entries, { wide: true, comment: "of 2020" })), read);
});

Deno.test("a zip archive whose writer left checksums out is read", async () => {
  const entries = [
    { name: "a/data.pkl", data: p.pickle(state), claim: { crc: 0 } },
    { name: "a/data/0", data: data["0"], claim: { crc: 0 } },
    { name: "a/data/1", data: data["1"], claim: { crc: 0 } },
  ];
  assert.deepEqual(await values(zipFile(entries)), read);
});

Deno.test("a zip archive of a big-endian machine is turned around", async () => {
  const swapped = (bytes: Uint8Array, width: number) => {
    const out = bytes.slice();
    for (let at = 0; at < out.length; at += width) out.subarray(at, at + width).reverse();
    return out;
  };
  const order = { name: "archive/byteorder", data: new TextEncoder().encode("big") };
  const big = { "0": swapped(data["0"], 4), "1": swapped(data["1"], 4) };
  assert.deepEqual(await values(torchArchive(p.pickle(state), big, { more: [order] })), read);
});

Deno.test("a legacy file: pickles one after another, then the storages", async () => {
  assert.deepEqual(await values(p.legacyFile(state, legacy)), read);
  // As in a file of torch.save, bytes after the last storage are nobody's.
  const longer = new Uint8Array([...p.legacyFile(state, legacy), 1, 2, 3]);
  assert.deepEqual(await values(longer), read);
});

Deno.test("a legacy file: a storage that is a part of another", async () => {
  const whole = p.storage("Float", "7", 6, p.none);
  const part = p.storage("Float", "7", 6, p.tuple(p.text("8"), p.integer(2), p.integer(3)));
  const value = p.dict({ a: p.tensor(whole, [6]), b: p.tensor(part, [2], { offset: 1 }) });
  const file = p.legacyFile(value, { "7": { count: 6, data: f32(0, 1, 2, 3, 4, 5) } });
  const found = await values(file);
  assert.deepEqual(found.b, ["float32", [2], [3, 4]]);
});

Deno.test("weights are found under the usual keys, and what lies beside them is left aside", async () => {
  const optimizer = p.dict({ state: p.dict({ "0": p.tensor(p.storage("Float", "1", 2), [2]) }) });
  const file = (key: string) =>
    torchArchive(p.pickle(p.dict({ epoch: p.integer(3), optimizer, [key]: state, lr: p.float(0.1) })), data);
  for (const key of ["state_dict", "model_state_dict", "model_state", "model", "net", "something_else"]) {
    assert.deepEqual(await values(file(key)), read, key);
    const { path, left } = await readWeights(file(key), "it");
    assert.deepEqual({ path, left }, { path: [key], left: ["epoch", "optimizer", "lr"] });
  }
  const deep = p.dict({
    model: p.dict({ state_dict: state }),
    best: p.tensor(p.storage("Float", "1", 2), []),
  });
  const { path } = await readWeights(torchArchive(p.pickle(deep), data), "it");
  assert.deepEqual(path, ["model", "state_dict"]);
});

Deno.test("of several candidates the key says which", async () => {
  const one = p.dict({ x: p.tensor(p.storage("Float", "1", 2), [2]) });
  const file = torchArchive(p.pickle(p.dict({ encoder: one, "decoder.fine": state })), data);
  await assert.rejects(readWeights(file, "it"), /several of its parts hold tensors: encoder, decoder\.fine/);
  assert.deepEqual(await values(file, "decoder.fine"), read);
  assert.deepEqual(Object.keys(await values(file, "encoder")), ["x"]);
  await assert.rejects(
    readWeights(file, "it", { key: "ema" }),
    /no part "ema"; its parts are: encoder, decoder\.fine/,
  );
  await assert.rejects(readWeights(file, "it", { key: "" }), /holds no tensors by name/);
});

Deno.test("prefixes that every name has are taken off, and others stay", async () => {
  const named = (...names: string[]) =>
    torchArchive(
      p.pickle(
        p.dict(Object.fromEntries(names.map((name) => [name, p.tensor(p.storage("Float", "1", 2), [2])]))),
      ),
      data,
    );
  const prefixed = async (...names: string[]) => {
    const { prefix, tensors } = await readWeights(named(...names), "it");
    return [prefix, ...tensors.keys()];
  };
  assert.deepEqual(await prefixed("module.a", "module.b"), ["module.", "a", "b"]);
  assert.deepEqual(await prefixed("module._orig_mod.module.a"), ["module._orig_mod.module.", "a"]);
  assert.deepEqual(await prefixed("module.a", "b"), ["", "module.a", "b"]);
});

Deno.test("every element type", async () => {
  const u16 = (...bits: number[]) => bytesOf(Uint16Array.from(bits));
  const types: Record<string, readonly [string, Uint8Array<ArrayBuffer>, number, number[]]> = {
    Half: ["float16", u16(0x3c00, 0xc000, 0x0001, 0x7c00), 4, [1, -2, 2 ** -24, Infinity]],
    BFloat16: ["bfloat16", u16(0x3f80, 0xc040), 2, [1, -3]],
    Double: ["float64", bytesOf(Float64Array.of(0.1, 1e300)), 2, [Math.fround(0.1), Infinity]],
    Long: ["int64", bytesOf(BigInt64Array.of(-7n, 2n ** 62n)), 2, [-7, 2 ** 62]],
    Int: ["int32", bytesOf(Int32Array.of(-7, 2 ** 24 + 1)), 2, [-7, 2 ** 24]],
    Short: ["int16", bytesOf(Int16Array.of(-300, 300)), 2, [-300, 300]],
    Char: ["int8", Uint8Array.of(0xff, 5), 2, [-1, 5]],
    Byte: ["uint8", Uint8Array.of(0xff, 5), 2, [255, 5]],
    Bool: ["bool", Uint8Array.of(0, 1), 2, [0, 1]],
  };
  for (const [name, [dtype, bytes, count, wanted]] of Object.entries(types)) {
    for (const type of [name, p.global("torch.cuda", `${name}Storage`)]) {
      const value = p.dict({ x: p.tensor(p.storage(type, "0", count), [count]) });
      assert.deepEqual(await values(torchArchive(p.pickle(value), { "0": bytes })), {
        x: [dtype, [count], wanted],
      });
      const file = p.legacyFile(value, { "0": { count, data: bytes } });
      assert.deepEqual(await values(file), { x: [dtype, [count], wanted] });
    }
  }
});

Deno.test("untyped storages, whose tensors carry their type", async () => {
  const untyped = (module: string, name: string) => p.storage(p.global(module, name), "0", 8);
  const value = (of: p.Part, dtype: string) =>
    p.dict({
      x: p.call(
        p.global("torch._utils", "_rebuild_tensor_v3"),
        of,
        p.integer(1),
        p.tuple(p.integer(3)),
        p.tuple(p.integer(1)),
        p.no,
        p.ordered({}),
        p.global("torch", dtype),
      ),
    });
  const bytes = bytesOf(Uint16Array.of(9, 1, 65535, 3));
  for (const [module, name] of [["torch.storage", "UntypedStorage"], ["torch", "UntypedStorage"]] as const) {
    const file = torchArchive(p.pickle(value(untyped(module, name), "uint16")), { "0": bytes });
    assert.deepEqual(await values(file), { x: ["uint16", [3], [1, 65535, 3]] });
  }
  const small = torchArchive(p.pickle(value(untyped("torch.storage", "UntypedStorage"), "float8_e4m3fn")), {
    "0": Uint8Array.of(0, 0x38, 0xc4, 0x01, 0, 0, 0, 0),
  });
  assert.deepEqual(await values(small), { x: ["float8_e4m3fn", [3], [1, -3, 2 ** -9]] });
});

Deno.test("views: offset, transposed, with steps, repeated, shared by several names, and of nothing", async () => {
  const whole = Array.from({ length: 12 }, (_, i) => i);
  const of = p.storage("Float", "0", 12);
  const value = p.dict({
    rows: p.tensor(of, [3, 4]),
    columns: p.tensor(of, [4, 3], { strides: [1, 4] }),
    part: p.tensor(of, [2, 2], { strides: [4, 2], offset: 5 }),
    repeated: p.tensor(of, [3, 2], { strides: [0, 1], offset: 10 }),
    scalar: p.tensor(of, [], { offset: 11 }),
    same: p.tensor(of, [3, 4]),
    nothing: p.tensor(of, [0, 4]),
  });
  const expected = {
    rows: ["float32", [3, 4], whole],
    columns: ["float32", [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
    part: ["float32", [2, 2], [5, 7, 9, 11]],
    repeated: ["float32", [3, 2], [10, 11, 10, 11, 10, 11]],
    scalar: ["float32", [], [11]],
    same: ["float32", [3, 4], whole],
    nothing: ["float32", [0, 4], []],
  };
  assert.deepEqual(await values(torchArchive(p.pickle(value), { "0": f32(...whole) })), expected);
  assert.deepEqual(await values(p.legacyFile(value, { "0": { count: 12, data: f32(...whole) } })), expected);
});

Deno.test("parameters, tensors with attributes, dictionaries with attributes", async () => {
  const plain = p.tensor(p.storage("Float", "1", 2), [2]);
  const parameter = p.call(p.global("torch._utils", "_rebuild_parameter"), plain, p.yes, p.ordered({}));
  const noted = p.call(
    p.global("torch._utils", "_rebuild_parameter_with_state"),
    plain,
    p.yes,
    p.ordered({}),
    p.dict({ note: p.text("hi") }),
  );
  const typed = p.call(
    p.global("torch._tensor", "_rebuild_from_type_v2"),
    p.global("torch._utils", "_rebuild_tensor_v2"),
    p.global("torch.nn.parameter", "Parameter"),
    p.tuple(
      p.storage("Float", "1", 2),
      p.integer(0),
      p.tuple(p.integer(2)),
      p.tuple(p.integer(1)),
      p.yes,
      p.ordered({}),
    ),
    p.dict({}),
  );
  const value = p.build(p.ordered({ plain, parameter, noted, typed }), p.dict({ _metadata: p.ordered({}) }));
  const found = await values(torchArchive(p.pickle(value), data));
  for (const name of ["plain", "parameter", "noted", "typed"]) {
    assert.deepEqual(found[name], ["float32", [2], [5, 6]], name);
  }
});

Deno.test("numbers of NumPy, sets, dates and arguments beside the weights are passed over", async () => {
  const dtype = p.build(
    p.call(p.global("numpy", "dtype"), p.text("f8"), p.no, p.yes),
    p.tuple(p.integer(3), p.text("<"), p.none, p.none, p.none, p.integer(-1), p.integer(-1), p.integer(0)),
  );
  const bytes = p.call(p.global("_codecs", "encode"), p.text("\0\0\0\0\0\0à?"), p.text("latin1"));
  const value = p.dict({
    best: p.call(p.global("numpy.core.multiarray", "scalar"), dtype, bytes),
    newer: p.call(p.global("numpy._core.multiarray", "scalar"), dtype, bytes),
    args: p.build([...p.global("argparse", "Namespace"), 0x29, 0x81], p.dict({ lr: p.float(0.1) })),
    seen: p.call(p.global("__builtin__", "set"), p.list(p.integer(1))),
    milestones: p.call(p.global("collections", "Counter"), p.dict({ a: p.integer(1) })),
    device: p.call(p.global("torch", "device"), p.text("cuda"), p.integer(0)),
    size: p.call(p.global("torch", "Size"), p.list(p.integer(1))),
    big: [0x8b, 32, 0, 0, 0, ...Array<number>(31).fill(0xff), 0x7f],
    state_dict: state,
  });
  assert.deepEqual(await values(torchArchive(p.pickle(value), data)), read);
});

Deno.test("a safetensors file is told by its content, whatever its name", async () => {
  const header = '{"module.x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'.padEnd(64);
  const bytes = new Uint8Array(8 + 64 + 4);
  bytes[0] = 64;
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set([0x80, 0x3f, 0, 0x40], 72);
  assert.deepEqual(await values(bytes), { x: ["bfloat16", [2], [1, 2]] });
  const { format, prefix } = await readWeights(bytes, "weights.pth");
  assert.deepEqual({ format, prefix }, { format: "safetensors", prefix: "module." });
});
