/** The readers of what others wrote, each with files that are right, ways to damage them, and what a right answer is. @module */
import assert from "node:assert/strict";
import { readConfigFile } from "../../configs/original/config_file.ts";
import { scoreEdits } from "../../cli/results/published_scores.ts";
import { decodeResult } from "../../cli/results/results.ts";
import { WeightsError } from "../../models/errors.ts";
import { encodePytorch } from "../../models/pytorch/write.ts";
import { encodeStoredTensors } from "../../models/safetensors.ts";
import { elementBytes, elementCount, type StoredTensor } from "../../models/stored_tensor.ts";
import { readWeights } from "../../models/weights_file.ts";
import { decodeEntry, decodePlan, encodeEntry, keyOf, sha256, UserError } from "../../pipeline/mod.ts";
import { artifactDigest } from "../../pipeline/cache/entry.ts";
import { DecodeError, type StoredImage } from "../../stages/codecs/image.ts";
import { decodeJpeg } from "../../stages/codecs/jpeg.ts";
import { decodePicture, decodeStored } from "../../stages/codecs/picture.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { DataError } from "../../stages/datasets/errors.ts";
import { decodeListText, parseIdList } from "../../stages/datasets/id_list.ts";
import { entryOf } from "../support/entry.ts";
import * as p from "../support/weights/pickle_bytes.ts";
import { torchArchive } from "../support/weights/zip_bytes.ts";
import pictures from "../golden/pillow_pictures.json" with { type: "json" };
import golden from "../golden/pillow_small.json" with { type: "json" };
import { annotationReaders } from "./annotation_readers.ts";
import {
  mutateJpeg,
  mutateJsonText,
  mutateList,
  mutatePng,
  mutateSafetensors,
  mutateYaml,
  mutateZip,
} from "./formats.ts";
import { mutate, type Random } from "./mutations.ts";

/** A reader and its files. */
export interface Reader {
  readonly name: string;
  /** Files that are right. */
  readonly seeds: readonly Uint8Array[];
  /** Damage that knows the format. */
  readonly damage: (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;
  /** Reads; throws one of `refusals`, or holds what it got against what a right answer is. */
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** The errors that it may throw. */
  // deno-lint-ignore no-explicit-any -- constructors of any arguments
  readonly refusals: readonly (new (...args: any[]) => Error)[];
}

const encoder = new TextEncoder(), decoder = new TextDecoder();
const bytesOf = (text: string) => encoder.encode(text);
/** Damage to a text, as text or as bytes. */
const asText = (damage: (text: string, random: Random) => string): Reader["damage"] => (bytes, random) =>
  bytesOf(damage(decoder.decode(bytes), random));

const images = (extension: string) =>
  Object.entries(golden.cases).filter(([name]) => name.endsWith(extension))
    .map(([, { file }]) => Uint8Array.fromBase64(file));

/** A decoded image has as many samples as its sides say. */
function assertImage({ width, height, channels, data }: StoredImage): void {
  assert.ok(width > 0 && height > 0 && [1, 2, 3, 4].includes(channels));
  assert.equal(data.length, width * height * channels);
}

const png: Reader = {
  name: "png",
  seeds: images(".png"),
  damage: mutatePng,
  read: (bytes) => Promise.resolve(assertImage(decodePng(bytes, "fuzz.png"))),
  refusals: [DecodeError],
};

const jpeg: Reader = {
  name: "jpeg",
  seeds: [
    ...images(".jpg"),
    ...(["ycck_420.jpg", "ycck_420_restarts.jpg", "ycck_420_progressive.jpg"] as const)
      .map((name) => Uint8Array.fromBase64(pictures.cases[name].file)),
  ],
  damage: mutateJpeg,
  read: async (bytes) => assertImage(await decodeJpeg(bytes, "fuzz.jpg")),
  refusals: [DecodeError],
};

/** A format of which a reader is told by its bytes alone. */
const picture = (name: string, extension: string): Reader => ({
  name,
  seeds: Object.entries(pictures.cases).filter(([file]) => file.endsWith(extension))
    .map(([, { file }]) => Uint8Array.fromBase64(file)),
  damage: mutate,
  async read(bytes) {
    assertImage(await decodeStored(bytes, `fuzz${extension}`));
    const { width, height, data } = await decodePicture(bytes, `fuzz${extension}`, {
      orientation: "upright",
    });
    assert.equal(data.length, width * height * 3);
  },
  refusals: [DecodeError],
});

const tensors = new Map<string, StoredTensor>([
  ["conv1.weight", tensor("float32", 4, [2, 3, 2])],
  ["bn1.num_batches_tracked", tensor("int64", 8, [])],
  ["fc.bias", tensor("float16", 2, [5])],
  ["empty", tensor("float32", 4, [0, 4])],
]);

function tensor(dtype: StoredTensor["dtype"], width: number, shape: number[]): StoredTensor {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, extent) => product * extent, 1));
  const storage = Uint8Array.from({ length: width * elementCount(shape) }, (_, i) => i * 7);
  return { dtype, shape, strides, offset: 0, storage };
}

