import assert from "node:assert/strict";
import { type Dispatch, Graph } from "../../../kernels/graph.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import { explainConfig } from "../../../pipeline/language/explain.ts";
import { parseConfig, UserError } from "../../../pipeline/mod.ts";
import { trainingStage } from "../../../stages/co_train.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { cps } from "../../../stages/methods/cps.ts";
import { minedLabels } from "../../../stages/methods/mining.ts";
import {
  consistency,
  crossEntropy,
  entropy,
  everyPixel,
  joined,
  label,
  labeledShare,
  mix,
  only,
  percentile,
  share,
  times,
  weigh,
  where,
} from "../../../stages/methods/parts.ts";
import { noiseWeights, reverseCrossEntropy } from "../../../stages/methods/noisy_labels.ts";
import { unimatch } from "../../../stages/methods/unimatch.ts";

const home = { buffer: {} as GPUBuffer, offset: 0 };
const map = (label: string, dtype: "u32" | "f32" = "u32", shape = [2, 8, 8]) =>
  makeTensor({ label, shape, dtype, layout: "map", home });
const image = (label: string, channels = 3, tracked = false) =>
  makeTensor({ label, shape: [2, 8, 8, channels], home, tracked });
const scores = (label: string) => ({ logits: image(label, 5), size: { height: 8, width: 8 } });

/** A step that launches nothing yet, and what it launches: kernels with their inputs. */
function launching() {
  const graph = new Graph(0);
  const launched = () =>
    graph.dispatches.map(({ kernel, reads }: Dispatch) =>
      `${kernel.name}(${reads.map(({ label }) => label).join(", ")})`
    );
  return { step: { graph }, graph, launched };
}

Deno.test("a part launches its op where it is called, and nothing else", () => {
  const { step, graph, launched } = launching();
  const { labels, confidence } = label(step, scores("teacher"));
  label(step, scores("branch"), "logit");
  only(step, labels, map("validity"));
  where(step, confidence, "at least", 0.9);
  where(step, confidence, "at least", { tensor: map("rates", "f32", [1, 1, 4]), index: 2 });
  assert.deepEqual(launched(), [
    "arg_max(teacher)",
    "arg_max(branch)",
    "mask_labels(teacher labels, validity)",
    "at_least(teacher confidence)",
    "at_least_scheduled(teacher confidence, rates)",
  ]);
  assert.deepEqual(graph.dispatches.map(({ constants }) => constants.PROBABILITY).slice(0, 2), [1, 0]);
  assert.equal(graph.dispatches[3]!.uniforms.threshold, 0.9);
});

Deno.test("images, maps, labelings and targets go through the same boxes; partners come from another draw where it is given", () => {
  const { step, launched } = launching();
  const boxes = map("boxes", "u32", [1, 2, 8]);
  mix(step, image("strong"), boxes);
  mix(step, image("own"), boxes, image("partner"));
  mix(step, map("validity"), boxes);
  const weights = (name: string) => map(`${name} weights`, "f32");
  const target = mix(
    step,
    { labels: map("own"), weights: weights("own") },
    boxes,
    { weights: weights("their"), labels: map("their") },
  );
  assert.deepEqual(Object.keys(target), ["labels", "weights"]);
  assert.deepEqual(Object.keys(mix(step, { labels: map("plain") }, boxes)), ["labels"]);
  assert.deepEqual(launched(), [
    "mix_boxes_vectors(strong, strong, boxes)",
    "mix_boxes_vectors(own, partner, boxes)",
    "mix_boxes(validity, validity, boxes)",
    "mix_boxes(own, their, boxes)",
    "mix_boxes(own weights, their weights, boxes)",
    "mix_boxes(plain, plain, boxes)",
  ]);
  assert.throws(
    () =>
      mix<{ labels: Tensor; weights?: Tensor }>(
        step,
        { labels: map("own"), weights: weights("own") },
        boxes,
        { labels: map("their") },
      ),
    (error) =>
      error instanceof UserError && /one alone has weights: give both some, or none/.test(error.message),
  );
});

