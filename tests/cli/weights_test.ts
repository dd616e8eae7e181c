import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { encodePytorch } from "../../models/pytorch/write.ts";
import { encodeStoredTensors } from "../../models/safetensors.ts";
import type { StoredTensor } from "../../models/stored_tensor.ts";
import { elementBytes } from "../../models/stored_tensor.ts";
import { readWeights } from "../../models/weights_file.ts";
import * as p from "../support/weights/pickle_bytes.ts";
import { openCheckpoint } from "../../stages/weights/checkpoint.ts";
import { testWithShared } from "../support/shared_data.ts";
import { runPython, torchTest } from "../support/torch.ts";
import { testCheckpoint } from "../support/training.ts";
import { bytesOf, torchArchive } from "../support/weights/zip_bytes.ts";
import { Place, placeTest } from "./support.ts";

const sha = (values: readonly number[]) =>
  createHash("sha256").update(bytesOf(Float32Array.from(values))).digest("hex");

/** A checkpoint as a training script saves it: nested, prefixed, half precision, strided. */
const nested = torchArchive(
  p.pickle(p.dict({
    epoch: p.integer(3),
    state_dict: p.ordered({
      "module.a.weight": p.tensor(p.storage("Half", "0", 4), [2, 2], { strides: [1, 2] }),
      "module.a.steps": p.tensor(p.storage("Long", "1", 1), []),
    }),
  })),
  { "0": bytesOf(Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400)), "1": bytesOf(BigInt64Array.of(5n)) },
);

placeTest("inspect lists name, type, shape and a digest of the values as f32", async (place) => {
  const path = join(place.folder, "w.pth");
  await Deno.writeFile(path, nested);
  const { status, out } = await place.command("weights", "inspect", path, "--json");
  assert.equal(status, 0);
  assert.equal(out.length, 1);
  assert.deepEqual(JSON.parse(out[0]!), {
    file: path,
    format: "pytorch-zip",
    key: "state_dict",
    prefix: "module.",
    left: ["epoch"],
    metadata: {},
    tensors: [
      { name: "a.weight", dtype: "float16", shape: [2, 2], sha256: sha([1, 3, 2, 4]) },
      { name: "a.steps", dtype: "int64", shape: [], sha256: sha([5]) },
    ],
  });
  const table = (await place.command("weights", "inspect", path)).out.join("\n");
  assert.match(table, /a\.weight +float16 +\[2, 2\] +[0-9a-f]{64}/);
  assert.match(table, /pytorch-zip, under "state_dict": 2 tensors, 5 values, 16 B\n/);
  assert.match(table, /"module\." was taken off every name\nleft aside: epoch/);
});

placeTest("a file that describes no network loses its norms' epsilon with a word", async (place) => {
  const at = (name: string) => join(place.folder, name);
  const change = { networks: { branch1: { norms: { backbone: { epsilon: 1e-3 } } }, branch2: {} } };
  await testCheckpoint(at("ours.safetensors"), { change });
  const { out } = await place.command("weights", "convert", at("ours.safetensors"), at("ours.pth"));
  assert.match(
    out.join("\n"),
    /left out: the epsilon of batch norms, 0\.001 in the backbone of branch1; set it in PyTorch, whose default is 1e-5/,
  );
  const kept = await place.command("weights", "convert", at("ours.safetensors"), at("copy.safetensors"));
  assert.doesNotMatch(kept.out.join("\n"), /left out/);
  const { network } = await openCheckpoint(at("copy.safetensors")).read();
  assert.deepEqual(network.networks, change.networks);
});

placeTest("convert goes there and back without changing a byte of a value", async (place) => {
  const at = (name: string) => join(place.folder, name);
  await Deno.writeFile(at("w.pth"), nested);
  assert.equal((await place.command("weights", "convert", at("w.pth"), at("w.safetensors"))).status, 0);
  assert.equal((await place.command("weights", "convert", at("w.safetensors"), at("again.pt"))).status, 0);
  const read = async (name: string) => (await readWeights(await Deno.readFile(at(name)), name)).tensors;
  const [first, there, back] = [await read("w.pth"), await read("w.safetensors"), await read("again.pt")];
  for (const tensors of [there, back]) {
    assert.deepEqual([...tensors.keys()], ["a.weight", "a.steps"]);
    for (const [name, tensor] of tensors) {
      assert.equal(tensor.dtype, first.get(name)!.dtype);
      assert.deepEqual(elementBytes(tensor), elementBytes(first.get(name)!));
    }
  }
});