/** Weights that were read have all their elements. */
async function readTensors(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const { tensors } = await readWeights(bytes, "fuzz");
  for (const each of tensors.values()) {
    const data = elementBytes(each);
    assert.ok(Number.isInteger(data.length / Math.max(1, elementCount(each.shape))));
  }
}

const safetensors: Reader = {
  name: "safetensors",
  seeds: [encodeStoredTensors(tensors), encodeStoredTensors(tensors, { format: "pt" })],
  damage: mutateSafetensors,
  read: readTensors,
  refusals: [WeightsError],
};

const floats = new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => i).buffer);
const pickled = p.ordered({
  epoch: p.integer(3),
  state_dict: p.ordered({ "conv1.weight": p.tensor(p.storage("Float", "0", 64), [4, 16]) }),
});

/** Weights as torch.save writes them: stored, deflated, and in the form before archives. */
const pytorch: Reader = {
  name: "pth",
  seeds: [
    encodePytorch(tensors),
    torchArchive(p.pickle(pickled), { "0": floats }),
    torchArchive(p.pickle(pickled), { "0": floats }, { deflate: true }),
    p.legacyFile(pickled, { "0": { count: 64, data: floats } }),
  ],
  damage: (bytes, random, others) =>
    bytes[0] === 0x50 ? mutateZip(bytes, random) : mutate(bytes, random, others),
  read: readTensors,
  refusals: [WeightsError],
};

const list: Reader = {
  name: "list",
  seeds: [
    bytesOf(
      "JPEGImages/2007_000032.jpg SegmentationClass/2007_000032.png\nJPEGImages/b c.jpg masks/b c.png\n",
    ),
    bytesOf("\uFEFFleftImg8bit/train/a.png gtFine/train/a.png\r\nx.jpeg y.PNG\r\n\r\n"),
    bytesOf("/JPEGImages/a.jpg\t/masks/a.png\r2007_000032 \rb\r"),
  ],
  damage: (bytes, random, others) =>
    random() < 0.2 ? mutate(bytes, random, others) : asText(mutateList)(bytes, random, others),
  read(bytes) {
    const { samples } = parseIdList(decodeListText(bytes, "fuzz.txt"), "fuzz.txt", {
      masks: bytes.length % 2 ? "required" : "optional",
      bare: bytes.length % 3 ? (id) => ({ image: `images/${id}.jpg`, mask: `masks/${id}.png` }) : undefined,
    });
    assert.ok(samples.length > 0);
    for (const { image, mask = "a.png" } of samples) {
      for (const path of [image, mask]) {
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(path, /^\/|^[A-Za-z]:|\\|(^|\/)\.{0,2}(\/|$)|[\x00-\x1f\x7f]/);
      }
    }
    assert.equal(new Set(samples.map(({ id }) => id)).size, samples.length);
    return Promise.resolve();
  },
  refusals: [DataError],
};

const parts = { schema: 1, stage: "load", version: 1, "config.root": "a", "input.views": sha256("views") };
const key = keyOf(parts);
const files = {
  "value.json": { digest: sha256("blob"), size: 4 },
  "a/b.bin": { digest: sha256("b"), size: 0 },
};
const entryText = encodeEntry(
  entryOf(parts, files, { facts: { host: "x" }, sources: { digest: sha256("s"), size: 9 } }),
);

/** An entry with a member changed and the check digest made right again, as one who lies would. */
function forge(text: string, random: Random): string {
  const { check: _, ...body } = JSON.parse(text);
  const changed = mutateJsonText(JSON.stringify(body), random);
  try {
    const { schema: _schema, ...entry } = JSON.parse(changed);
    if (random() < 0.3) entry.outputs.value.digest = artifactDigest("number", 1, entry.outputs.value.files);
    return encodeEntry(entry);
  } catch {
    return changed;
  }
}

