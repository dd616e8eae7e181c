/** The gradients of losses' twins are the central differences of what the twins compute. @module */
import assert from "node:assert/strict";
import type { Distance } from "../../../kernels/ops/loss/consistency_loss.ts";
import { infoNce } from "../../../kernels/reference/contrast/info_nce.ts";
import { consistencyLoss } from "../../../kernels/reference/loss/consistency_loss.ts";
import { cosineDiscrepancy } from "../../../kernels/reference/loss/cosine_discrepancy.ts";
import { reverseCrossEntropy } from "../../../kernels/reference/loss/reverse_cross_entropy.ts";
import { sigmoidCrossEntropy } from "../../../kernels/reference/soft_label/sigmoid_cross_entropy.ts";
import { softCrossEntropy } from "../../../kernels/reference/soft_label/soft_cross_entropy.ts";
import { softmaxCrossEntropy } from "../../../kernels/reference/loss/softmax_cross_entropy.ts";
import { type Arrays, assertGradients, type Differentiated } from "../../support/central_differences.ts";
import { uniform } from "../../support/uniform.ts";

const pixels = 7, classes = 5;
const logits = uniform(1, pixels * classes, -3, 3);
const weights = uniform(2, pixels, 0, 2);

/** A loss, whose gradient is scaled by that of its value. */
const ofLogits =
  (run: (logits: Float64Array) => { value: number; gradient: Float64Array }) =>
  ({ logits }: Arrays): Differentiated => {
    const { value, gradient } = run(logits!);
    return { y: [value], gradients: ([seed = 0]) => ({ logits: gradient.map((entry) => seed * entry) }) };
  };

/** Ignored, no class, and every class. */
const labels = [4, 255, 0, 1, 7, 2, 3];

for (const denominator of ["valid", "weights", "all weights", "all"] as const) {
  for (const weighed of [false, true]) {
    Deno.test(`the twin's gradient is its central differences: cross-entropy over ${denominator}${weighed ? ", weighed" : ""}`, () => {
      const options = { denominator, ...(weighed && { weights }) };
      const run = ofLogits((logits) => softmaxCrossEntropy(logits, labels, classes, options));
      assertGradients(run, { logits }, () => Float64Array.of(1.5));
    });
  }
}

Deno.test("the twin's gradient is its central differences: reverse cross-entropy", () => {
  const run = ofLogits((logits) => reverseCrossEntropy(logits, labels, classes, weights));
  assertGradients(run, { logits }, () => Float64Array.of(1.5));
});

Deno.test("the twin's gradient is its central differences: cross-entropy with distributions", () => {
  const targets = uniform(3, pixels * classes, 0, 1).map((value, i, all) => {
    const first = Math.floor(i / classes) * classes;
    return value / all.subarray(first, first + classes).reduce((a, b) => a + b, 0);
  });
  const run = ofLogits((logits) =>
    softCrossEntropy(logits, targets, classes, { weights, counted: [1, 0, 1, 1, 1, 0, 1] })
  );
  assertGradients(run, { logits }, () => Float64Array.of(1.5));
});

Deno.test("the twin's gradient is its central differences: sigmoid cross-entropy", () => {
  const targets = uniform(3, pixels * classes, 0, 1);
  assertGradients(
    ofLogits((logits) => sigmoidCrossEntropy(logits, targets)),
    { logits },
    () => Float64Array.of(1.5),
  );
});

const distances: Readonly<Record<Distance, true>> = {
  probabilities: true,
  logits: true,
  "smooth-l1": true,
  "binary-cross-entropy": true,
  "kl-divergence": true,
};

for (const distance of Object.keys(distances) as Distance[]) {
  Deno.test(`the twin's gradient is its central differences: consistency by ${distance}`, () => {
    const targets = uniform(3, pixels * classes, -3, 3);
    const run = ofLogits((logits) => consistencyLoss(logits, targets, classes, { distance, weights }));
    assertGradients(run, { logits }, () => Float64Array.of(1.5));
  });
}

/** Each side is compared with a constant, and the two are averaged: half of the derivative by both. */
const discrepancy = ({ a, b }: Arrays): Differentiated => {
  const { value, gradientA, gradientB } = cosineDiscrepancy(a!, b!, classes);
  const whole = (half: Float64Array, seed: number) => half.map((entry) => 2 * seed * entry);
  return {
    y: [value],
    gradients: ([seed = 0]) => ({ a: whole(gradientA, seed), b: whole(gradientB, seed) }),
  };
};

Deno.test("the twin's gradient is its central differences: cosine discrepancy", () => {
  const a = uniform(4, pixels * classes), b = uniform(5, pixels * classes);
  assertGradients(discrepancy, { a, b }, () => Float64Array.of(1.5));
});

Deno.test("the twin's gradient is its central differences: cosine discrepancy of a vector shorter than epsilon", () => {
  const a = uniform(4, classes, -1e-7, 1e-7), b = uniform(5, classes);
  assertGradients(
    ({ a }) => {
      const { y, gradients } = discrepancy({ a: a!, b });
      return { y, gradients: (dy) => ({ a: gradients(dy).a! }) };
    },
    { a },
    () => Float64Array.of(1.5),
    1e-9,
  );
});

for (const pairs of ["by class", "by turn"] as const) {
  Deno.test(`the twin's gradient is its central differences: InfoNCE, anchors ${pairs}`, () => {
    const channels = 4,
      rows = (seed: number, count: number) =>
        Array.from({ length: count }, (_, i) => [...uniform(10 * seed + i, channels)]);
    const run = ({ features }: Arrays): Differentiated => {
      const { value, gradient } = infoNce({
        features: features!,
        channels,
        sure: [2, 0, 3, 1],
        // The second pixel is an anchor of two classes, and drawn more than once.
        anchors: [[0, 1], [5, 6], [1, 2, 3], [4]],
        means: rows(1, 4),
        queues: [rows(2, 3), rows(3, 2), rows(4, 4), rows(5, 1)],
        draws: {
          anchors: [[0.1, 0.9, 0.6], [0.2, 0.4, 0.1], [0.7, 0.3, 0.9], [0, 0, 0]],
          negatives: [6, 7, 8, 9].map((seed) => [...uniform(seed, 6, 0, 1)]),
        },
        temperature: 0.5,
        pairs,
      });
      return { y: [value], gradients: ([seed = 0]) => ({ features: gradient.map((entry) => seed * entry) }) };
    };
    assertGradients(run, { features: uniform(7, 7 * channels) }, () => Float64Array.of(1.5));
  });
}

Deno.test("every twin that has a gradient is held", () => {
  const reference = new URL("../../../kernels/reference/", import.meta.url);
  const held = ["layer", "loss"].map((kind) =>
    Deno.readTextFileSync(new URL(`${kind}_gradients_test.ts`, import.meta.url))
  );
  // Optimizers take gradients, and have none.
  const rooms = [
    "attention",
    "contrast",
    "convolution",
    "feature",
    "label",
    "loss",
    "norm",
    "soft_label",
    "view",
  ];
  const missing = rooms.flatMap((room) =>
    [...Deno.readDirSync(new URL(`${room}/`, reference))].map(({ name }) => `${room}/${name}`)
  ).filter((path) => /gradient/i.test(Deno.readTextFileSync(new URL(path, reference)))).filter((path) =>
    !held.some((text) => text.includes(`/kernels/reference/${path}"`))
  );
  assert.deepEqual(missing, []);
});