placeTest(
  "training's own weights get PyTorch's batch counters, and others are left as they are",
  async (place) => {
    const at = (name: string) => join(place.folder, name);
    await testCheckpoint(at("ours.safetensors"));
    const { out } = await place.command("weights", "convert", at("ours.safetensors"), at("ours.pth"));
    assert.match(out.join("\n"), /added: \d+ batch counters \(num_batches_tracked\)/);
    const { tensors } = await readWeights(await Deno.readFile(at("ours.pth")), "ours.pth");
    assert.equal(tensors.get("branch1.backbone.bn1.num_batches_tracked")!.dtype, "int64");
    const running: StoredTensor = {
      dtype: "float32",
      shape: [1],
      strides: [1],
      offset: 0,
      storage: new Uint8Array(4),
    };
    await Deno.writeFile(
      at("other.safetensors"),
      encodeStoredTensors(new Map([["bn.running_var", running]])),
    );
    assert.equal(
      (await place.command("weights", "convert", at("other.safetensors"), at("other.pth"))).status,
      0,
    );
    assert.deepEqual([...(await readWeights(await Deno.readFile(at("other.pth")), "it")).tensors.keys()], [
      "bn.running_var",
    ]);
  },
);

placeTest(
  "a checkpoint becomes ONNX by the new file's name, of the prediction that is asked for",
  async (place) => {
    const at = (name: string) => join(place.folder, name);
    await testCheckpoint(at("w.safetensors"));
    const { out } = await place.command("weights", "convert", at("w.safetensors"), at("average.onnx"));
    assert.match(
      out.join("\n"),
      /prediction average of DeepLabV3\+ resnet14 \(branch1, branch2\), 7 classes, ONNX opset 17/,
    );
    const one = ["--prediction", "branch1"];
    await place.command("weights", "convert", at("w.safetensors"), at("branch1.onnx"), ...one);
    const size = async (name: string) => (await Deno.stat(at(name))).size;
    const [both, single] = [await size("average.onnx"), await size("branch1.onnx")];
    assert.ok(single > 1e6 && both > 1.9 * single, `${both}, ${single}`);
    const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
      [
        [at("w.safetensors"), at("x.onnx"), "--prediction", "branch3"],
        1,
        /no prediction "branch3"\. Did you mean "branch1"\?/,
      ],
      [[at("w.safetensors"), at("x.pth"), ...one], 2, /--prediction: it is for ONNX/],
      [[at("w.safetensors"), at("average.onnx")], 1, /it exists/],
      [[at("w.safetensors"), at("x.onxx")], 2, /must end in .*\.onnx/],
    ];
    for (const [args, status, message] of wrong) {
      const refused = await place.command("weights", "convert", ...args);
      assert.equal(refused.status, status, args.join(" "));
      assert.match(refused.notes, message);
    }
  },
);

/** Modules of PyTorch's own by the names of a state dict: batch norms where there are statistics, else convolutions. */
const model = `
import json, sys, torch
shapes, net = json.loads(sys.argv[2]), torch.nn.Module()
for name in shapes:
    path, part = name.rsplit(".", 1)
    if part != "weight":
        continue
    shape, at = shapes[name], net
    *parents, last = path.split(".")
    for parent in parents:
        if not hasattr(at, parent):
            at.add_module(parent, torch.nn.Module())
        at = getattr(at, parent)
    is_norm = path + ".running_mean" in shapes
    at.add_module(last, torch.nn.BatchNorm2d(shape[0]) if is_norm else
                  torch.nn.Conv2d(shape[1], shape[0], shape[2], bias=path + ".bias" in shapes))
print(net.load_state_dict(torch.load(sys.argv[1]), strict=True))
print(len(net.state_dict()))
`;

