import assert from "node:assert/strict";
import { type Dispatch, Graph } from "../../../kernels/graph.ts";
import { boxWords } from "../../../kernels/ops/map/mix_boxes.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { cutMixSeg, type CutMixSegOptions } from "../../../stages/methods/cutmix_seg.ts";
import type { Outputs, Passes, Step } from "../../../stages/methods/step.ts";
import { countedTerms, type NamedTerm } from "../../../stages/training/step_program.ts";
import { predictionOf, source } from "../../support/captured_step.ts";
import { bound } from "../../support/training.ts";

const home = { buffer: {} as GPUBuffer, offset: 0 };
const map = (label: string, shape = [2, 8, 8]) =>
  makeTensor({ label, shape, dtype: "u32", layout: "map", home });
const image = (label: string, channels = 3, side = 8, tracked = false) =>
  makeTensor({ label, shape: [2, side, side, channels], home, tracked });
const rates = makeTensor({ label: "rates", shape: [1, 1, 4], layout: "map", home });

interface Captured {
  readonly terms: readonly NamedTerm[];
  /** `network pass(source)`, in the order of the calls. */
  readonly passes: readonly string[];
  readonly graph: Graph;
}

/** Captures a step, or one of the warm-up, on predictions of no network: logits are called as network and pass. */
function capture(options: Partial<CutMixSegOptions> = {}, phase: "terms" | "warmUp" = "terms"): Captured {
  const graph = new Graph(0), passes: string[] = [];
  const size = { height: 8, width: 8 };
  const none = () => assert.fail("CutMix-Seg passes whole networks in training mode");
  const step: Step = {
    graph,
    views: {
      labeled: { image: image("x"), labels: map("truth"), validity: map("x validity") },
      unlabeled: {
        image: image("u0"),
        strong: image("s0"),
        boxes: map("boxes", [1, 2, boxWords(options.boxes ?? 1)]),
        validity: map("V0"),
      },
      second: { image: image("u1"), strong: image("s1"), validity: map("V1") },
    },
    train<const P extends Passes>(network: string, given: P) {
      return Object.fromEntries(
        Object.entries(given as Record<string, Tensor>).map(([name, from]): [string, Prediction] => {
          passes.push(`${network} ${name}(${source(graph, from)})`);
          const logits = image(`${network} ${name}`, 5, 3, network === "student");
          return [name, predictionOf(logits, image("f", 8), size)];
        }),
      ) as Outputs<P, Prediction>;
    },
    backbone: none,
    features: none,
    apply: none,
    evaluate: none,
    dropChannels: none,
    uniform: none,
    tell: () => {},
    note: () => {},
    constant: none,
    gradient: none,
    schedules: { weight: { tensor: rates, index: 2 } },
    state: {},
  };
  return { terms: countedTerms(bound(cutMixSeg(options))[phase](step)), passes, graph };
}

const consistencyOf = ({ graph }: Captured): Dispatch =>
  graph.dispatches.find(({ kernel }) => kernel.name.startsWith("consistency_loss"))!;

/** What the student's logits are held to, and what its pixels weigh. */
function held(captured: Captured): { goal: string; weights: string; sure: Dispatch | undefined } {
  const { graph } = captured, [, goal, weights] = consistencyOf(captured).reads;
  const sure = graph.dispatches.find(({ kernel }) => kernel.name === "at_least");
  return { goal: source(graph, goal!), weights: source(graph, weights!), sure };
}

const mixedGoal = "mix_boxes_vectors(resize_bilinear(teacher u0), resize_bilinear(teacher u1), boxes)";
const mixedValidity = "mix_boxes(V0, V1, boxes)";

Deno.test("the teacher passes both images by themselves, the student the labeled one and the mixed one", () => {
  assert.deepEqual(capture().passes, [
    "teacher u0(u0)",
    "teacher u1(u1)",
    "student x(x)",
    "student v(mix_boxes_vectors(u0, u1, boxes))",
  ]);
  assert.deepEqual(capture({ color: true }).passes.at(-1), "student v(mix_boxes_vectors(s0, s1, boxes))");
});

