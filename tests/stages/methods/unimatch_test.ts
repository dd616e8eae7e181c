import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { boxWords } from "../../../kernels/ops/map/mix_boxes.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { mixBoxes } from "../../../kernels/reference/map/mix_boxes.ts";
import { ohemLabels } from "../../../kernels/reference/label/ohem.ts";
import { softmaxCrossEntropy } from "../../../kernels/reference/loss/softmax_cross_entropy.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import type { Passes, Step } from "../../../stages/methods/step.ts";
import { unimatch } from "../../../stages/methods/unimatch.ts";
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
/** Other columns of padding in each draw. */
const validity = [[28, 33], [33, 25]].map((ends) =>
  Uint32Array.from({ length: PIXELS }, (_, i) => i % SIZE < ends[Math.floor(i / (SIZE * SIZE))]! ? 1 : 0)
) as [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>];
const box = (x0: number, y0: number, x1: number, y1: number) => [{ x0, y0, x1, y1 }];
const tables = [
  boxTable([box(3, 4, 20, 30), box(10, 2, 33, 19)], [0, 1]),
  boxTable([box(15, 1, 31, 28), box(0, 0, 0, 0)], [0, 1]),
] as const;
const draws = {
  labeled: ["image"],
  unlabeled: ["image", "strong1", "strong2"],
  partner: ["image", "strong1", "strong2"],
};

/** The terms of one step, and every pixel's logits of each pass. */
async function step(device: Device, options: Parameters<typeof unimatch>[0]) {
  const method = bound(unimatch(options));
  const { networks, parameters } = allocateNetworks(device, method, 16);
  const words = (label: string, shape = [BATCH, SIZE, SIZE]) =>
    ({ label, shape, dtype: "u32", layout: "map" }) as const;
  const names = Object.entries(draws).flatMap(([draw, views]) => views.map((view) => [draw, view] as const));
  const held = allocate(device, "inputs", [
    ...names.map((name) => ({ label: name.join(" "), shape: [BATCH, SIZE, SIZE, 3] })),
    words("labels"),
    words("validity"),
    words("partner validity"),
    words("boxes1", [1, BATCH, boxWords(1)]),
    words("boxes2", [1, BATCH, boxWords(1)]),
    words("counters", [1, 1, 4]),
    { label: "rates", shape: [1, 1, 8], layout: "map" },
    ...[0, 1, 2, 3, 4].map((i) => ({ label: `meter ${i}`, shape: [1, 1, 4], layout: "map" as const })),
  ]);
  const images = held.tensors.slice(0, names.length);
  const [labels, own, theirs, boxes1, boxes2, counters, rates, ...meters] = held.tensors
    .slice(names.length) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  images.forEach((tensor, i) => upload(device, tensor, store(uniform(i, PIXELS * 3, -2, 2), tensor.shape)));
  upload(device, labels, truth);
  [own, theirs].forEach((tensor, i) => upload(device, tensor, validity[i]!));
  [boxes1, boxes2].forEach((tensor, i) => upload(device, tensor, tables[i]!));
  upload(device, counters, Uint32Array.of(7, 1, 2, 0));
  upload(device, rates, new Float32Array(8));
  const of = (draw: string) =>
    Object.fromEntries(names.flatMap(([own, view], i) => own === draw ? [[view, images[i]!]] : []));
  const graph = new Graph(device.facts.sharing), kept = new Map<string, Tensor>();
  const note = (seen: object): void => {
    for (const [pass, inner] of Object.entries(seen)) {
      if (!("logits" in inner)) note(inner);
      else {
        const { logits } = inner as Prediction;
        kept.set(
          pass,
          graph.keep(graph.withoutGradients(() => resizeBilinear(graph, logits, SIZE, SIZE))),
        );
      }
    }
  };
  const noting = (step: Step): Step => {
    const noted =
      <A extends readonly unknown[], Y extends object>(call: (...all: A) => Y) => (...all: A): Y => {
        const seen = call(...all);
        note(seen);
        return seen;
      };
    return {
      ...step,
      train: noted(step.train as (network: string, passes: Passes) => object) as Step["train"],
      evaluate: noted(step.evaluate as (network: string, passes: Passes) => object) as Step["evaluate"],
    };
  };
  const done = await runStep(device, graph, {
    networks,
    parameters,
    method: { ...method, terms: (step) => method.terms(noting(step)) },
    views: {
      labeled: { ...of("labeled"), labels, validity: own },
      unlabeled: { ...of("unlabeled"), validity: own, boxes1, boxes2 },
      partner: { ...of("partner"), validity: theirs },
    },
    counters,
    rates,
    meters,
    kept,
  });
  for (const owner of [held, parameters]) owner.free();
  return done;
}

/** Of each pixel, the likeliest class and its probability. */
function labelsOf(logits: Float64Array): { labels: number[]; confidence: number[] } {
  const rows = Array.from({ length: PIXELS }, (_, i) => [...logits.subarray(i * CLASSES, (i + 1) * CLASSES)]);
  return {
    labels: rows.map((row) => row.indexOf(Math.max(...row))),
    confidence: rows.map((row) =>
      1 / row.reduce((sum, logit) => sum + Math.exp(logit - Math.max(...row)), 0)
    ),
  };
}

