import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { explainConfig } from "../../../pipeline/language/explain.ts";
import { trainingStage } from "../../../stages/co_train.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { deepLabV3Plus } from "../../../stages/methods/deeplabv3plus.ts";
import type { Passes, Step } from "../../../stages/methods/step.ts";
import { openSession } from "../../../stages/training/session.ts";
import { allocateNetworks, runStep } from "../../support/captured_step.ts";
import { gpuTest, store, uniform } from "../../support/gpu.ts";
import { assertDeclared, bound, networkOf, shapesViews } from "../../support/training.ts";

const BATCH = 2, SIZE = 33, CLASSES = shapesClasses.names.length, PIXELS = BATCH * SIZE * SIZE;
/** A fifth of the pixels have no label. */
const truth = Uint32Array.from(uniform(5, PIXELS, 0, 1.25 * CLASSES), (v) => v < CLASSES ? v : 255);
/** The last columns are padding, which has none. */
const isPadding = (pixel: number) => pixel % SIZE >= SIZE - 6;
const labels = truth.map((label, pixel) => isPadding(pixel) ? 255 : label);

/** The loss of one step, and every pixel's logits. */
async function step(device: Device, options: Parameters<typeof deepLabV3Plus>[0]) {
  const method = bound(deepLabV3Plus(options));
  const { networks, parameters } = allocateNetworks(device, method, 16);
  const words = (label: string, shape = [BATCH, SIZE, SIZE]) =>
    ({ label, shape, dtype: "u32", layout: "map" }) as const;
  const held = allocate(device, "inputs", [
    { label: "image", shape: [BATCH, SIZE, SIZE, 3] },
    words("labels"),
    words("validity"),
    words("counters", [1, 1, 4]),
    { label: "rates", shape: [1, 1, 8], layout: "map" },
    { label: "meter", shape: [1, 1, 4], layout: "map" },
  ]);
  const [image, truths, validity, counters, rates, meter] = held.tensors as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  upload(device, image, store(uniform(1, PIXELS * 3, -2, 2), image.shape));
  upload(device, truths, labels);
  upload(device, validity, Uint32Array.from({ length: PIXELS }, (_, pixel) => Number(!isPadding(pixel))));
  upload(device, counters, Uint32Array.of(7, 1, 2, 0));
  upload(device, rates, new Float32Array(8));
  const graph = new Graph(device.facts.sharing), kept = new Map<string, Tensor>();
  const noting = (step: Step): Step => ({
    ...step,
    train<const P extends Passes>(network: string, passes: P) {
      const seen = step.train(network, passes);
      const { logits } = (seen as Record<string, Prediction>).labeled!;
      kept.set("labeled", graph.keep(resizeBilinear(graph, logits, SIZE, SIZE)));
      return seen;
    },
  });
  const done = await runStep(device, graph, {
    networks,
    parameters,
    method: { ...method, terms: (step) => method.terms(noting(step)) },
    views: { labeled: { image, labels: truths, validity } },
    counters,
    rates,
    meters: [meter],
    kept,
  });
  for (const owner of [held, parameters]) owner.free();
  return { loss: done.losses.ce!, logits: done.logits.labeled! };
}

/** Mean of −log p(label) over the pixels that have one. */
function crossEntropy(logits: Float64Array, labels: ArrayLike<number>): number {
  let sum = 0, count = 0;
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    if (labels[pixel] === 255) continue;
    const own = logits.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
    sum += Math.log(own.reduce((total, logit) => total + Math.exp(logit), 0)) - own[labels[pixel]!]!;
    count++;
  }
  return sum / count;
}

gpuTest("void pixels are background or take no part, and padding takes none in any case", async (device) => {
  const filled = labels.map((label, pixel) => label === 255 && !isPadding(pixel) ? 0 : label);
  for (const [way, target] of [["background", filled], ["ignore", labels]] as const) {
    const { loss, logits } = await step(device, { void: way });
    const expected = crossEntropy(logits, target),
      other = crossEntropy(logits, way === "ignore" ? filled : labels);
    assert.ok(Math.abs(loss - expected) < 1e-5 * expected, `${way}: ${loss}, and not ${expected}`);
    assert.ok(Math.abs(other - expected) > 1e-3, "the test could not tell them apart");
  }
});

Deno.test("code and paper differ in void and in epsilon, each leaf by itself", () => {
  const { norms } = bound(deepLabV3Plus()).networks.network!;
  assert.deepEqual(norms, {
    backbone: { momentum: 3e-4, clampsVariance: true },
    head: { momentum: 3e-4, clampsVariance: true },
  });
  const paper = bound(deepLabV3Plus({ as: "paper", momentum: 0.1 })).networks.network!.norms;
  assert.deepEqual(paper, {
    backbone: { momentum: 0.1, clampsVariance: false },
    head: { momentum: 0.1, clampsVariance: false },
  });
  const { config: schema } = trainingStage(deepLabV3Plus).definition;
  const explained = (method: object) =>
    Object.fromEntries(
      explainConfig(schema, parseConfig(schema, { method }, "co-train"), {}).map((
        { name, value, source },
      ) => [
        name,
        [value, source] as const,
      ]),
    );
  assert.match(`${explained({})["method.void"]}`, /background,.*labels of 21 and more/);
  assert.match(`${explained({ as: "paper" })["method.void"]}`, /ignore,.*255 takes no part/);
  assert.equal(explained({ as: "paper", epsilon: "clamp" })["method.epsilon"]![0], "clamp");
  assertDeclared(deepLabV3Plus, {
    defaults: { as: "published-code", void: "background", epsilon: "clamp", momentum: 3e-4 },
    unread: [],
    outputs: ["last", "bestNetwork", "history"],
    refused: [{ void: "zero" }, { epsilon: 1e-5 }, { momentum: 2 }, { as: "textbook" }],
  });
});

gpuTest(
  "with a rate of 0 norms' parameters stay as they start, to the bit, and nothing else does",
  async (device) => {
    const method = bound(deepLabV3Plus());
    const session = openSession(device, {
      network: networkOf(method),
      method,
      views: shapesViews(),
      batch: 4,
      seed: 5,
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: 0.01,
        groups: { head: { rate: 10 }, norms: { rate: 0 } },
      },
      warmUp: true,
    });
    const before = await session.state();
    for (const [step, phase] of (["warm-up", "method"] as const).entries()) {
      const at = { step, steps: 9, epoch: 0, epochs: 1, stepsPerEpoch: 9 };
      session.step({ labeled: [0, 1, 2, 3], unlabeled: [] }, { phase, epoch: 0, step, rate: 0.01, at });
    }
    const after = await session.state();
    session.free();
    for (const [name, { shape, values }] of before) {
      const norm = shape.length === 1 && /\.(weight|bias)$/.test(name) && !name.includes("classifier");
      const same = values.every((value, i) => value === after.get(name)!.values[i]);
      assert.equal(same, norm, name);
    }
  },
);
