/** CCVC's step, captured on predictions of no network. @module */
import assert from "node:assert/strict";
import { type Dispatch, Graph } from "../../../../kernels/graph.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import type { Prediction } from "../../../../models/deeplabv3plus.ts";
import { ccvc } from "../../../../stages/methods/ccvc.ts";
import type { Outputs, Passes, Step } from "../../../../stages/methods/step.ts";
import { countedTerms, type NamedTerm } from "../../../../stages/training/step_program.ts";
import { predictionOf } from "../../../support/captured_step.ts";
import { bound } from "../../../support/training.ts";

/** Its options, as an experiment writes them. */
export type Options = Parameters<typeof ccvc>[0];

const home = { buffer: {} as GPUBuffer, offset: 0 };
const map = (label: string, dtype: "u32" | "f32" = "u32", shape = [2, 8, 8]) =>
  makeTensor({ label, shape, dtype, layout: "map", home });
const image = (label: string, channels = 3, tracked = false) =>
  makeTensor({ label, shape: [2, 8, 8, channels], home, tracked });

/** A pass of a network over images. */
interface CapturedPass {
  readonly image: string;
  readonly pass: string;
  readonly training: boolean;
  /** The pass whose running statistics are read. */
  readonly after?: string;
}

/** What was captured. */
export interface Captured {
  readonly terms: readonly NamedTerm[];
  /** Of branch 1; those of branch 2 are held to be the same. */
  readonly passes: readonly CapturedPass[];
  /** The op that made a tensor, its inputs in the same manner, down to what the step was given. */
  readonly source: (tensor: Tensor) => string;
  readonly graph: Graph;
}

/** Captures the step of options: `raw1` are branch 1's logits of the pass "raw". */
export function capture(options: Options, { strong = true } = {}): Captured {
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
export function reads({ graph, source }: Captured, name: string): string[] {
  const made = graph.dispatches.find(({ kernel, writes }) =>
    /^softmax_cross_entropy/.test(kernel.name) && writes[0]!.label === `${name} partials`
  ) as Dispatch;
  return made.reads.map(source);
}

/** Terms with their weights. */
export const table = ({ terms }: Captured) =>
  Object.fromEntries(terms.map(({ name, weight }) => [name, weight]));
