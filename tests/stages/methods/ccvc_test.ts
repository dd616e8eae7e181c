import assert from "node:assert/strict";
import { type Dispatch, Graph } from "../../../kernels/graph.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { parseConfig } from "../../../pipeline/language/schema.ts";
import { ccvc, type CcvcOptions } from "../../../stages/methods/ccvc.ts";
import type { Outputs, Passes, Step } from "../../../stages/methods/step.ts";
import { definitionOf } from "../../../stages/methods/method.ts";
import { countedTerms, type NamedTerm } from "../../../stages/training/step_program.ts";
import { predictionOf } from "../../support/captured_step.ts";
import { bound } from "../../support/training.ts";

type Options = Parameters<typeof ccvc>[0];
const parse = (options: unknown): CcvcOptions =>
  parseConfig(definitionOf(ccvc).options, options, "method") as CcvcOptions;
const home = { buffer: {} as GPUBuffer, offset: 0 };
const map = (label: string, dtype: "u32" | "f32" = "u32", shape = [2, 8, 8]) =>
  makeTensor({ label, shape, dtype, layout: "map", home });
const image = (label: string, channels = 3, tracked = false) =>
  makeTensor({ label, shape: [2, 8, 8, channels], home, tracked });

interface CapturedPass {
  readonly image: string;
  readonly pass: string;
  readonly training: boolean;
  /** The pass whose running statistics are read. */
  readonly after?: string;
}

interface Captured {
  readonly terms: readonly NamedTerm[];
  /** Of branch 1; those of branch 2 are held to be the same. */
  readonly passes: readonly CapturedPass[];
  /** The op that made a tensor, its inputs in the same manner, down to what the step was given. */
  readonly source: (tensor: Tensor) => string;
  readonly graph: Graph;
}

/** Captures a method's step on predictions of no network: `raw1` are branch 1's logits of the pass "raw". */
function capture(options: Options, { strong = true } = {}): Captured {
  const graph = new Graph(0);
  const passes = { branch1: [] as CapturedPass[], branch2: [] as CapturedPass[] };
  const made = new Map<Prediction, string>();
  const source = (tensor: Tensor): string => {
    const made = graph.dispatches.find(({ writes }) => writes.includes(tensor));
    if (!made) return tensor.label;
    // What is read twice stands once: own pixels and partners are of one batch.
    const inputs = [...new Set(made.reads.map(source))].join(", ");
    return `${made.kernel.name}${
      made.writes.length > 1 ? `[${made.writes.indexOf(tensor)}]` : ""
    }(${inputs})`;
  };
  const predict = (network: string, pass: string, tracked: boolean): Prediction => {
    const number = network.slice("branch".length), size = { height: 8, width: 8 };
    const values = image(`${pass}${number} features`, 8, tracked);
    const prediction = predictionOf(image(`${pass}${number}`, 5, tracked), values, size);
    made.set(prediction, `${network} ${pass}`);
    return prediction;
  };
  const none = () => assert.fail("CCVC runs whole networks, with gradients");
  const step: Step = {
    state: {},
    graph,
    views: {
      labeled: { image: image("labeled"), labels: map("truth"), validity: map("labeled validity") },
      unlabeled: {
        image: image("weak"),
        validity: map("validity"),
        ...(strong && { strong: image("strong"), boxes: map("boxes", "u32", [1, 2, 8]) }),
      },
    },
    train<const P extends Passes>(network: string, images: P) {
      const predictions = Object.entries(images as Record<string, Tensor>).map(([pass, seen]) => {
        passes[network as keyof typeof passes].push({ image: source(seen), pass, training: true });
        return [pass, predict(network, pass, true)] as const;
      });
      return Object.fromEntries(predictions) as Outputs<P, Prediction>;
    },
    evaluate<const P extends Passes>(network: string, seen: P, { after }: { after?: Prediction } = {}) {
      const [owner, pass] = made.get(after!)!.split(" ") as [string, string];
      assert.equal(owner, network);
      const evaluation = { image: source(seen as Tensor), pass: "labeling", training: false, after: pass };
      passes[network as keyof typeof passes].push(evaluation);
      return predict(network, "labeling", false) as Outputs<P, Prediction>;
    },
    backbone: none,
    features: none,
    apply: none,
    dropChannels: none,
    uniform: none,
    tell: () => {},
    note: () => {},
    constant: none,
    gradient: none,
    schedules: { threshold: { tensor: map("schedule", "f32", [1, 1, 4]), index: 2 } },
  };
  const method = bound(ccvc(options));
  const terms = countedTerms(method.terms(step));
  assert.deepEqual(passes.branch2, passes.branch1);
  return { terms, passes: passes.branch1, source, graph };
}