Deno.test("a cross-entropy is over valid labels unless told, weighed where weights are given", () => {
  const { step, launched } = launching();
  const seen = scores("student"), labels = map("labels");
  const loss = crossEntropy(step, "ce", seen, labels);
  assert.equal(loss.label, "ce");
  crossEntropy(step, "weighed", seen, { labels, weights: map("w", "f32") }, { denominator: "weights" });
  const [plain, , weighed] = launched();
  assert.match(plain!, /^softmax_cross_entropy_value\(student, labels\)$/);
  assert.match(weighed!, /^softmax_cross_entropy_weighted_value\(student, labels, w\)$/);
});

Deno.test("entropy is of every pixel of the image, and what exceeds a threshold weighs 1", () => {
  const { step, launched } = launching();
  const seen = { logits: image("student", 5, true), size: { height: 15, width: 15 } };
  const unsure = entropy(step, seen);
  assert.deepEqual([unsure.shape, unsure.tracked], [[2, 15, 15], false]);
  where(step, unsure, "at least", 1);
  assert.deepEqual(launched(), ["entropy(student)", "at_least(student entropy)"]);
});

Deno.test("labels are those below a percentile of an entropy, and a loss is over all pixels by their share", () => {
  const { step, graph, launched } = launching();
  const unsure = map("unsure", "f32"), labels = map("labels");
  const limit = percentile(step, unsure, { tensor: map("rates", "f32", [1, 1, 4]), index: 3 });
  assert.deepEqual([limit.tensor.shape, limit.index], [[1, 1, 4], 0]);
  percentile(step, unsure, 50, { mask: map("validity") });
  const kept = only(step, labels, where(step, unsure, "below", limit));
  only(step, labels, map("validity"), { others: 0 });
  const { inverse } = labeledShare(step, kept);
  assert.equal(inverse.index, 1);
  const loss = times(step, crossEntropy(step, "unsure", scores("student"), kept), inverse);
  assert.deepEqual([loss.label, graph.kept.has(loss.value)], ["unsure", true]);
  const told = launched().filter((line) => !/clear|histogram|select/.test(line));
  assert.deepEqual(told, [
    "at_least_scheduled(unsure, percentile of unsure)",
    "mask_labels_weighed(labels, unsure reached)",
    "mask_labels(labels, validity)",
    "label_share(labels masked)",
    "softmax_cross_entropy_value(student, labels masked)",
    "finish_loss(unsure partials)",
    "scale(unsure, share of labels masked)",
  ]);
  const percentiles = launched().filter((line) => /percentile_select/.test(line));
  assert.equal(percentiles.length, 6);
  const masks = graph.dispatches.filter(({ kernel }) => /^mask_labels/.test(kernel.name));
  assert.deepEqual(masks.map(({ uniforms }) => uniforms.other), [255, 0]);
  assert.deepEqual(
    graph.dispatches.filter(({ kernel }) => /^at_least/.test(kernel.name)).map(({ constants }) =>
      constants.BELOW
    ),
    [1],
  );
});

Deno.test("soft targets are scores of every pixel, and weights come of maps, of numbers here and on the device", () => {
  const { step, graph, launched } = launching();
  const seen = { logits: image("student", 5, true), size: { height: 15, width: 15 } };
  const told = { logits: image("teacher", 5), size: seen.size };
  const large = (name: string, dtype: "u32" | "f32") => map(name, dtype, [2, 15, 15]);
  const targets = graph.withoutGradients(() => everyPixel(step, told));
  assert.deepEqual([targets.shape, targets.dtype, targets.tracked], [[2, 15, 15, 5], "f32", false]);
  const mask = large("validity", "u32"), sure = large("sure", "f32");
  weigh(step, sure, mask);
  weigh(step, 0.5, mask);
  const weights = weigh(step, share(step, sure), mask);
  assert.equal(consistency(step, "con", seen, targets, { weights }).label, "con");
  consistency(step, "far", told, targets, { weights, distance: "kl-divergence" });
  assert.deepEqual(launched(), [
    "resize_bilinear(teacher)",
    "mask_weights_map(validity, sure)",
    "mask_weights(validity)",
    "map_mean(sure)",
    "mask_weights_scheduled(validity, mean of sure)",
    "consistency_loss(student, teacher resized, validity weights)",
    "finish_loss(con partials)",
    "consistency_loss_value(teacher, teacher resized, validity weights)",
    "finish_loss(far partials)",
  ]);
  const distances = graph.dispatches.flatMap(({ constants }) =>
    constants.PROBABILITIES === undefined ? [] : [[constants.PROBABILITIES, constants.DIVERGENCE]]
  );
  assert.deepEqual(distances, [[1, 0], [0, 1]]);
});

