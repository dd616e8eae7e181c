/** A method with its options filled in: what the engine works with. @module */
import type { Tensor } from "../../kernels/tensor.ts";
import type { NetworkVariant } from "../../models/networks.ts";
import { didYouMean } from "../../pipeline/mod.ts";
import type { Predictions } from "../predictions.ts";
import { softmaxCrossEntropy } from "../../kernels/ops/softmax_cross_entropy.ts";
import { type AnyMethod, definitionOf, isName, MethodError } from "./method.ts";
import type { Draws } from "../views/specs.ts";
import type { Schedule } from "./schedule.ts";
import type { Step, Terms } from "./step.ts";

/** A method with its options filled in. */
export interface BoundMethod {
  readonly draws: Draws;
  /** Numbers that move from step to step, in the order in which they lie on the device. */
  readonly schedules: Readonly<Record<string, Schedule>>;
  readonly networks: Readonly<Record<string, NetworkVariant>>;
  readonly predictions: Predictions;
  readonly headline: string;
  terms(step: Step): Terms;
  /** A step of the warm-up. */
  warmUp(step: Step): Terms;
}

/**
 * Binds a method to options.
 *
 * @param options As its schema parsed them.
 * @throws {MethodError} If a network's name is none, or a prediction is of a network that does not exist.
 */
export function bindMethod(method: AnyMethod, options: unknown): BoundMethod {
  const definition = definitionOf(method);
  const refuse = (rule: string) => new MethodError(`Cannot train by method "${definition.name}": ${rule}`);
  const networks = Object.entries(definition.networks(options));
  const names = networks.map(([name]) => name);
  const bad = names.find((name) => !isName(name));
  if (bad !== undefined) throw refuse(`network "${bad}" may hold letters and digits only, a letter first`);
  const draws = definition.views(options);
  checkDraws(draws, definition.phases?.warmUp !== undefined, refuse);
  const predictions = Object.entries(definition.predictions).map(([name, scored]) => {
    const of = typeof scored === "string" ? [scored] : scored.mean;
    const unknown = of.find((network) => !names.includes(network));
    if (unknown === undefined) return [name, of] as const;
    throw refuse(
      `prediction "${name}" is of network "${unknown}", which it does not have. ${
        didYouMean(unknown, names)
      }`,
    );
  });
  return {
    draws,
    schedules: definition.schedules?.(options) ?? {},
    networks: Object.fromEntries(networks.map(([name, { kind: _, ...variant }]) => [name, variant])),
    predictions: Object.fromEntries(predictions) as unknown as Predictions,
    headline: definition.headline,
    terms: (step) => definition.terms(step, options),
    warmUp: (step) => definition.phases?.warmUp?.(step, options) ?? labelsAlone(step, names, draws),
  };
}

/** Each network learns the labels of the first labeled draw alone, by a term `ce_<network>`. */
function labelsAlone(step: Step, networks: readonly string[], draws: Draws): Terms {
  const [name, draw] = Object.entries(draws).find(([, { set }]) => set === "labeled")!;
  const view = Object.keys(draw.views).find((view) => draw.views[view]!.kind === "weak")!;
  const { [view]: image, labels } = step.views[name] as Record<string, Tensor>;
  return Object.fromEntries(networks.map((network) => {
    const { logits, size } = step.train(network, { labeled: image! }).labeled;
    const label = `ce_${network}`;
    const loss = softmaxCrossEntropy(step.graph, logits, labels!, { label, size, denominator: "valid" });
    return [label, { loss, weight: 1 }];
  }));
}

/** Members of a draw that are no views. */
const TAKEN = ["validity", "labels"];

function checkDraws(draws: Draws, ownWarmUp: boolean, refuse: (rule: string) => Error): void {
  for (const [name, { views }] of Object.entries(draws)) {
    const taken = Object.keys(views).find((view) => TAKEN.includes(view));
    if (taken !== undefined) {
      throw refuse(`view "${taken}" of draw "${name}" would hide the draw's own ${taken}`);
    }
  }
  const learns = Object.values(draws).some(({ set, views }) =>
    set === "labeled" && Object.values(views).some(({ kind }) => kind === "weak")
  );
  if (learns || ownWarmUp) return;
  throw refuse(
    "it has no labeled draw with a weak view, which the warm-up learns from; write one, or phases: { warmUp }",
  );
}
