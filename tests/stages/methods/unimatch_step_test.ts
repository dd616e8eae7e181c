import assert from "node:assert/strict";
import { type Dispatch, Graph } from "../../../kernels/graph.ts";
import { boxWords } from "../../../kernels/ops/map/mix_boxes.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import type { Prediction, Taps } from "../../../models/deeplabv3plus.ts";
import type { Outputs, Passes, Source, Step } from "../../../stages/methods/step.ts";
import { unimatch } from "../../../stages/methods/unimatch.ts";
import { countedTerms, type NamedTerm } from "../../../stages/training/step_program.ts";
import { predictionOf, source } from "../../support/captured_step.ts";
import { bound } from "../../support/training.ts";

const home = { buffer: {} as GPUBuffer, offset: 0 };
const map = (label: string, shape = [2, 8, 8]) =>
  makeTensor({ label, shape, dtype: "u32", layout: "map", home });
const image = (label: string, channels = 3, tracked = false) =>
  makeTensor({ label, shape: [2, 8, 8, channels], home, tracked });

interface Captured {
  readonly terms: readonly NamedTerm[];
  /** `call pass.part(source)`, in the order of the calls. */
  readonly passes: readonly string[];
  readonly graph: Graph;
}

/** Captures a step on predictions of no network: logits are called as their pass, taps `low` and `high` of it. */
function capture(options: Parameters<typeof unimatch>[0] = {}, share = 1): Captured {
  const graph = new Graph(0), passes: string[] = [];
  const size = { height: 8, width: 8 };
  const predict = (name: string, tracked: boolean): Prediction =>
    predictionOf(image(name, 5, tracked), image(`${name} features`, 8, tracked), size);
  const walk = <Y>(call: string, given: object, make: (name: string) => Y, prefix = ""): unknown =>
    Object.fromEntries(
      Object.entries(given as Record<string, Source | Record<string, Source>>).map(([name, value]) => {
        if ("shape" in value || "kind" in value) {
          const from = value as Source;
          const tensors = "low" in from ? [from.low, from.high] : [from as Tensor];
          passes.push(
            `${call} ${prefix}${name}(${tensors.map((tensor) => source(graph, tensor)).join(", ")})`,
          );
          return [name, make(name)];
        }
        return [name, walk(call, value, make, `${name}.`)];
      }),
    );
  const none = () => assert.fail("UniMatch enters its decoder at the taps, and takes all gradients");
  const step: Step = {
    state: {},
    graph,
    share,
    views: {
      labeled: { image: image("x"), labels: map("truth"), validity: map("x validity") },
      unlabeled: {
        image: image("w"),
        strong1: image("s1"),
        strong2: image("s2"),
        boxes1: map("boxes1", [1, 2, boxWords(1)]),
        boxes2: map("boxes2", [1, 2, boxWords(1)]),
        validity: map("g"),
      },
      partner: { image: image("w'"), strong1: image("s1'"), strong2: image("s2'"), validity: map("g'") },
    },
    train<const P extends Passes>(_: string, given: P) {
      return walk("train", given, (name) => predict(name, true)) as Outputs<P, Prediction>;
    },
    backbone<const P extends Passes<Tensor>>(_: string, given: P) {
      const taps = (name: string): Taps => ({
        kind: "taps",
        low: image(`${name}.low`, 4, true),
        middle: image(`${name}.middle`, 4, true),
        high: image(`${name}.high`, 4, true),
        size,
      });
      return walk("backbone", given, taps) as Outputs<P, Taps>;
    },
    evaluate<const P extends Passes>(_: string, given: P, after?: object) {
      assert.equal(after, undefined);
      return walk("evaluate", given, (name) => predict(name, false)) as Outputs<P, Prediction>;
    },
    uniform: () => assert.fail(),
    tell: () => {},
    note: () => {},
    dropChannels: (x, { probability, stream }) =>
      image(`drop ${probability} of ${x.label} by ${stream}`, 4, true),
    features: none,
    apply: none,
    constant: none,
    gradient: none,
    schedules: {},
  };
  return { terms: countedTerms(bound(unimatch(options)).terms(step)), passes, graph };
}

