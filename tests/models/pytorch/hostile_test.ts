import assert from "node:assert/strict";
import { WeightsError } from "../../../models/errors.ts";
import { readWeights } from "../../../models/weights_file.ts";
import * as p from "../../support/weights/pickle_bytes.ts";
import { bytesOf, torchArchive, zipFile } from "../../support/weights/zip_bytes.ts";

const data = { "0": bytesOf(Float32Array.of(1, 2, 3, 4)) };
const of = p.storage("Float", "0", 4);
const state = p.dict({ x: p.tensor(of, [4]) });
const good = torchArchive(p.pickle(state), data);
const goodLegacy = p.legacyFile(state, { "0": { count: 4, data: data["0"] } });
const stored = (value: p.Part) => torchArchive(p.pickle(value), data);

/** That a file is refused, with a reason that fits and the file's name. */
async function refused(bytes: Uint8Array<ArrayBuffer>, reason: RegExp, what?: string): Promise<void> {
  await assert.rejects(
    readWeights(bytes, "w.pth"),
    (error) => {
      assert.ok(error instanceof WeightsError, `${what}: ${error}`);
      assert.ok(error.message.startsWith('Cannot read weights from "w.pth": '), error.message);
      assert.match(error.message, reason, what);
      return true;
    },
  );
}

Deno.test("a pickle that calls for anything but what weights need is refused by the global's name", async (t) => {
  const named: Record<string, readonly [string, string]> = {
    "os.system": ["posix", "system"],
    "os.system on Windows": ["nt", "system"],
    "eval": ["builtins", "eval"],
    "exec of Python 2": ["__builtin__", "exec"],
    "getattr": ["builtins", "getattr"],
    "a process": ["subprocess", "Popen"],
    "torch's own loader": ["torch", "load"],
    "torch.hub": ["torch.hub", "load"],
    "bytes that are pickles again": ["torch.storage", "_load_from_bytes"],
    "a layer": ["torch.nn.modules.conv", "Conv2d"],
    "a method of a type that is known": ["torch", "Tensor.__reduce__"],
    "a name of every object": ["torch", "__proto__"],
    "a storage nobody knows": ["torch", "EvilStorage"],
    "a NumPy function": ["numpy", "load"],
  };
  for (const [what, [module, name]] of Object.entries(named)) {
    await t.step(what, async () => {
      const reason = new RegExp(
        `names "${`${module}.${name}`.replaceAll(".", "\\.")}", which no weights need; nothing of it was run`,
      );
      const argument = p.text("touch pwned");
      const called = p.call(p.global(module, name), argument);
      await refused(stored(p.dict({ state_dict: state, x: called })), reason);
      await refused(p.legacyFile(called, {}), reason);
      await refused(p.pickle(called), reason);
      const stacked = [...p.text(module), ...p.text(name), 0x93, ...p.tuple(argument), 0x52];
      await refused(stored(stacked), reason);
      const encoded = new TextEncoder();
      const instance = [p.mark, ...argument, 0x69, ...encoded.encode(`${module}\n${name}\n`)];
      await refused(stored(instance), reason);
      // Protocol 0, as pickle.dump wrote by default once.
      await refused(encoded.encode(`c${module}\n${name}\n(S'touch pwned'\ntR.`), reason);
    });
  }
});

