import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { cps } from "../../../stages/methods/cps.ts";
import type { Passes, Step } from "../../../stages/methods/step.ts";
import { boxTable } from "../../../stages/views/tables.ts";
import { allocateNetworks, runStep } from "../../support/captured_step.ts";
import { gpuTest, store, uniform } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import {
  assertDeclared,
  bound,
  gpuResources,
  oneStepEach,
  shapesViews,
  trainingOf,
} from "../../support/training.ts";

const BATCH = 2, SIZE = 33, CLASSES = shapesClasses.names.length, PIXELS = BATCH * SIZE * SIZE;
const truth = Uint32Array.from(uniform(5, PIXELS, 0, CLASSES + 2), (value) => value < CLASSES ? value : 255);

/** Three boxes an image, which overlap. */
const rectangles = [0, 1].map((b) =>
  [0, 1, 2].map((k) => ({ x0: 3 * k + b, y0: 2 * k, x1: 15 + 2 * k, y1: 20 + 4 * k - b }))
);

/** Whether a pixel is of the second draw: each box toggles. */
const isMixed = (pixel: number) => {
  const x = pixel % SIZE, y = Math.floor(pixel / SIZE) % SIZE, b = Math.floor(pixel / SIZE ** 2);
  const hits = rectangles[b]!.filter(({ x0, y0, x1, y1 }) => x >= x0 && x < x1 && y >= y0 && y < y1);
  return hits.length % 2 === 1;
};

/** The terms of one step, and every pixel's logits of each branch and pass: `branch1 x`. */
async function step(device: Device, options: Parameters<typeof cps>[0] = {}) {
  const method = bound(cps(options));
  const { networks, parameters } = allocateNetworks(device, method, 8);
  const image = (label: string) => ({ label, shape: [BATCH, SIZE, SIZE, 3] });
  const words = (label: string, shape = [BATCH, SIZE, SIZE]) =>
    ({ label, shape, dtype: "u32", layout: "map" }) as const;
  const held = allocate(device, "inputs", [
    image("labeled"),
    image("unlabeled"),
    words("labels"),
    words("validity"),
    image("second"),
    words("boxes", [1, BATCH, 16]),
    words("counters", [1, 1, 4]),
    { label: "rates", shape: [1, 1, 8], layout: "map" },
    // Of four terms and a share.
    ...Array.from({ length: 5 }, (_, i) => ({
      label: `meter ${i}`,
      shape: [1, 1, 4],
      layout: "map" as const,
    })),
  ]);
  const [labeled, unlabeled, labels, validity, second, boxes, counters, rates, ...meters] = held
    .tensors as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  [labeled, unlabeled, second].forEach((tensor, i) =>
    upload(device, tensor, store(uniform(i, PIXELS * 3, -2, 2), tensor.shape))
  );
  upload(device, labels, truth);
  upload(device, boxes, boxTable(rectangles, [0, 1]));
  // Nothing of a crop is padding to CPS, whatever is said of it.
  upload(device, validity, new Uint32Array(PIXELS));
  upload(device, counters, Uint32Array.of(7, 1, 2, 0));
  upload(device, rates, new Float32Array(8));
  const graph = new Graph(device.facts.sharing), kept = new Map<string, Tensor>();
  const noting = (step: Step): Step => ({
    ...step,
    train<const P extends Passes>(network: string, passes: P) {
      const seen = step.train(network, passes);
      for (const [pass, { logits }] of Object.entries(seen as Record<string, Prediction>)) {
        kept.set(`${network} ${pass}`, graph.keep(resizeBilinear(graph, logits, SIZE, SIZE)));
      }
      return seen;
    },
  });
  const done = await runStep(device, graph, {
    networks,
    parameters,
    method: { ...method, terms: (step) => method.terms(noting(step)) },
    views: {
      labeled: { image: labeled, labels, validity },
      unlabeled: { image: unlabeled, validity, boxes },
      second: { image: second, validity },
    },
    counters,
    rates,
    meters,
    kept,
  });
  for (const owner of [held, parameters]) owner.free();
  return done;
}

/** Mean of −log p(label) over the pixels that have one. */
function crossEntropy(logits: Float64Array, labels: ArrayLike<number>): number {
  let sum = 0, count = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (labels[pixel] === 255) continue;
    const own = logits.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
    sum += Math.log(own.reduce((total, logit) => total + Math.exp(logit), 0)) - own[labels[pixel]!]!;
    count++;
  }
  return sum / count;
}

const argMax = (logits: Float64Array) =>
  Array.from({ length: logits.length / CLASSES }, (_, pixel) => {
    const own = logits.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
    return own.indexOf(own.reduce((a, b) => Math.max(a, b)));
  });

