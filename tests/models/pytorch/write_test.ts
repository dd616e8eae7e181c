/** What is written is what PyTorch itself loads; the checks that need it are skipped where it is not installed. @module */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { withBatchCounts } from "../../../models/batch_counts.ts";
import { DATA_TYPES, type DataTypeName } from "../../../models/dtypes.ts";
import { WeightsError } from "../../../models/errors.ts";
import { encodePytorch } from "../../../models/pytorch/write.ts";
import { writeZip } from "../../../models/pytorch/zip_writer.ts";
import { encodeStoredTensors } from "../../../models/safetensors.ts";
import {
  contiguousStrides,
  elementBytes,
  float32Pieces,
  type StoredTensor,
} from "../../../models/stored_tensor.ts";
import { readWeights } from "../../../models/weights_file.ts";
import { runPython, torchTest } from "../../support/torch.ts";
import { withFolder } from "../../support/stage_run.ts";

/** A tensor of bytes 1, 2, 3, …. */
function stored(dtype: DataTypeName, shape: readonly number[]): StoredTensor {
  const count = shape.reduce((product, extent) => product * extent, 1) * DATA_TYPES[dtype].bytes;
  const storage = Uint8Array.from({ length: count }, (_, i) => dtype === "bool" ? i % 2 : (7 * i + 1) % 251);
  return { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}

const simple = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "bool",
] as const;
const all = new Map<string, StoredTensor>([
  ...simple.map((dtype) => [`of.${dtype}`, stored(dtype, [2, 3])] as const),
  ["scalar", stored("float32", [])],
  ["empty", stored("float32", [0, 3])],
  ["ä.名", stored("float32", [4, 1, 3, 3])],
  ["transposed", { ...stored("float32", [3, 2]), strides: [1, 3] }],
]);

function digests(
  tensors: ReadonlyMap<string, StoredTensor>,
): Record<string, readonly [string, readonly number[], string]> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => {
    const hash = createHash("sha256");
    for (const piece of float32Pieces(tensor)) {
      hash.update(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
    }
    return [name, [tensor.dtype, tensor.shape, hash.digest("hex")]];
  }));
}

Deno.test("what is written reads back: names, order, types, shapes and every byte", async () => {
  const newer = new Map(
    ["uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128"].map((dtype) =>
      [dtype, stored(dtype as DataTypeName, [2, 2])] as const
    ),
  );
  const written = new Map([...all, ...newer]);
  const { tensors, format, path } = await readWeights(encodePytorch(written), "it");
  assert.deepEqual({ format, path }, { format: "pytorch-zip", path: [] });
  assert.deepEqual([...tensors.keys()], [...written.keys()]);
  for (const [name, tensor] of written) {
    const found = tensors.get(name)!;
    assert.deepEqual([found.dtype, found.shape], [tensor.dtype, tensor.shape], name);
    assert.deepEqual(elementBytes(found), elementBytes(tensor), name);
  }
});

Deno.test("a way through safetensors and back gives the same file", async () => {
  const first = encodePytorch(all);
  const there = encodeStoredTensors((await readWeights(first, "it")).tensors);
  assert.deepEqual(encodePytorch((await readWeights(there, "it")).tensors), first);
});

Deno.test("storages lie at multiples of 64 bytes, as PyTorch maps them", async () => {
  const file = encodePytorch(all);
  const { tensors } = await readWeights(file, "it");
  for (const { storage } of tensors.values()) {
    if (storage.length > 0) assert.equal((storage.byteOffset - file.byteOffset) % 64, 0);
  }
});

Deno.test("a file of more parts than zip counts is refused before it is made", () => {
  const files = Array.from({ length: 65_535 }, (_, i) => ({ name: `${i}`, data: new Uint8Array() }));
  assert.throws(
    () => writeZip(files),
    (error) => error instanceof WeightsError && /65535 parts: below 4 GiB/.test(error.message),
  );
});

Deno.test("batch norms without a counter get one, after their statistics", () => {
  const norm = (name: string) =>
    ["weight", "running_mean", "running_var"].map((part) =>
      [`${name}.${part}`, stored("float32", [2])] as const
    );
  const counted = withBatchCounts(
    new Map([...norm("a"), ...norm("b"), ["b.num_batches_tracked", stored("int64", [])]]),
  );
  assert.deepEqual([...counted.keys()], [
    "a.weight",
    "a.running_mean",
    "a.running_var",
    "a.num_batches_tracked",
    "b.weight",
    "b.running_mean",
    "b.running_var",
    "b.num_batches_tracked",
  ]);
  assert.deepEqual(digests(counted)["a.num_batches_tracked"]!.slice(0, 2), ["int64", []]);
  assert.deepEqual(counted.get("b.num_batches_tracked")!.storage, stored("int64", []).storage);
});