Deno.test("what is known is only ever what it is for", async (t) => {
  const files: Record<string, readonly [p.Part, RegExp]> = {
    "a type called": [
      p.call(p.global("torch", "Tensor"), p.integer(3)),
      /calls "torch\.Tensor", which is only ever named/,
    ],
    "a dtype called": [p.call(p.global("torch", "float32")), /calls "torch\.float32"/],
    "a text called": [p.call(p.text("os.system"), p.text("x")), /a call of what is no global/],
    "state for a list": [p.build(p.list(), p.dict({})), /gives state to what has none/],
    "an extension registry": [[0x82, 1], /0x82 at byte \d+, which is no instruction/],
    "a buffer outside": [[0x97], /0x97/],
    "a persistent id of text": [[0x50, 0x61, 10], /refers to something outside of it that is no storage/],
    "a model with its code": [
      p.persistent(p.tuple(p.text("module"), p.none, p.text("a.py"), p.text("import os"))),
      /holds a whole model, whose code would have to be run/,
    ],
    "a tensor of a list": [p.tensor(p.list(), [1]), /_rebuild_tensor_v2" is given what it cannot take/],
    "a parameter of a number": [
      p.call(p.global("torch._utils", "_rebuild_parameter"), p.integer(1)),
      /_rebuild_parameter" is given what it cannot take/,
    ],
    "a tensor of a type of one's own": [
      p.call(
        p.global("torch._tensor", "_rebuild_from_type_v2"),
        p.global("torch", "device"),
        p.global("torch", "device"),
        p.tuple(),
        p.none,
      ),
      /a tensor of the type "torch\.device"/,
    ],
    "no value": [[], /lacks its operand/],
    "a reference to nothing": [[0x68, 9], /a reference to 9/],
    "a key without a value": [[0x7d, p.mark, ...p.text("a"), 0x75], /a key without a value/],
    "items without a mark": [[0x7d, 0x75], /lacks its mark/],
    "a list of tensors": [p.list(p.tensor(of, [4])), /holds a list, and no tensors by name/],
    "a number": [p.integer(7), /holds the number 7, and no tensors/],
    "no tensors": [p.dict({ epoch: p.integer(1) }), /holds no tensors by name/],
    "a name of 2,000 letters": [
      p.dict({ ["a".repeat(2000)]: p.tensor(of, [4]) }),
      /names a tensor by 2000 characters/,
    ],
  };
  for (const [what, [value, reason]] of Object.entries(files)) {
    await t.step(what, () => refused(stored(value), reason, what));
  }
});

Deno.test("tensors that leave their storage are refused", async (t) => {
  const large = 2 ** 52;
  const tensors: Record<string, readonly [p.Part, RegExp]> = {
    "one element more": [
      p.tensor(of, [5]),
      /\[5\] of strides \[1\] from element 0 on, which needs 5 elements of a storage of 4/,
    ],
    "an offset behind the end": [p.tensor(of, [1], { offset: 4 }), /needs 5 elements of a storage of 4/],
    "a stride": [p.tensor(of, [2], { strides: [4] }), /needs 5 elements/],
    "a stride beyond numbers": [
      p.tensor(of, [large, large], { strides: [large, large] }),
      /elements of a storage of 4/,
    ],
    "a negative stride": [p.tensor(of, [2], { strides: [-1], offset: 3 }), /given what it cannot take/],
    "a negative offset": [p.tensor(of, [2], { offset: -1 }), /given what it cannot take/],
    "a negative extent": [p.tensor(of, [-2], { strides: [1] }), /given what it cannot take/],
    "fewer strides than extents": [p.tensor(of, [2, 2], { strides: [1] }), /given what it cannot take/],
    "65 axes": [p.tensor(of, Array(65).fill(1)), /a tensor of 65 axes, and 64 is the most/],
    "an extent of 2⁶⁴": [
      p.call(
        p.global("torch._utils", "_rebuild_tensor_v2"),
        of,
        p.integer(0),
        p.tuple(p.integer(2n ** 64n)),
        p.tuple(p.integer(1)),
      ),
      /given what it cannot take/,
    ],
    "a storage of more than the file has": [
      p.tensor(p.storage("Float", "0", 5), [5]),
      /has 16 bytes, and the pickle claims 20/,
    ],
    "a storage of 2⁵⁰ elements": [
      p.tensor(p.storage("Float", "0", 2 ** 50), [1]),
      /and the pickle claims 4503599627370496/,
    ],
    "a storage that is not there": [
      p.tensor(p.storage("Float", "9", 4), [1]),
      /lacks the storage "archive\/data\/9"/,
    ],
    "a storage by a way out": [p.tensor(p.storage("Float", "../version", 2), [1]), /lacks the storage/],
    "one element, told 10¹² times": [
      p.tensor(of, [1e6, 1e6], { strides: [0, 0] }),
      /need 4000000000000 bytes; those of a file of \d+ may need/,
    ],
  };
  for (const [what, [tensor, reason]] of Object.entries(tensors)) {
    await t.step(what, () => refused(stored(p.dict({ x: tensor })), reason, what));
  }
});

Deno.test("archives that contradict themselves are refused", async (t) => {
  const pickled = { name: "a/data.pkl", data: p.pickle(state) }, zero = { name: "a/data/0", data: data["0"] };
  const files: Record<string, readonly [Uint8Array<ArrayBuffer>, RegExp]> = {
    "two entries of one name": [zipFile([pickled, zero, zero]), /two entries called "a\/data\/0"/],
    "two pickles": [
      zipFile([pickled, zero, { name: "b/data.pkl", data: pickled.data }]),
      /2 entries called data\.pkl/,
    ],
    "no pickle": [zipFile([zero]), /0 entries called data\.pkl/],
    "entries in the same bytes": [
      zipFile([pickled, zero, { ...zero, claim: { name: "a/data/1", local: pickled.data.length + 40 } }]),
      /overlap, as in a zip bomb|another name or method/,
    ],
    "an entry that reaches into the next": [
      zipFile([
        { ...pickled, claim: { size: pickled.data.length + 8, packed: pickled.data.length + 8 } },
        zero,
      ]),
      /"a\/data\.pkl" and "a\/data\/0" overlap/,
    ],
    "an entry that reaches over the end": [
      zipFile([pickled, { ...zero, claim: { size: 1e6, packed: 1e6 } }]),
      /claims bytes \d+ to \d+ of/,
    ],
    "a stored entry of two sizes": [
      zipFile([pickled, { ...zero, claim: { size: 20 } }]),
      /is stored in 16 bytes and claims 20/,
    ],
    "another name where it lies": [
      zipFile([pickled, { ...zero, claim: { name: "a/data/X" } }]),
      /has another name or method/,
    ],
    "no entry where it should lie": [
      zipFile([pickled, { ...zero, claim: { local: 1 } }]),
      /is not at byte 1/,
    ],
    "an encrypted entry": [zipFile([pickled, { ...zero, claim: { flags: 1 } }]), /is encrypted/],
    "a method nobody reads": [
      zipFile([pickled, { ...zero, claim: { method: 12 } }]),
      /is packed by method 12/,
    ],
    "a wrong checksum": [
      zipFile([pickled, { ...zero, claim: { crc: 1 } }]),
      /"a\/data\/0" is damaged: its checksum differs/,
    ],
    "deflated data that is none": [
      zipFile([pickled, { ...zero, data: new Uint8Array(16).fill(0xff), claim: { method: 8 } }]),
      /cannot be unpacked: its deflated data is damaged/,
    ],
    "deflated data of fewer bytes": [
      zipFile([pickled, { ...zero, data: data["0"].slice(0, 8), deflate: true, claim: { size: 16 } }]),
      /unpacks to 8 bytes and claims 16/,
    ],
    "zip64 sizes beyond any file": [
      zipFile([pickled, { ...zero, wide: true, claim: { size: 2 ** 60, packed: 2 ** 60 } }]),
      /claims (bytes|a size)/,
    ],
    "a TorchScript program": [
      zipFile([pickled, zero, { name: "a/constants.pkl", data: p.pickle(p.none) }]),
      /holds a TorchScript program/,
    ],
    "an archive of nothing": [zipFile([]), /0 entries called data\.pkl/],
  };
  for (const [what, [bytes, reason]] of Object.entries(files)) {
    await t.step(what, () => refused(bytes, reason, what));
  }
});

Deno.test("legacy files that contradict themselves are refused", async () => {
  const one = { count: 4, data: data["0"] };
  await refused(
    p.legacyFile(state, { "0": { count: 5, data: data["0"] } }),
    /storage "0" has 5 elements, and the pickle claims 4/,
  );
  await refused(
    p.legacyFile(state, { "0": { count: 4, data: data["0"].slice(1) } }),
    /was cut off: 16 bytes are to follow at byte \d+, and 15 are there/,
  );
  await refused(p.legacyFile(state, {}), /lacks the storage "0"/);
  await refused(p.legacyFile(state, { "0": one, "1": one }), /names "1", which nothing refers to/);
  await refused(p.pickle(p.integer(7)), /not one of torch\.save: PyTorch's magic number/);
  const twice = p.dict({ a: p.tensor(of, [4]), b: p.tensor(p.storage("Float", "0", 3), [3]) });
  await refused(p.legacyFile(twice, { "0": one }), /refers to storage "0" in two ways/);
});

Deno.test("files that are something else say what", async () => {
  const text = (content: string) => new TextEncoder().encode(content);
  await refused(new Uint8Array(), /it is empty/);
  await refused(text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), /a Git LFS pointer/);
  await refused(text("<!DOCTYPE html><html>"), /a web page/);
  await refused(text("hello"), /neither safetensors nor a file of torch\.save/);
  const tar = new Uint8Array(1024);
  tar.set(text("ustar"), 257);
  await refused(tar, /a tar archive, as PyTorch wrote before 2017/);
});

Deno.test("a file that was cut off anywhere is refused", async () => {
  for (let length = 0; length < good.length; length++) {
    await refused(good.slice(0, length), /./, `zip, ${length} bytes`);
  }
  await refused(good.slice(0, -1), /no directory at its end: it was cut off, or its download did not finish/);
  for (let length = 0; length < goodLegacy.length; length++) {
    await refused(goodLegacy.slice(0, length), /./, `legacy, ${length} bytes`);
  }
});

Deno.test("a file with any one byte changed is read or refused, and nothing else", async () => {
  for (const whole of [good, goodLegacy]) {
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bytes = whole.slice();
        bytes[at]! ^= flip;
        await readWeights(bytes, "w.pth").catch((error) => {
          assert.ok(error instanceof WeightsError, `byte ${at} ^ ${flip}: ${error?.stack}`);
        });
      }
    }
  }
});