const entry: Reader = {
  name: "entry",
  seeds: [bytesOf(entryText)],
  damage: asText(forge),
  read(bytes) {
    const text = decoder.decode(bytes);
    const found = decodeEntry(text, key);
    // A cache answers a bad entry with a miss that says why.
    if (typeof found === "string") throw new UserError(found);
    assert.equal(found.key, key);
    for (const { files } of Object.values(found.outputs)) {
      for (const [name, { digest, size }] of Object.entries(files)) {
        assert.match(digest, /^[0-9a-f]{64}$/);
        assert.ok(Number.isSafeInteger(size) && size >= 0);
        assert.ok(!name.split("/").some((segment) => ["", ".", ".."].includes(segment)), name);
      }
    }
    return Promise.resolve();
  },
  refusals: [UserError],
};

const node = {
  id: "load",
  stage: "load",
  version: 1,
  config: { root: "a", deep: { leaf: [1, 2] } },
  origins: { root: "set" },
  parts,
  modules: { "a.ts": sha256("a") },
  key,
  outputs: { value: sha256("value") },
  state: "miss",
  why: ["no earlier result"],
  resources: ["gpu"],
};
const planText = JSON.stringify({
  pipeline: "p",
  seed: 0,
  nodes: [node, { ...node, id: "next", state: "waiting", waitingFor: ["load"] }],
  edges: [{ from: "load", output: "value", to: "next", input: "value" }],
  outputs: [{ name: "end", node: "next", output: "value" }],
});

const plan: Reader = {
  name: "plan",
  seeds: [bytesOf(planText)],
  damage: asText(mutateJsonText),
  read(bytes) {
    const found = decodePlan(decoder.decode(bytes), "fuzz.json");
    const ids = found.nodes.map(({ id }) => id);
    for (const { from, to } of found.edges) assert.ok(ids.includes(from) && ids.includes(to));
    for (const { key, parts } of found.nodes) if (key !== undefined) assert.equal(keyOf(parts), key);
    return Promise.resolve();
  },
  refusals: [UserError],
};

const { id, stage, config, outputs, modules } = node;
const published = {
  name: "p",
  experiment: "shapes-12",
  set: ["a.b=1"],
  seed: 0,
  metrics: { miou: { average: 1 } },
};
const recorded = {
  run: "20260101-000000-01234567",
  started: "2026-01-01",
  seconds: 1,
  gpu: { adapter: "x" },
  facts: { deno: "2" },
};
const publishedNode = { id, stage, key, config, outputs, parts, modules };
const resultTexts = [
  JSON.stringify({ format: 1, ...published, ...recorded, nodes: [publishedNode] }),
  JSON.stringify({
    format: 2,
    ...published,
    scores: { node: id, output: "value", version: 1 },
    nodes: [{ ...publishedNode, facts: { deno: "2" } }],
    recorded,
    check: "ab".repeat(32),
  }),
];

const result: Reader = {
  name: "result",
  seeds: resultTexts.map(bytesOf),
  damage: asText(mutateJsonText),
  read(bytes) {
    const found = decodeResult(decoder.decode(bytes), "fuzz.json");
    for (const { key, parts } of found.nodes) assert.equal(keyOf(parts), key);
    scoreEdits(found, []);
    return Promise.resolve();
  },
  refusals: [UserError],
};

const yaml: Reader = {
  name: "yaml",
  seeds: [
    bytesOf(
      "dataset: pascal # VOC\nnclass: 21\ndata_root: /data/voc\ncrop_size: 321\nreplace_stride_with_dilation: [False, False, True]\n" +
        "dilations: [6, 12, 18]\nmulti_grid: False\n",
    ),
    bytesOf(
      "dataset: 'cityscapes'\nnclass: 19\ndata_root: \"data\"\ncriterion:\n  name: OHEM\n  kwargs:\n    ignore_index: 255\n" +
        "    thresh: 0.7\n    min_kept: 200000\nmulti_grid: true\ndilations:\n  - 12\n  - 24\n  - 36\n" +
        "replace_stride_with_dilation: [false, true, true]\n",
    ),
  ],
  damage: asText(mutateYaml),
  read(bytes) {
    const { dataset, dataRoot, outputStride, ohem } = readConfigFile(decoder.decode(bytes), "fuzz.yaml");
    assert.ok(
      ["pascal", "cityscapes"].includes(dataset) && dataRoot !== "" && [8, 16].includes(outputStride),
    );
    if (ohem !== undefined) assert.ok(Number.isFinite(ohem.threshold) && Number.isSafeInteger(ohem.minKept));
    return Promise.resolve();
  },
  refusals: [UserError],
};

/** All readers. */
export const readers: readonly Reader[] = [
  png,
  jpeg,
  picture("tiff", ".tif"),
  picture("webp", ".webp"),
  picture("bmp", ".bmp"),
  picture("gif", ".gif"),
  safetensors,
  pytorch,
  list,
  yaml,
  entry,
  plan,
  result,
  ...annotationReaders,
];
