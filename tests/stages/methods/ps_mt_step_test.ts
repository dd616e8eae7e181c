import assert from "node:assert/strict";
import { Graph, type Loss } from "../../../kernels/graph.ts";
import { boxWords } from "../../../kernels/ops/map/mix_boxes.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import type { Features, Prediction } from "../../../models/deeplabv3plus.ts";
import { psMt, type PsMtInput } from "../../../stages/methods/ps_mt.ts";
import type { Outputs, Passes, Source, Step } from "../../../stages/methods/step.ts";
import { countedTerms, type NamedTerm } from "../../../stages/training/step_program.ts";
import { predictionOf, source } from "../../support/captured_step.ts";
import { bound } from "../../support/training.ts";

const home = { buffer: {} as GPUBuffer, offset: 0 };
const map = (label: string, shape = [2, 8, 8], dtype: "u32" | "f32" = "u32") =>
  makeTensor({ label, shape, dtype, layout: "map", home });
const image = (label: string, channels = 3, side = 8, tracked = false) =>
  makeTensor({ label, shape: [2, side, side, channels], home, tracked });
const rates = makeTensor({ label: "rates", shape: [1, 1, 4], layout: "map", home });
const size = { height: 8, width: 8 };

interface Captured {
  readonly terms: readonly NamedTerm[];
  /** `mode network pass(source)`, in the order of the calls. */
  readonly calls: readonly string[];
  readonly noted: ReadonlyMap<string, Tensor>;
  readonly graph: Graph;
}

/** Captures a step, or one of the warm-up, on predictions of no network: logits are called as network and pass. */
function capture(options: PsMtInput = {}, phase: "terms" | "warmUp" = "terms", share = 1): Captured {
  const graph = new Graph(0), calls: string[] = [], noted = new Map<string, Tensor>();
  const none = () => assert.fail("PS-MT does not call it");
  const tensorOf = (from: Source) => "shape" in from ? from : (from as Features).values;
  const named = (mode: string, network: string, given: Passes, make: (name: string) => unknown) => {
    const isOne = "shape" in given || "kind" in given;
    const passes = isOne ? { image: given } : given as Record<string, Source>;
    const made = Object.entries(passes).map(([name, from]) => {
      calls.push(`${mode} ${network}${isOne ? "" : ` ${name}`}(${source(graph, tensorOf(from as Source))})`);
      return [name, make(name)] as const;
    });
    return isOne ? made[0]![1] : Object.fromEntries(made);
  };
  const predicted = (network: string, tracked: boolean) => (name: string): Prediction =>
    predictionOf(image(`${network} ${name}`, 9, 3, tracked), image("f", 6, 3), size);
  const step: Step = {
    graph,
    share,
    views: {
      labeled: {
        image: image("weak x"),
        strong: image("x"),
        labels: map("truth"),
        validity: map("x validity"),
      },
      unlabeled: {
        image: image("u"),
        strong: image("s"),
        boxes: map("boxes", [1, 2, boxWords(1)]),
        validity: map("validity"),
      },
    },
    train<const P extends Passes>(network: string, given: P) {
      return named("train", network, given, predicted(network, network === "student")) as Outputs<
        P,
        Prediction
      >;
    },
    features: ((network: string, given: Passes) =>
      named("features", network, given, (name) => {
        const values = image(`f_${name}`, 6, 3, true);
        return predictionOf(values, values, size).features;
      })) as Step["features"],
    evaluate:
      ((network: string, given: Passes) =>
        named("evaluate", network, given, predicted(network, false))) as Step["evaluate"],
    gradient(at: Tensor, loss: (at: Tensor) => Loss) {
      calls.push(`gradient by ${source(graph, at)}`);
      loss(at);
      return image(`slope by ${at.label}`, 6, 3);
    },
    uniform: (stream, shape) => map(`numbers ${stream}`, [...shape], "f32"),
    tell: () => {},
    note: (name, tensor) => void noted.set(name, tensor),
    backbone: none,
    apply: none,
    dropChannels: none,
    constant: none,
    schedules: { weight: { tensor: rates, index: 2 }, turn: { tensor: rates, index: 3 } },
    state: {},
  };
  const terms = countedTerms(bound(psMt(options))[phase](step));
  return { terms, calls, noted, graph };
}

const mixedStrong = "mix_boxes_vectors(s, s, boxes)";
const probed = (name: string) =>
  `step_along(f_${name}, numbers ${name}, sample_norms(sample_squares(numbers ${name})))`;
const moved = (name: string) =>
  `step_along(f_${name}, slope by f_${name} moved, sample_norms(sample_squares(slope by f_${name} moved)))`;
const searched = (name: string) => [
  `evaluate teacher1(f_${name})`,
  `evaluate teacher2(f_${name})`,
  `gradient by ${probed(name)}`,
  `evaluate teacher1(${probed(name)})`,
  `evaluate teacher2(${probed(name)})`,
];