torchTest("a PyTorch model of the published names loads training's weights strictly", async (python) => {
  const folder = await Deno.makeTempDir();
  try {
    const { state } = await (await testCheckpoint(join(folder, "ours.safetensors"))).read();
    const place = new Place(folder);
    const done = await place.command(
      "weights",
      "convert",
      join(folder, "ours.safetensors"),
      join(folder, "ours.pth"),
    );
    assert.equal(done.status, 0);
    const shapes = JSON.stringify(Object.fromEntries([...state].map(([name, { shape }]) => [name, shape])));
    const norms = [...state.keys()].filter((name) => name.endsWith(".running_var")).length;
    const printed = await runPython(python, model, join(folder, "ours.pth"), shapes);
    assert.match(printed, /All keys matched successfully/);
    assert.match(printed, new RegExp(`\\n${state.size + norms}\\n`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

placeTest("mistakes are said in one line, and nothing is written over", async (place) => {
  const at = (name: string) => join(place.folder, name);
  await Deno.writeFile(at("w.pth"), nested);
  await Deno.writeFile(at("there.pth"), nested);
  await Deno.writeFile(
    at("evil.pth"),
    p.pickle(p.call(p.global("posix", "system"), p.text(`touch ${at("pwned")}`))),
  );
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["inspect", at("no.pth")], 1, /^error: Cannot read the weights ".*no\.pth": there is no such file/],
    [["inspect", place.folder], 1, /^error: Cannot read the weights/],
    [
      ["inspect", at("evil.pth")],
      1,
      /^error: Cannot read weights from ".*evil\.pth": its pickle names "posix\.system"/,
    ],
    [["inspect", at("w.pth"), "--key", "ema"], 1, /no part "ema"; its parts are: state_dict/],
    [["convert", at("w.pth"), at("out.bin")], 2, /must end in \.safetensors, \.pth, \.pt, \.th or \.onnx/],
    [["convert", at("w.pth"), at("there.pth")], 1, /Cannot write ".*there\.pth": it exists/],
    [["convert", at("w.pth"), at("w.pth")], 1, /it exists/],
    [["convert", at("evil.pth"), at("out.pth")], 1, /posix\.system/],
    [["inspect"], 2, /missing required argument/],
  ];
  for (const [args, status, message] of cases) {
    const done = await place.command("weights", ...args);
    assert.equal(done.status, status, args.join(" "));
    assert.match(done.notes, message);
    assert.ok(!/\n {4}at /.test(done.notes), done.notes);
  }
  assert.ok(!place.has(at("pwned")) && !place.has(at("out.pth")));
  assert.deepEqual(await Deno.readFile(at("there.pth")), nested);
});

testWithShared(
  "data/checkpoints",
  "real files: one state dict in three encodings, and others",
  async (folder) => {
    const read = async (name: string) =>
      (await readWeights(await Deno.readFile(join(folder, name)), name)).tensors;
    const [legacy, zip, half] = [
      await read("decoder_espnet_p_2_q_8_camvid.pth"),
      await read("espnet_camvid_zip.pth"),
      await read("espnet_camvid_zip_f16.pth"),
    ];
    assert.equal(legacy.size, 189);
    assert.deepEqual([...zip.keys()], [...legacy.keys()]);
    assert.deepEqual([...half.keys()], [...legacy.keys()]);
    for (const [name, tensor] of legacy) {
      assert.deepEqual(
        elementBytes(zip.get(name)!),
        elementBytes(tensor),
        name,
      );
    }
    assert.ok([...half.values()].some(({ dtype }) => dtype === "float16"));
    const { path, prefix, tensors } = await readWeights(
      await Deno.readFile(join(folder, "resnet20-12fca82f.th")),
      "it",
    );
    assert.deepEqual([path, prefix, tensors.size], [["state_dict"], "module.", 97]);
    assert.equal((await read("shufflenetv2_backbone.pth")).size, 330);
    // What was read is written as a file that reads the same.
    const again = await readWeights(encodePytorch(legacy), "it");
    for (const [name, tensor] of legacy) {
      assert.deepEqual(
        elementBytes(again.tensors.get(name)!),
        elementBytes(tensor),
        name,
      );
    }
  },
);