Deno.test("mining keeps a micro-batch's share of the hard labels, and is not there without it", () => {
  const mined = (criterion: "cross-entropy" | "ohem", share?: number) => {
    const { graph } = launching();
    const step = { graph, ...(share !== undefined && { share }) }, labels = map("labels");
    const kept = minedLabels(step, scores("s"), labels, { criterion, ohemThreshold: 0.7, ohemMinKept: 9 });
    assert.equal(kept === labels, criterion !== "ohem");
    return graph.dispatches.flatMap(({ kernel, uniforms }) =>
      kernel.name === "ohem_select" ? [uniforms.kept, uniforms.threshold] : []
    );
  };
  assert.deepEqual(mined("cross-entropy"), []);
  assert.deepEqual(mined("ohem"), [9, 0.7, 9, 0.7]);
  assert.deepEqual(mined("ohem", 1 / 2), [5, 0.7, 5, 0.7]);
});

Deno.test("the leaves of mining are the same in each method, but for what was published", () => {
  const told = [ccvc, cps, unimatch].map((method) => {
    const { config: schema } = trainingStage(method as typeof ccvc).definition;
    const config = parseConfig(schema, { method: {} } as never, "co-train");
    return explainConfig(schema, config, {})
      .filter(({ name }) => /^method\.(criterion|ohem)/.test(name))
      .map(({ name, value, unit, source, unread }) => [name.slice(7), value, unit, source, unread]);
  });
  assert.deepEqual(told.map((leaves) => leaves.map(([name]) => name)), [
    ...Array(3).fill(["criterion", "ohemThreshold", "ohemMinKept"]),
  ]);
  assert.deepEqual(told.map((leaves) => leaves[2]![1]), [100_000, 50_000, 200_000]);
  for (const leaves of told) {
    assert.deepEqual(leaves.map(([, , unit]) => unit), [undefined, "probability", "pixels"]);
    assert.deepEqual(leaves.map((leaf) => leaf[4]), [
      undefined,
      "criterion is not ohem",
      "criterion is not ohem",
    ]);
    assert.ok(leaves.every(([, , , source]) => source));
  }
});

Deno.test("scores and labels of several passes are one batch, and noise is weighed by its scores", () => {
  const { step, launched } = launching();
  const [one, other] = [scores("weak"), scores("strong")];
  const both = joined(step, [one, other]), clean = joined(step, [map("clean"), map("more")]);
  assert.deepEqual([both.logits.shape, both.size, clean.shape], [[4, 8, 8, 5], one.size, [4, 8, 8]]);
  const { trust, distrust } = noiseWeights(step, both, clean, { sure: 0.8, shared: true });
  const loss = reverseCrossEntropy(step, "noisy", both, { labels: clean, weights: trust });
  assert.deepEqual([trust.shape, distrust.shape, loss.label], [[4, 8, 8], [4, 8, 8], "noisy"]);
  assert.deepEqual(
    launched().filter((launch) => !launch.startsWith("channel_copy") && !launch.startsWith("finish")),
    [
      "join_maps(clean)",
      "join_maps(more)",
      "arg_max(weak + strong)",
      "noise_weights(weak + strong confidence, clean + more)",
      "reverse_cross_entropy_value(weak + strong, clean + more, trust)",
    ],
  );
});