torchTest(
  "PyTorch loads what is written, with weights_only too, and finds the same values",
  (python) =>
    withFolder(async (folder) => {
      await Deno.writeFile(`${folder}/w.pth`, encodePytorch(all));
      const script = `
import hashlib, json, sys, torch
def digest(t):
    return hashlib.sha256(t.to(torch.float32).contiguous().numpy().tobytes()).hexdigest()
plain, safe = [torch.load(sys.argv[1], **options) for options in ({}, {"weights_only": True})]
assert type(plain).__name__ == "OrderedDict" and list(plain) == list(safe)
assert all(torch.equal(plain[k].view(-1).view(torch.uint8) if plain[k].numel() and plain[k].dtype != torch.bool else plain[k], safe[k].view(-1).view(torch.uint8) if plain[k].numel() and plain[k].dtype != torch.bool else safe[k]) for k in plain)
print(json.dumps({k: [str(t.dtype)[6:], list(t.shape), digest(t)] for k, t in plain.items()}))
`;
      const printed = await runPython(python, script, `${folder}/w.pth`);
      const found = JSON.parse(printed), wanted = JSON.parse(JSON.stringify(digests(all)));
      assert.deepEqual(Object.keys(found), Object.keys(wanted));
      for (const name of Object.keys(wanted)) assert.deepEqual(found[name], wanted[name], name);
    })(),
);

torchTest(
  "a model of PyTorch's loads strictly what is written, counters included",
  (python) =>
    withFolder(async (folder) => {
      const state = new Map([
        ["0.weight", stored("float32", [4, 3, 3, 3])],
        ...["weight", "bias", "running_mean", "running_var"].map((part) =>
          [`1.${part}`, stored("float32", [4])] as const
        ),
      ]);
      await Deno.writeFile(`${folder}/w.pth`, encodePytorch(withBatchCounts(state)));
      const script = `
import sys, torch
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4))
assert list(net.state_dict()) == list(torch.load(sys.argv[1])), list(torch.load(sys.argv[1]))
print(net.load_state_dict(torch.load(sys.argv[1]), strict=True))
`;
      assert.match(await runPython(python, script, `${folder}/w.pth`), /All keys matched successfully/);
    })(),
);

/** Files that PyTorch writes, by name, with the digests of what they hold. */
const write = `
import collections, hashlib, json, sys, torch
folder, out = sys.argv[1], {}
def digest(t):
    return hashlib.sha256(t.detach().to(torch.float32).contiguous().numpy().tobytes()).hexdigest()
def save(name, value, state, prefix=""):
    for form, is_zip in (("zip", True), ("legacy", False)):
        torch.save(value, f"{folder}/{name}.{form}", _use_new_zipfile_serialization=is_zip)
        out[f"{name}.{form}"] = {k[len(prefix):]: [str(t.dtype)[6:], list(t.shape), digest(t)] for k, t in state.items()}
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Conv2d(8, 4, 1))
optimizer = torch.optim.Adam(net.parameters())
net(torch.randn(2, 3, 8, 8)).sum().backward()
optimizer.step()
state = net.state_dict()
save("plain", state, state)
save("nested", {"epoch": 3, "model_state": state, "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}, state)
module = collections.OrderedDict(("module." + k, v) for k, v in state.items())
save("module", {"state_dict": module, "best": 0.5}, module, "module.")
base = torch.randn(6, 7, 8)
views = {"t": base.permute(2, 0, 1), "part": base[2:, 1::2, 3:7], "offset": base[3], "same": base, "expanded": torch.randn(1, 5).expand(4, 5),
         "last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last), "half": base[0].half().t(), "bf": base[0].bfloat16().t()[1:, 2:]}
save("views", views, views)
types = {d: (torch.randn(3, 5) * 50).to(getattr(torch, d)) for d in "float64 float32 float16 bfloat16 int64 int32 int16 int8 bool".split()}
types["scalar"], types["empty"] = torch.tensor(7), torch.zeros(0, 3)
save("types", types, types)
parameters = {k: torch.nn.Parameter(v) if v.is_floating_point() else v for k, v in state.items()}
save("parameters", parameters, parameters)
print(json.dumps(out))
`;

torchTest("what PyTorch writes is read, in both forms", (python) =>
  withFolder(async (folder) => {
    const wanted = JSON.parse(await runPython(python, write, folder));
    for (const [name, tensors] of Object.entries(wanted)) {
      const file = await readWeights(await Deno.readFile(`${folder}/${name}`), name);
      assert.deepEqual(JSON.parse(JSON.stringify(digests(file.tensors))), tensors, name);
    }
  })());