Deno.test("each term moves the student's logits of its pass, and nothing the teacher's", () => {
  const { terms, graph } = capture({ weight: 3 });
  assert.deepEqual(terms.map(({ name, weight }) => [name, weight]), [["ce", 1], ["consistency", 3]]);
  assert.deepEqual(
    terms.map(({ loss, weight }) => loss.backward(graph, weight as number).map(([x]) => x.label)),
    [["student x"], ["student v"]],
  );
  assert.deepEqual(capture({ weight: 0 }).terms.map(({ name }) => name), ["ce"]);
  assert.deepEqual(capture({}, "warmUp").terms.map(({ name }) => name), ["ce"]);
  assert.deepEqual(capture({}, "warmUp").passes, ["student x(x)"]);
});

Deno.test("the goal is mixed in logits; the share of its sure pixels, padding too, weighs those that are no padding", () => {
  const captured = capture({ threshold: 0.75 }), { goal, weights, sure } = held(captured);
  assert.equal(goal, mixedGoal);
  assert.equal(
    weights,
    `mask_weights_scheduled(${mixedValidity}, map_mean(at_least(arg_max[1](${mixedGoal}))))`,
  );
  assert.equal(sure!.uniforms.threshold, 0.75);
  const { kernel, constants } = captured.graph.dispatches.find(({ kernel }) => kernel.name === "arg_max")!;
  assert.deepEqual([kernel.name, constants.PROBABILITY], ["arg_max", 1]);
});

Deno.test("by pixel each sure pixel weighs 1, and with threshold 0 every one", () => {
  assert.equal(
    held(capture({ confidence: "pixel" })).weights,
    `mask_weights_map(${mixedValidity}, at_least(arg_max[1](${mixedGoal})))`,
  );
  const { weights, sure } = held(capture({ threshold: 0 }));
  assert.deepEqual([weights, sure], [`mask_weights(${mixedValidity})`, undefined]);
});

Deno.test("the weight rises with threshold 0 alone, where epochs are given", () => {
  const weightOf = (options: Partial<CutMixSegOptions>) =>
    capture({ weight: 2, ...options }).terms[1]!.weight;
  assert.equal(weightOf({ threshold: 0.5, rampEpochs: 4 }), 2);
  assert.equal(weightOf({ threshold: 0 }), 2);
  assert.deepEqual(weightOf({ threshold: 0, rampEpochs: 4 }), { tensor: rates, index: 2 });
  const { weight } = bound(cutMixSeg({ weight: 2, threshold: 0, rampEpochs: 4 })).schedules;
  const at = (epoch: number) => weight!({ step: 0, steps: 8, epoch, epochs: 8, stepsPerEpoch: 1 }, "method");
  assert.deepEqual([0, 2, 4, 7].map(at), [2 * Math.exp(-5), 2 * Math.exp(-5 / 4), 2, 2]);
});

Deno.test("CutOut: the student sees what is inside the boxes, and is held there alone to what the teacher sees whole", () => {
  const captured = capture({ mask: "zero", boxes: 2 }), { goal, weights } = held(captured);
  assert.deepEqual(captured.passes, [
    "teacher u(u0)",
    "student x(x)",
    "student v(mix_boxes_vectors(clear(), u0, boxes))",
  ]);
  assert.equal(goal, "resize_bilinear(teacher u)");
  assert.match(weights, /^mask_weights_scheduled\(mix_boxes\(clear\(\), V0, boxes\), map_mean\(/);
});

Deno.test("the distance is what the options say", () => {
  const constantsOf = (options: Partial<CutMixSegOptions>) => {
    const { PROBABILITIES, LOGITS, SMOOTH, BINARY, DIVERGENCE } = consistencyOf(capture(options)).constants;
    return [PROBABILITIES, LOGITS, SMOOTH, BINARY, DIVERGENCE];
  };
  assert.deepEqual(constantsOf({}), [1, 0, 0, 0, 0]);
  assert.deepEqual(constantsOf({ distance: "smooth-l1" }), [0, 0, 1, 0, 0]);
  assert.deepEqual(constantsOf({ distance: "kl-divergence" }), [0, 0, 0, 0, 1]);
});