/** The cross-entropy of a term. */
const lossOf = ({ graph }: Captured, name: string): Dispatch =>
  graph.dispatches.find(({ kernel, writes }) =>
    /^softmax_cross_entropy/.test(kernel.name) && writes[0]!.label === `${name} partials`
  )!;
const reads = (captured: Captured, name: string) =>
  lossOf(captured, name).reads.map((read) => source(captured.graph, read));

Deno.test("a step evaluates the partner, then passes [x ; w] with their dropped taps, and [s1 ; s2] mixed", () => {
  const dropped = (name: string) =>
    ["low", "high"].map((tap) => `drop 0.5 of ${name}.${tap} by ${name}/${tap}`).join(", ");
  assert.deepEqual(capture().passes, [
    "evaluate partner(w')",
    "backbone clean.labeled(x)",
    "backbone clean.unlabeled(w)",
    "backbone strong.strong1(mix_boxes_vectors(s1, s1', boxes1))",
    "backbone strong.strong2(mix_boxes_vectors(s2, s2', boxes2))",
    "train clean.labeled(labeled.low, labeled.high)",
    "train clean.unlabeled(unlabeled.low, unlabeled.high)",
    `train clean.labeledDropped(${dropped("labeled")})`,
    `train clean.unlabeledDropped(${dropped("unlabeled")})`,
    "train strong.strong1(strong1.low, strong1.high)",
    "train strong.strong2(strong2.low, strong2.high)",
  ]);
});

Deno.test("the terms weigh ½, ⅛, ⅛ and ¼; each moves its own logits, and labels are constants", () => {
  const { terms, graph } = capture();
  assert.deepEqual(terms.map(({ name, weight }) => [name, weight]), [
    ["ce", 1 / 2],
    ["strong1", 1 / 8],
    ["strong2", 1 / 8],
    ["dropped", 1 / 4],
  ]);
  assert.deepEqual(
    terms.map(({ loss, weight }) => loss.backward(graph, weight as number).map(([x]) => x.label)),
    [["labeled"], ["strong1"], ["strong2"], ["unlabeledDropped"]],
  );
});

Deno.test("labels, confidence and validity are mixed by the box of their image; the dropped view is not mixed", () => {
  const captured = capture({ threshold: 0.75 });
  const mixed = (k: number) => {
    const box = `boxes${k}`,
      of = (part: number) => `mix_boxes(arg_max[${part}](unlabeled), arg_max[${part}](partner), ${box})`;
    return [`strong${k}`, `mask_labels(${of(0)}, mix_boxes(g, g', ${box}))`, `at_least(${of(1)})`];
  };
  assert.deepEqual(reads(captured, "ce"), ["labeled", "truth"]);
  assert.deepEqual(reads(captured, "strong1"), mixed(1));
  assert.deepEqual(reads(captured, "strong2"), mixed(2));
  assert.deepEqual(reads(captured, "dropped"), [
    "unlabeledDropped",
    "mask_labels(arg_max[0](unlabeled), g)",
    "at_least(arg_max[1](unlabeled))",
  ]);
  const { dispatches } = captured.graph;
  const thresholds = dispatches.filter(({ kernel }) => kernel.name === "at_least");
  assert.deepEqual(thresholds.map(({ uniforms }) => uniforms.threshold), [0.75, 0.75, 0.75]);
  const confidences = dispatches.filter(({ kernel }) => kernel.name === "arg_max");
  assert.deepEqual(confidences.map(({ constants }) => constants.PROBABILITY), [1, 1]);
});

Deno.test("hard examples are mined of the labels alone, a micro-batch's share of them", () => {
  const captured = capture({ criterion: "ohem", ohemThreshold: 0.6, ohemMinKept: 75 }, 0.5);
  const mining = captured.graph.dispatches.filter(({ uniforms }) => "kept" in uniforms);
  assert.ok(mining.length > 0 && mining.every(({ uniforms }) => uniforms.kept === 38));
  const labels = (name: string) => lossOf(captured, name).reads[1]!;
  const madeBy = (name: string) =>
    captured.graph.dispatches.find(({ writes }) => writes.includes(labels(name)))?.kernel.name;
  assert.deepEqual(["ce", "strong1", "dropped"].map(madeBy), ["ohem_apply", "mask_labels", "mask_labels"]);
});