Deno.test("teachers label in training mode; the student decodes its two batches apart, each moved against both decoders", () => {
  const { calls } = capture();
  assert.deepEqual(calls, [
    "train teacher1 u(u)",
    "train teacher2 u(u)",
    "features student x(x)",
    `features student v(${mixedStrong})`,
    ...searched("x"),
    ...searched("v"),
    `train student x(${moved("x")})`,
    `train student v(${moved("v")})`,
  ]);
});

Deno.test("without a radius features are as they are, and nothing is searched for", () => {
  assert.deepEqual(capture({ radius: 0 }).calls.slice(2), [
    "features student x(x)",
    `features student v(${mixedStrong})`,
    "train student x(f_x)",
    "train student v(f_v)",
  ]);
});

Deno.test("the search goes ξ far, and holds its slope against the 1e-8 as if it were by the direction of the whole step", () => {
  const steps = (options: PsMtInput, share?: number) =>
    capture(options, "terms", share).graph.dispatches
      .filter(({ kernel }) => kernel.name === "step_along").map((
        { uniforms: { length, epsilon, origin } },
      ) => [length, epsilon, origin]).slice(0, 2);
  assert.deepEqual(steps({ xi: 10, radius: 3 }), [[10, 1e-8, 0.5], [3, 1e-8 / 10, 0]]);
  assert.deepEqual(steps({ xi: 1e-6 }, 1 / 4), [[1e-6, 1e-8, 0.5], [2, 1e-8 / (1e-6 / 4), 0]]);
  const { graph } = capture();
  const divergence = graph.dispatches.find(({ kernel }) => kernel.name.startsWith("consistency_loss"))!;
  assert.equal(divergence.kernel.name, "consistency_loss_unweighted_value");
  assert.equal(divergence.constants.DIVERGENCE, 1);
  assert.deepEqual(divergence.reads.map((read) => source(graph, read)), [
    "mean_scores(teacher1 image, teacher2 image)",
    "resize_bilinear(mean_scores(teacher1 image, teacher2 image))",
  ]);
  // Divided by the images.
  const [finish] = graph.dispatches.filter(({ kernel }) => kernel.name === "finish_loss");
  assert.deepEqual([finish!.uniforms.denominator, finish!.uniforms.constant], [2, 2]);
});

const target = "assisted_mean(resize_bilinear(teacher1 u), resize_bilinear(teacher2 u), rates)";
const goal = `mix_boxes_vectors(${target}, ${target}, boxes)`;

Deno.test("logits are mixed, then labeled; confident pixels learn, each by its confidence, padding too", () => {
  const { graph, noted, terms } = capture({ threshold: 0.75, assist: 4 });
  assert.equal(source(graph, noted.get("target")!), target);
  const assist = graph.dispatches.find(({ kernel }) => kernel.name === "assisted_mean")!;
  assert.deepEqual([assist.constants.KEPT, assist.uniforms.index], [4, 3]);
  const pseudo = graph.dispatches.filter(({ kernel }) => kernel.name.startsWith("softmax_cross_entropy")).at(
    0,
  )!;
  assert.deepEqual(pseudo.reads.map((read) => source(graph, read)), [
    "student v",
    `mask_labels_weighed(arg_max[0](${goal}), at_least(arg_max[1](${goal})))`,
    `arg_max[1](${goal})`,
  ]);
  const sure = graph.dispatches.find(({ kernel }) => kernel.name === "at_least")!;
  assert.equal(sure.uniforms.threshold, 0.75);
  assert.deepEqual(terms.map(({ name, weight }) => [name, weight]), [
    ["ce", 1],
    ["pseudo", { tensor: rates, index: 2 }],
  ]);
  assert.deepEqual(
    terms.map(({ loss }) => loss.backward(graph, 1).map(([x]) => x.label)),
    [["student x"], ["student v"]],
  );
  // By the pixels that are kept, not by their weights.
  const finishes = graph.dispatches.filter(({ kernel }) => kernel.name === "finish_loss").slice(-2);
  assert.deepEqual(finishes.map(({ uniforms }) => uniforms.denominator), [0, 0]);
});

Deno.test("with weight 0 unlabeled images teach nothing", () => {
  assert.deepEqual(capture({ weight: 0 }).terms.map(({ name }) => name), ["ce"]);
});

Deno.test("in the warm-up teachers learn the weak view, the student the strong one", () => {
  const { calls, terms, graph } = capture({}, "warmUp");
  assert.deepEqual(calls, ["train teacher1 x(weak x)", "train teacher2 x(weak x)", "train student x(x)"]);
  assert.deepEqual(terms.map(({ name, weight }) => [name, weight]), [
    ["ce_teacher1", 1],
    ["ce_teacher2", 1],
    ["ce_student", 1],
  ]);
  const truths = graph.dispatches.filter(({ kernel }) => kernel.name.startsWith("softmax_cross_entropy"));
  assert.deepEqual(truths.map(({ reads }) => reads[1]!.label), ["truth", "truth", "truth"]);
  const mined = capture({ criterion: "ohem", ohemMinKept: 9 }, "warmUp").graph.dispatches;
  assert.equal(mined.filter(({ kernel }) => kernel.name === "ohem_apply").length, 3);
});
