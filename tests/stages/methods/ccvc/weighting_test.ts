/** Which weight CCVC gives to which pixel: modes, confidence, CutMix, thresholds. @module */
import assert from "node:assert/strict";
import { ccvc } from "../../../../stages/methods/ccvc.ts";
import { bound } from "../../../support/training.ts";
import { capture, type Options, reads } from "./captured.ts";

/** Weights where branches agree and are confident, agree and are not, conflict and are confident, conflict and are not. */
const modes = {
  normal: { weights: [1, 0, 1, 0], probability: 1 },
  soft: { weights: [1, 0.6, 1, 0.6], probability: 0 },
  vote: { weights: [1, 1, 1.7, 1.7], probability: 0 },
  vote_threshold: { weights: [1, 1, 1.7, 1], probability: 0 },
  vote_soft: { weights: [1, 1, 1.7, 0.6], probability: 0 },
} as const;

const switches = { conflictWeight: 1.7, unconfidentWeight: 0.6, threshold: 0.4 };

for (const [mode, { weights, probability }] of Object.entries(modes)) {
  Deno.test(`mode ${mode} weighs pixels as published, by the ${probability ? "probability" : "logit"}`, () => {
    const captured = capture({ ...switches, mode: mode as keyof typeof modes });
    const { dispatches } = captured.graph;
    const rules = dispatches.filter(({ kernel }) => kernel.name === "conflict_weights");
    assert.equal(rules.length, 2);
    for (const { uniforms: u } of rules) {
      assert.equal(u.threshold, 0.4);
      assert.deepEqual(
        [u.agree_confident, u.agree_unconfident, u.conflict_confident, u.conflict_unconfident],
        weights,
      );
    }
    const labelings = dispatches.filter(({ kernel }) => kernel.name === "arg_max");
    assert.deepEqual(labelings.map(({ constants }) => constants.PROBABILITY), [probability, probability]);
    // Each direction is weighed by the branch that labels, against the one that learns.
    const rule = (own: number, other: number) =>
      `conflict_weights(arg_max[0](unlabeled${own}), arg_max[0](unlabeled${other}), arg_max[1](unlabeled${own}))`;
    assert.equal(reads(captured, "con1")[2], rule(1, 2));
    assert.equal(reads(captured, "con2")[2], rule(2, 1));
  });
}

Deno.test("mode no weighs nothing", () => {
  const { graph } = capture({ ...switches, mode: "no" });
  assert.ok(graph.dispatches.every(({ kernel }) => !/conflict_weights|weighted/.test(kernel.name)));
});

Deno.test("confidence overrides what a mode compares with the threshold", () => {
  const kinds = (options: Options) =>
    capture(options).graph.dispatches.filter(({ kernel }) => kernel.name === "arg_max")
      .map(({ constants }) => constants.PROBABILITY);
  assert.deepEqual(kinds({ mode: "vote_threshold", confidence: "probability" }), [1, 1]);
  assert.deepEqual(kinds({ mode: "normal", confidence: "logit" }), [0, 0]);
});

Deno.test("CutMix moves the weights along in the published modes alone, or as told", () => {
  const moved = (options: Options) =>
    reads(capture({ ...switches, augmentation: "strong", ...options }), "con1_mix")[2]!.startsWith(
      "mix_boxes(",
    );
  const published = Object.keys(modes).filter((mode) => moved({ mode: mode as keyof typeof modes }));
  assert.deepEqual(published, ["normal", "soft"]);
  assert.equal(moved({ mode: "vote_threshold", mixWeights: true }), true);
  assert.equal(moved({ mode: "vote_threshold", as: "paper" }), true);
  assert.equal(moved({ mode: "soft", mixWeights: false }), false);
});

Deno.test("the raw term is weighed by its own pass, but in mode vote_soft by the labeling one", () => {
  for (const mode of Object.keys(modes) as (keyof typeof modes)[]) {
    const captured = capture({ ...switches, augmentation: "strong", mode });
    const pass = mode === "vote_soft" ? "labeling" : "raw";
    for (const [own, other] of [[1, 2], [2, 1]] as const) {
      const [, labels, weights] = reads(captured, `con${own}_raw`);
      assert.equal(
        weights,
        `conflict_weights(arg_max[0](${pass}${own}), arg_max[0](${pass}${other}), arg_max[1](${pass}${own}))`,
      );
      assert.equal(labels, `mask_labels(arg_max[0](raw${own}), validity)`);
    }
  }
});

Deno.test("a self-paced threshold is looked up on the device, where the schedule writes it", () => {
  const thresholds = (options: Options) =>
    capture({ ...switches, ...options }).graph.dispatches.flatMap(({ kernel, uniforms, reads }) =>
      kernel.name.startsWith("conflict_weights")
        ? [[kernel.name, uniforms.index, reads.at(-1)!.label] as const]
        : []
    );
  assert.deepEqual(thresholds({ selfPaced: true }), [
    ["conflict_weights_scheduled", 2, "schedule"],
    ["conflict_weights_scheduled", 2, "schedule"],
  ]);
  assert.ok(thresholds({}).every(([name]) => name === "conflict_weights"));
  const { schedules } = bound(ccvc({ selfPaced: true, threshold: 0.6 }));
  const at = { step: 0, steps: 1, epoch: 0, epochs: 1, stepsPerEpoch: 1 };
  assert.deepEqual(Object.entries(schedules).map(([name, of]) => [name, of(at, "method")]), [[
    "threshold",
    0.6,
  ]]);
});