gpuTest(
  "the weak view's confident labels teach the strong, mixed views and its own dropped features",
  async (device) => {
    const ohem = { threshold: 0.05, minKept: 700 };
    const found = await step(device, {
      // Of some hundred pixels each way.
      threshold: 0.19,
      criterion: "ohem",
      ohemThreshold: ohem.threshold,
      ohemMinKept: ohem.minKept,
    });
    const { losses, logits } = found;
    const ours = labelsOf(logits.unlabeled!), theirs = labelsOf(logits.partner!);
    const passing = (confidence: ArrayLike<number>) =>
      Array.from(confidence, (value) => value >= 0.19 ? 1 : 0);
    const expected = (seen: string, table?: Uint32Array) => {
      const mixed = (own: ArrayLike<number>, inner: ArrayLike<number>) =>
        table ? mixBoxes(own, [BATCH, SIZE, SIZE, 1], table, inner) : own;
      const valid = mixed(validity[0], validity[1]);
      const labels = Array.from(mixed(ours.labels, theirs.labels), (label, i) => valid[i] ? label : 255);
      const weights = passing(mixed(ours.confidence, theirs.confidence));
      const share = weights.filter((weight) => weight > 0).length / PIXELS;
      assert.ok(share > 0.1 && share < 0.9, `${share} of the pixels pass, and some must each way`);
      return softmaxCrossEntropy(logits[seen]!, labels, CLASSES, { weights, denominator: "valid" }).value;
    };
    const mined = ohemLabels(logits.labeled!, truth, CLASSES, ohem).labels;
    assert.ok(mined.filter((label) => label !== 255).length < 1000);
    const wanted = {
      ce: softmaxCrossEntropy(logits.labeled!, mined, CLASSES, { denominator: "valid" }).value,
      strong1: expected("strong1", tables[0]),
      strong2: expected("strong2", tables[1]),
      dropped: expected("unlabeledDropped"),
    };
    for (const [name, value] of Object.entries(wanted)) {
      const error = Math.abs(losses[name]! - value) / value;
      assert.ok(error < 1e-3, `${name} is ${losses[name]}, and ${value} is expected`);
    }
    assert.notDeepEqual(logits.unlabeledDropped, logits.unlabeled);
  },
);

gpuTest(
  "UniMatch trains: warm-up, micro-batches, f16, recomputation, partners of other images",
  (device) =>
    withFolder(async (folder) => {
      const files: Uint8Array[] = [];
      const ways = [
        {},
        { recompute: "always" },
        { accumulate: 2, precision: "f16" },
        { method: { partner: "reversed" } },
      ] as const;
      for (const { method, ...how } of ways as readonly { method?: { partner: "reversed" } }[]) {
        const { stage, config } = trainingOf({
          method: unimatch({ threshold: 0, criterion: "ohem", ohemMinKept: 50, ...method }),
          ...oneStepEach,
          ...how,
        });
        const { last, bestStudent, history } = await stage.definition.run({
          inputs: { views: shapesViews() },
          config,
          context: testContext(await Deno.makeTempDir({ dir: folder }), undefined, gpuResources(device)),
        });
        files.push(Deno.readFileSync(last.path));
        assert.equal((await bestStudent.read()).network.headline, "student");
        assert.deepEqual(
          history.losses.map(({ terms }) => Object.keys(terms)),
          [["ce"], ["ce", "strong1", "strong2", "dropped"]],
        );
        assert.ok(history.losses.every(({ terms }) => Object.values(terms).every((value) => value > 0)));
      }
      assert.deepEqual(files[1], files[0], "recomputing changes no bit");
      assert.notDeepEqual(files[3], files[0]);
    })(),
);

Deno.test("UniMatch has the published settings of PASCAL, and what nothing reads says so", () => {
  const why = "criterion is not ohem";
  assertDeclared(unimatch, {
    defaults: {
      threshold: 0.95,
      partner: "same place",
      boxProbability: 0.5,
      dropout: 0.5,
      criterion: "cross-entropy",
      ohemThreshold: 0.7,
      ohemMinKept: 200_000,
    },
    unread: [["method.ohemThreshold", why], ["method.ohemMinKept", why]],
    outputs: ["last", "bestStudent", "history"],
    refused: [{ threshold: 1.1 }, { dropout: 1 }, { partner: "again" }, { boxProbability: -0.1 }],
  });
});

Deno.test("a strong view has one box half of the time, of the second draw's image at its place or at another", () => {
  for (const partner of ["same place", "reversed", "next", "permutation"] as const) {
    const { unlabeled, partner: second, labeled } = bound(unimatch({ partner, boxProbability: 0.25 })).draws;
    const boxes = { kind: "boxes", count: 1, partner, probability: 0.25 };
    assert.deepEqual([unlabeled!.views.boxes1, unlabeled!.views.boxes2], [boxes, boxes]);
    assert.deepEqual(Object.keys(second!.views), ["image", "strong1", "strong2"]);
    assert.deepEqual([unlabeled!.set, second!.set, labeled!.set], ["unlabeled", "unlabeled", "labeled"]);
  }
  assert.equal(
    (bound(unimatch()).draws.unlabeled!.views.boxes1 as { probability?: number }).probability,
    0.5,
  );
});
