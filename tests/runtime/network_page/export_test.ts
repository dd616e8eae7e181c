import assert from "node:assert/strict";
import { join } from "node:path";
import { parseSafetensors } from "../../../models/safetensors.ts";
import { hostTensor } from "../../../models/stored_tensor.ts";
import { networkPage } from "../../../runtime/network_page/export.ts";
import { openLabeler } from "../../../runtime/network_page/client/labeler.ts";
import {
  encodeWeights,
  type PredictionWeights,
  predictionWeights,
} from "../../../runtime/network_page/weights.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { openInference } from "../../../stages/evaluation/inference.ts";
import { withFolder } from "../../support/stage_run.ts";
import { shapesSet, testCheckpoint } from "../../support/training.ts";
import { gpuTest } from "../../support/gpu.ts";

/** The weights that lie in a page. */
function weightsIn(html: string): Uint8Array<ArrayBuffer> {
  const pieces = [...html.matchAll(/<script type="text\/plain" class="weights">([^<]*)<\/script>/g)];
  return Uint8Array.from(pieces.flatMap(([, text]) => [...Uint8Array.fromBase64(text!)]));
}

/** A small checkpoint, read. */
async function networks(options: Parameters<typeof testCheckpoint>[1] = {}): Promise<PredictionWeights> {
  const folder = await Deno.makeTempDir();
  try {
    return await (await testCheckpoint(join(folder, "weights.safetensors"), options)).read();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a page holds the weights of one prediction, bit for bit, and the same twice", async () => {
  const { network, state } = await networks(), options = { title: "t", precision: "f32" } as const;
  const taken = predictionWeights({ network, state }, "branch2");
  const page = networkPage(taken, options), text = new TextDecoder().decode(page);
  assert.deepEqual(networkPage(taken, options), page);
  const file = weightsIn(text), { tensors, metadata } = parseSafetensors(file);
  assert.equal(JSON.parse(/<script [^>]*id="data">(.*?)<\/script>/.exec(text)![1]!).bytes, file.length);
  assert.deepEqual(Object.keys(JSON.parse(metadata["network"]!).networks), ["branch2"]);
  const wanted = [...state].filter(([name]) => name.startsWith("branch2."));
  assert.deepEqual([...tensors.keys()].sort(), wanted.map(([name]) => name).sort());
  for (const [name, { values }] of wanted) assert.deepEqual(hostTensor(tensors.get(name)!).values, values);
});

Deno.test("f16 rounds the weights of convolutions to nearest, and nothing else; one that is too large is refused", async () => {
  const { network, state } = await networks(), taken = predictionWeights({ network, state });
  const { tensors } = parseSafetensors(encodeWeights(taken, "f16"));
  for (const [name, { shape, values }] of taken.state) {
    const found = hostTensor(tensors.get(name)!).values;
    assert.deepEqual(found, shape.length === 4 ? values.map(Math.f16round) : values);
  }
  const name = "branch1.backbone.conv1.0.weight", large = taken.state.get(name) ?? assert.fail(name);
  large.values[3] = 70_000;
  assert.throws(
    () => encodeWeights(taken, "f16"),
    /"branch1\.backbone\.conv1\.0\.weight" holds 70000, and no f16/,
  );
  large.values[3] = NaN;
  assert.throws(() => predictionWeights({ network, state }), /holds NaN, which is no weight/);
});

Deno.test("what a file says of its classes and networks cannot become markup or script", async () => {
  const bad = `</script><img src=x onerror="alert(1)"><!--weights-->`;
  const classes = { names: [bad, "b"], colors: [[0, 0, 0], [1, 1, 1]] } as const;
  const { network, state } = await networks({ classes });
  const html = new TextDecoder().decode(
    networkPage(predictionWeights({ network, state }), { title: bad, precision: "f32" }),
  );
  assert.ok(!html.includes("<img"));
  assert.equal(html.split("<!--").length, 1);
  assert.equal(JSON.parse(parseSafetensors(weightsIn(html)).metadata["network"]!).classes.names[0], bad);
});

gpuTest("what a page runs labels as predict does", (device) =>
  withFolder(async (folder) => {
    const checkpoint = await testCheckpoint(join(folder, "weights.safetensors"));
    const set = shapesSet([{ width: 45, height: 33 }, { width: 20, height: 37 }, { width: 20, height: 37 }]);
    const { inference, free } = await openInference(device, checkpoint);
    const labeler = openLabeler(device, encodeWeights(predictionWeights(await checkpoint.read()), "f32"));
    assert.equal(labeler.network.classes.names.length, shapesClasses.names.length);
    for (let i = 0; i < set.length; i++) {
      const size = set.size(i), rgb = set.image(i), pixels = size.width * size.height;
      const data = new Uint8ClampedArray(4 * pixels).map((_, at) =>
        at % 4 === 3 ? 255 : rgb[3 * Math.floor(at / 4) + at % 4]!
      );
      const found = await labeler.label({ ...size, data }), wanted = await inference.predict(rgb, size);
      assert.deepEqual(found.labels, wanted.labels["average"]);
      assert.deepEqual(found.confidence, wanted.confidence);
      assert.equal(found.prepared, i < 2);
      const [h, w, classes] = found.logits.shape;
      assert.equal(found.logits.values.length, h * w * classes);
      assert.equal(classes, shapesClasses.names.length);
    }
    free();
  })());