gpuTest(
  "each branch learns the labels, and of every pixel of both batches the other one's label",
  async (device) => {
    const { terms, losses, logits } = await step(device);
    assert.deepEqual(terms.map(({ name, weight }) => [name, weight]), [
      ["ce1", 1],
      ["ce2", 1],
      ["cps1", 1.5],
      ["cps2", 1.5],
    ]);
    const names = ["branch1 x", "branch1 u", "branch2 x", "branch2 u"];
    assert.deepEqual(Object.keys(logits), names);
    const of = (own: number) =>
      Float64Array.from(["x", "u"].flatMap((pass) => [...logits[`branch${own} ${pass}`]!]));
    const expected = {
      ce1: crossEntropy(logits["branch1 x"]!, truth),
      ce2: crossEntropy(logits["branch2 x"]!, truth),
      cps1: crossEntropy(of(1), argMax(of(2))),
      cps2: crossEntropy(of(2), argMax(of(1))),
    };
    for (const [name, value] of Object.entries(expected)) {
      const error = Math.abs(losses[name]! - value) / value;
      assert.ok(error < 1e-5, `${name} is ${losses[name]}, and ${value} is expected`);
    }
    assert.ok(Math.abs(expected.cps1 - expected.cps2) > 1e-3, "the test could not tell them apart");
  },
);

gpuTest(
  "with CutMix a branch labels both draws unmixed, and the other learns the mixed labels",
  async (device) => {
    const { terms, losses, logits } = await step(device, { cutMix: true, weight: 1 });
    assert.deepEqual(terms.map(({ name, weight }) => [name, weight]), [
      ["ce1", 1],
      ["ce2", 1],
      ["cps1", 1],
      ["cps2", 1],
    ]);
    // Statistics move in this order.
    assert.deepEqual(
      Object.keys(logits),
      ["branch1", "branch2"].flatMap((branch) => ["u0", "u1", "v", "x"].map((pass) => `${branch} ${pass}`)),
    );
    const labels = (branch: string) => {
      const [own, other] = [argMax(logits[`${branch} u0`]!), argMax(logits[`${branch} u1`]!)];
      return own.map((label, pixel) => isMixed(pixel) ? other[pixel]! : label);
    };
    const expected = {
      ce1: crossEntropy(logits["branch1 x"]!, truth),
      ce2: crossEntropy(logits["branch2 x"]!, truth),
      cps1: crossEntropy(logits["branch1 v"]!, labels("branch2")),
      cps2: crossEntropy(logits["branch2 v"]!, labels("branch1")),
    };
    for (const [name, value] of Object.entries(expected)) {
      const error = Math.abs(losses[name]! - value) / value;
      assert.ok(error < 1e-5, `${name} is ${losses[name]}, and ${value} is expected`);
    }
    assert.notDeepEqual(labels("branch2"), argMax(logits["branch2 u0"]!), "the boxes choose other labels");
  },
);

gpuTest(
  "CPS trains: a warm-up by the labels alone, and branch 1 is what is scored",
  (device) =>
    withFolder(async (folder) => {
      const { stage, config } = trainingOf({
        method: cps({ cutMix: true, criterion: "ohem", ohemMinKept: 50 }),
        ...oneStepEach,
      });
      const { bestBranch1, bestBranch2, history } = await stage.definition.run({
        inputs: { views: shapesViews() },
        config,
        context: testContext(folder, undefined, gpuResources(device)),
      });
      for (const best of [bestBranch1, bestBranch2]) {
        assert.equal((await best.read()).network.headline, "branch1");
      }
      assert.deepEqual(
        history.losses.map(({ terms }) => Object.keys(terms)),
        [["ce1", "ce2"], ["ce1", "ce2", "cps1", "cps2"]],
      );
      assert.ok(history.losses.every(({ terms }) => Object.values(terms).every((value) => value > 0)));
    })(),
);

Deno.test("CPS has the published settings of PASCAL, and what nothing reads says so", () => {
  const why = "criterion is not ohem";
  assertDeclared(cps, {
    defaults: {
      cutMix: false,
      weight: 1.5,
      criterion: "cross-entropy",
      ohemThreshold: 0.7,
      ohemMinKept: 50_000,
    },
    unread: [["method.ohemThreshold", why], ["method.ohemMinKept", why]],
    outputs: ["last", "bestBranch1", "bestBranch2", "history"],
    refused: [{ weight: -1 }, { criterion: "mse" }, { ohemThreshold: 0 }, { threshold: 0.9 }],
  });
});