/** What the cross-entropy of term `name` reads: [logits, labels, weights]. */
function reads({ graph, source }: Captured, name: string): string[] {
  const made = graph.dispatches.find(({ kernel, writes }) =>
    /^softmax_cross_entropy/.test(kernel.name) && writes[0]!.label === `${name} partials`
  ) as Dispatch;
  return made.reads.map(source);
}

const table = ({ terms }: Captured) => Object.fromEntries(terms.map(({ name, weight }) => [name, weight]));

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

const shared = {
  mode: "vote_threshold",
  threshold: 0.9,
  selfPaced: false,
  criterion: "cross-entropy",
  ohemThreshold: 0.7,
  ohemMinKept: 100000,
  supervisedWeight: 5,
  consistencyWeight: 2,
  discrepancyWeight: 1,
  mapping: "second",
  mappingNorm: true,
  dropout: 0.5,
};
const published = {
  ...shared,
  as: "published-code",
  augmentation: "weak",
  confidence: "logit",
  conflictWeight: 2,
  unconfidentWeight: 0.75,
  mixWeights: false,
  rawWeights: "own",
};

Deno.test("defaults are the published code's: the README's command without augmentation", () => {
  assert.deepEqual(parse({}), published);
});

Deno.test("the script with strong views has its own default and hard-coded weights, and mixes none of the conflicts", () => {
  for (const mode of ["vote", "vote_threshold", "vote_soft", "soft", "normal", "no"] as const) {
    assert.deepEqual(parse({ augmentation: "strong", mode }), {
      ...published,
      augmentation: "strong",
      mode,
      conflictWeight: 1.5,
      unconfidentWeight: 0.5,
      confidence: mode === "normal" ? "probability" : "logit",
      mixWeights: mode === "normal" || mode === "soft",
      rawWeights: mode === "vote_soft" ? "labeling" : "own",
    });
  }
});

Deno.test("the paper compares probabilities, mixes weights with their labels, and weighs a pass by itself", () => {
  for (const mode of ["vote_threshold", "vote_soft", "soft"] as const) {
    const read = parse({ as: "paper", augmentation: "strong", mode });
    const { confidence, mixWeights, rawWeights, conflictWeight } = read;
    assert.deepEqual([confidence, mixWeights, rawWeights, conflictWeight], ["probability", true, "own", 1.5]);
  }
});

Deno.test("a leaf that is written wins over the preset, and reading twice changes nothing", () => {
  const read = parse({ as: "paper", confidence: "logit", conflictWeight: 3 });
  assert.equal(read.confidence, "logit");
  assert.equal(read.conflictWeight, 3);
  assert.equal(read.mixWeights, true);
  assert.deepEqual(parse(read), read);
  assert.deepEqual(parse({ threshold: undefined }).threshold, 0.9);
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

const refused: Record<string, readonly [unknown, RegExp]> = {
  "an unknown preset": [{ as: "code" }, /published-code/],
  "a probability threshold of 1": [
    { confidence: "probability", threshold: 1 },
    /a probability is never above 1, .*set one in \[0, 1\)/,
  ],
  "a negative probability threshold": [
    { mode: "normal", threshold: -0.1 },
    /a probability is never below -0\.1/,
  ],
  "a rising threshold that no mode reads": [
    { mode: "vote", selfPaced: true },
    /mode .*vote.* has no threshold that could rise/,
  ],
  "nothing to learn from": [
    { supervisedWeight: 0, consistencyWeight: 0, discrepancyWeight: 0 },
    /nothing to learn from/,
  ],
  "an OHEM threshold of 0": [{ ohemThreshold: 0 }, /ohemThreshold/],
  "half a pixel": [{ ohemMinKept: 0.5 }, /ohemMinKept/],
  "dropout without norm": [{ mappingNorm: false }, /dropout after the mapping needs mappingNorm/],
  "an unknown mode": [{ mode: "votes" }, /mode/],
  "an unknown switch": [{ treshold: 0.9 }, /treshold/],
  "a negative weight": [{ conflictWeight: -1 }, /conflictWeight/],
  "dropout of everything": [{ dropout: 1 }, /dropout/],
};

Deno.test("options that no run could honor are refused, naming the switch", async (t) => {
  for (const [what, [options, message]] of Object.entries(refused)) {
    await t.step(what, () => assert.throws(() => parse(options), message));
  }
  await t.step("dropout without norm does not matter where there is no mapping", () => {
    parse({ mapping: "none", mappingNorm: false });
  });
});
