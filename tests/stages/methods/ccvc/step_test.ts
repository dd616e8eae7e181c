/** CCVC's step: terms, passes, what each term learns from, gradients and networks. @module */
import assert from "node:assert/strict";
import { ccvc } from "../../../../stages/methods/ccvc.ts";
import { bound } from "../../../support/training.ts";
import { capture, type Options, reads, table } from "./captured.ts";

Deno.test("the weak step has the published terms and weights, on two training passes", () => {
  const captured = capture({ supervisedWeight: 5, consistencyWeight: 2, discrepancyWeight: 1 });
  assert.deepEqual(table(captured), {
    ce1: 2.5,
    ce2: 2.5,
    con1: 1,
    con2: 1,
    dis_labeled: 0.5,
    dis_unlabeled: 0.5,
  });
  assert.deepEqual(captured.passes, [
    { image: "labeled", pass: "labeled", training: true },
    { image: "weak", pass: "unlabeled", training: true },
  ]);
});

Deno.test("the strong step has the published terms and weights, on three training passes in the published order and one that labels", () => {
  const captured = capture({
    augmentation: "strong",
    supervisedWeight: 5,
    consistencyWeight: 2,
    discrepancyWeight: 1,
  });
  assert.deepEqual(table(captured), {
    ce1: 2.5,
    ce2: 2.5,
    con1_mix: 0.5,
    con2_mix: 0.5,
    con1_raw: 0.5,
    con2_raw: 0.5,
    dis_labeled: 0.5,
    dis_mix: 0.25,
    dis_raw: 0.25,
  });
  assert.deepEqual(captured.passes, [
    { image: "labeled", pass: "labeled", training: true },
    { image: "mix_boxes_vectors(strong, boxes)", pass: "mixed", training: true },
    { image: "weak", pass: "raw", training: true },
    { image: "weak", pass: "labeling", training: false, after: "labeled" },
  ]);
});

Deno.test("a branch learns the truth, and the other branch's labels where they are no padding", () => {
  const captured = capture({ mode: "no" });
  assert.deepEqual(reads(captured, "ce1"), ["labeled1", "truth"]);
  assert.deepEqual(reads(captured, "ce2"), ["labeled2", "truth"]);
  assert.deepEqual(reads(captured, "con1"), ["unlabeled2", "mask_labels(arg_max[0](unlabeled1), validity)"]);
  assert.deepEqual(reads(captured, "con2"), ["unlabeled1", "mask_labels(arg_max[0](unlabeled2), validity)"]);
});

Deno.test("in the strong step labels, validity and image go through the same CutMix; the raw term through none", () => {
  const captured = capture({ augmentation: "strong", mode: "no" });
  assert.deepEqual(reads(captured, "con1_mix"), [
    "mixed2",
    "mask_labels(mix_boxes(arg_max[0](labeling1), boxes), mix_boxes(validity, boxes))",
  ]);
  assert.deepEqual(reads(captured, "con2_mix"), [
    "mixed1",
    "mask_labels(mix_boxes(arg_max[0](labeling2), boxes), mix_boxes(validity, boxes))",
  ]);
  assert.deepEqual(reads(captured, "con1_raw"), ["raw2", "mask_labels(arg_max[0](raw1), validity)"]);
  assert.deepEqual(reads(captured, "con2_raw"), ["raw1", "mask_labels(arg_max[0](raw2), validity)"]);
});

Deno.test("no gradient crosses between the branches, and none goes back from the labeling pass", () => {
  const { terms, graph } = capture({ augmentation: "strong" });
  const learners = terms.map((
    { name, loss, weight },
  ) => [name, loss.backward(graph, weight as number).map(([x]) => x.label)]);
  assert.deepEqual(Object.fromEntries(learners), {
    ce1: ["labeled1"],
    ce2: ["labeled2"],
    con1_mix: ["mixed2"],
    con2_mix: ["mixed1"],
    con1_raw: ["raw2"],
    con2_raw: ["raw1"],
    dis_labeled: ["labeled1 features", "labeled2 features"],
    dis_mix: ["mixed1 features", "mixed2 features"],
    dis_raw: ["raw1 features", "raw2 features"],
  });
});

Deno.test("a term of weight 0 is left out", () => {
  assert.deepEqual(
    Object.keys(table(capture({ discrepancyWeight: 0, consistencyWeight: 0 }))),
    ["ce1", "ce2"],
  );
  assert.deepEqual(
    Object.keys(table(capture({ supervisedWeight: 0, augmentation: "strong", discrepancyWeight: 0 }))),
    ["con1_mix", "con2_mix", "con1_raw", "con2_raw"],
  );
});

Deno.test("views are declared alike for both steps, and the weak one reads no strong image and no boxes", () => {
  capture({ augmentation: "weak" }, { strong: false });
  for (const augmentation of ["weak", "strong"] as const) {
    const { labeled, unlabeled } = bound(ccvc({ augmentation })).draws;
    assert.deepEqual(labeled, { set: "labeled", views: { image: { kind: "weak" } } });
    assert.deepEqual(unlabeled, {
      set: "unlabeled",
      views: {
        image: { kind: "weak" },
        strong: { kind: "strong" },
        boxes: { kind: "boxes", partner: "reversed", count: 1 },
      },
    });
  }
});

Deno.test("OHEM mines each branch's own labeled pixels; the consistency loss stays as it is", () => {
  for (const augmentation of ["weak", "strong"] as const) {
    const captured = capture({
      criterion: "ohem",
      ohemThreshold: 0.6,
      ohemMinKept: 7,
      augmentation,
      mode: "no",
    });
    for (const own of [1, 2]) {
      const [logits, labels] = reads(captured, `ce${own}`);
      assert.equal(logits, `labeled${own}`);
      assert.match(
        labels!,
        new RegExp(`^ohem_apply\\(truth, ohem_probabilities\\(labeled${own}, truth\\), `),
      );
    }
    const { dispatches } = captured.graph;
    const limits = dispatches.filter(({ kernel }) => kernel.name === "ohem_select");
    assert.ok(limits.length > 0 && limits.every(({ uniforms: u }) => u.kept === 7 && u.threshold === 0.6));
    assert.equal(dispatches.filter(({ kernel }) => kernel.name === "ohem_apply").length, 2);
  }
  const plain = capture({ criterion: "ohem", ohemMinKept: 0 });
  assert.deepEqual(reads(plain, "ce1"), ["labeled1", "truth"]);
});

Deno.test("the mapping is on the branches asked for", () => {
  const networks = (options: Options) => bound(ccvc(options)).networks;
  const mapped = { mapping: { norm: true, dropout: 0.5 } };
  assert.deepEqual(networks({}), { branch1: {}, branch2: mapped });
  assert.deepEqual(networks({ mapping: "both" }), { branch1: mapped, branch2: mapped });
  assert.deepEqual(networks({ mapping: "none" }), { branch1: {}, branch2: {} });
  assert.deepEqual(networks({ mappingNorm: false, dropout: 0 }), {
    branch1: {},
    branch2: { mapping: { norm: false, dropout: 0 } },
  });
});
