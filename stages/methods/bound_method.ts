/** A method with its options filled in: what the engine works with. @module */
import type { Tensor } from "../../kernels/tensor.ts";
import { PARTS } from "../../models/deeplabv3plus.ts";
import type { NetworkVariant } from "../../models/networks.ts";
import { normMistake } from "../../models/norms.ts";
import { didYouMean } from "../../pipeline/mod.ts";
import type { Predictions } from "../evaluation/predictions.ts";
import type { ChoiceStep, Chosen, ImageChoice } from "./choice.ts";
import { type AnyMethod, definitionOf, type ErasedDefinition, isName, MethodError } from "./method.ts";
import type { DrawnSet, Draws } from "../views/specs.ts";
import type { Average, MethodNetworks, Trained } from "./networks.ts";
import { supervise } from "./parts.ts";
import type { At } from "./schedule.ts";
import type { Sizes, StateSpecs } from "./state.ts";
import type { AfterUpdate, Step, Terms } from "./step.ts";

/** Which of a method's steps. */
export type Phase = "warm-up" | "method";

/** A choice with the method's options filled in. */
export interface BoundChoice {
  readonly reads: ImageChoice["reads"];
  choose(state: Readonly<Record<string, Float32Array>>, step: ChoiceStep): Chosen;
}

/** A method with its options filled in. */
export interface BoundMethod {
  readonly draws: Draws;
  /** Numbers that move from step to step, in the order in which they lie on the device: the method's own, then {@linkcode shareOf}. */
  readonly schedules: Readonly<Record<string, (at: At, phase: Phase) => number>>;
  /** What the networks are, in a file of weights, too. */
  readonly networks: Readonly<Record<string, NetworkVariant>>;
  /** Average → the network that it follows. */
  readonly averages: Readonly<Record<string, string>>;
  /** Averages that start as what they have drawn themselves. */
  readonly ownStarts: ReadonlySet<string>;
  /** Those of them that take no pretrained weights. */
  readonly randomStarts: ReadonlySet<string>;
  /** Averages that learn by themselves in the warm-up. */
  readonly learners: ReadonlySet<string>;
  /** Averages that some steps begin with copies of. */
  readonly copied: ReadonlySet<string>;
  /** Networks whose backbones' norms are frozen. */
  readonly frozenNorms: ReadonlySet<string>;
  readonly predictions: Predictions;
  readonly headline: string;
  /** @throws {MethodError} If a name or a shape is none. */
  state(sizes: Sizes): StateSpecs;
  /** Chooses images before each of its steps; absent where it has no say. */
  readonly choice?: BoundChoice;
  terms(step: Step): Terms;
  /** A step of the warm-up. */
  warmUp(step: Step): Terms;
  afterUpdate(step: AfterUpdate): void;
}

/** Name of the number that says how much of its source an average takes in, by what is averaged. No method's own has a slash. */
export function shareOf(average: string, what: "parameters" | "statistics"): string {
  return `${average}/${what}`;
}

/** Name of the number that says whether a step begins with an average's parameters copied: 1 or 0. */
export function copyOf(average: string): string {
  return `${average}/copies`;
}

/**
 * Binds a method to options.
 *
 * @param options As its schema parsed them.
 * @throws {MethodError} If a name is none, or a prediction or an average is of a network that cannot be meant.
 */
export function bindMethod(method: AnyMethod, options: unknown): BoundMethod {
  const definition = definitionOf(method);
  const refuse = (rule: string) => new MethodError(`Cannot train by method "${definition.name}": ${rule}`);
  const declared = definition.networks(options), networks = Object.entries(declared);
  const names = Object.keys(declared);
  checkNames("network", names, refuse);
  checkAverages(declared, refuse);
  checkHeads(declared, refuse);
  checkNorms(declared, refuse);
  const schedules = definition.schedules?.(options) ?? {};
  checkNames("schedule", Object.keys(schedules), refuse);
  const averages = networks.flatMap(([name, network]) =>
    network.kind === "average" ? [[name, network] as const] : []
  );
  const averagesThat = (are: (average: Average) => boolean) =>
    new Set(averages.flatMap(([name, average]) => are(average) ? [name] : []));
  const sourceOf = (network: Trained | Average) =>
    network.kind === "trained" ? network : declared[network.of] as Trained;
  const draws = definition.views(options);
  checkDraws(draws, definition, refuse);
  const { choice } = definition;
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
    schedules: {
      ...schedules,
      ...Object.assign({}, ...averages.map(([name, average]) => sharesOf(name, average, refuse))),
    },
    networks: Object.fromEntries(networks.map(([name, network]) => {
      const { kind: _, frozenNorms: __, ...variant } = sourceOf(network);
      return [name, variant];
    })),
    averages: Object.fromEntries(averages.map(([name, { of }]) => [name, of])),
    ownStarts: averagesThat(({ start }) => start !== "copy"),
    randomStarts: averagesThat(({ start }) => start === "random"),
    learners: averagesThat(({ learnsInWarmUp }) => learnsInWarmUp),
    copied: averagesThat(({ copies }) => copies !== undefined),
    frozenNorms: new Set(
      networks.flatMap(([name, network]) => sourceOf(network).frozenNorms === undefined ? [] : [name]),
    ),
    predictions: Object.fromEntries(predictions) as Predictions,
    headline: definition.headline,
    state(sizes) {
      const specs = definition.state?.(options, sizes) ?? {};
      checkState(specs, refuse);
      return specs;
    },
    ...(choice && {
      choice: {
        reads: choice.reads,
        choose: (state: Readonly<Record<string, Float32Array>>, step: ChoiceStep) =>
          choice.choose(state, step, options),
      },
    }),
    terms: (step) => definition.terms(step, options),
    warmUp: (step) => definition.phases?.warmUp?.(step, options) ?? labelsAlone(step, declared, draws),
    afterUpdate: (step) => definition.afterUpdate?.(step, options),
  };
}

/** Names of the draws of a set. */
export function drawnAs(wanted: DrawnSet, { draws }: Pick<BoundMethod, "draws">): string[] {
  return Object.keys(draws).filter((name) => draws[name]!.set === wanted);
}

/** How much of its source an average takes in: all of it in the warm-up, or nothing where it starts as its own and its time comes. */
function sharesOf(
  name: string,
  { decay, statistics, start, copies }: Average,
  refuse: (rule: string) => Error,
): BoundMethod["schedules"] {
  const share = (at: At) => {
    const kept = decay(at);
    if (kept >= 0 && kept <= 1) return 1 - kept;
    throw refuse(`the decay of network "${name}" is ${kept} at step ${at.step + 1}; it must lie in [0, 1]`);
  };
  // Where the method's own steps never come, as without unlabeled images, nothing else would make a network of it.
  const inWarmUp = ({ epochs }: At) => start === "copy" || epochs <= 0 ? 1 : 0;
  const ofStatistics = { averaged: share, copied: () => 1, own: () => 0 }[statistics];
  return {
    [shareOf(name, "parameters")]: (at, phase) => phase === "warm-up" ? inWarmUp(at) : share(at),
    [shareOf(name, "statistics")]: (at, phase) => phase === "warm-up" ? inWarmUp(at) : ofStatistics(at),
    ...(copies && { [copyOf(name)]: (at: At) => Number(copies(at)) }),
  };
}

/** Each network that learns in the warm-up learns the labels of the first labeled draw alone, by a term `ce_<network>`. */
function labelsAlone(step: Step, networks: MethodNetworks, draws: Draws): Terms {
  const [name, draw] = Object.entries(draws).find(([, { set }]) => set === "labeled")!;
  const view = Object.keys(draw.views).find((view) => draw.views[view]!.kind === "weak")!;
  const { [view]: image, labels } = step.views[name] as Record<string, Tensor>;
  return Object.fromEntries(
    Object.entries(networks).flatMap(([network, declared]) => {
      if (declared.kind === "average" && !declared.learnsInWarmUp) return [];
      const source = (declared.kind === "average" ? networks[declared.of] : declared) as Trained;
      const [pass] = source.norms?.domains ?? ["labeled"];
      const seen = step.train(network, { [pass]: image! })[pass]!, name = `ce_${network}`;
      return [[name, { loss: supervise(step, name, seen, labels!), weight: 1 }]];
    }),
  );
}

function checkNames(what: string, names: readonly string[], refuse: (rule: string) => Error): void {
  const bad = names.find((name) => !isName(name));
  if (bad !== undefined) throw refuse(`${what} "${bad}" may hold letters and digits only, a letter first`);
  const twin = names.find((name, i) =>
    names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) < i
  );
  if (twin === undefined) return;
  const other = names.find((name) => name.toLowerCase() === twin.toLowerCase());
  throw refuse(`${what}s "${other}" and "${twin}" differ by case alone; call one of them otherwise`);
}

function checkAverages(networks: MethodNetworks, refuse: (rule: string) => Error): void {
  const learning = Object.keys(networks).filter((name) => networks[name]!.kind === "trained");
  if (learning.length === 0) throw refuse("none of its networks learns; write NAME: trained()");
  for (const [name, network] of Object.entries(networks)) {
    if (network.kind === "trained") continue;
    const { of } = network;
    if (of === name) {
      throw refuse(`network "${name}" is the average of itself; write averageOf("${learning[0]}", …)`);
    }
    if (networks[of]?.kind === "average") {
      throw refuse(
        `network "${name}" is the average of "${of}", which is one itself; average what learns: ${
          learning.join(", ")
        }`,
      );
    }
    if (networks[of] === undefined) {
      throw refuse(
        `network "${name}" is the average of "${of}", which it does not have. ${didYouMean(of, learning)}`,
      );
    }
    const { decay, start, learnsInWarmUp } = network;
    if (!["copy", "own", "random"].includes(start)) {
      throw refuse(
        `network "${name}" starts as "${start}"; write start: "copy", "own" for a draw of its own, or "random" for one without ` +
          "pretrained weights",
      );
    }
    if (learnsInWarmUp && start === "copy") {
      throw refuse(
        `network "${name}" learns in the warm-up, and starts as a copy when that is over; write start: "own" or "random"`,
      );
    }
    const first = decay({ step: 0, steps: 1, epoch: 0, epochs: 1, stepsPerEpoch: 1 });
    if (!(first >= 0 && first <= 1)) {
      throw refuse(`the decay of network "${name}" is ${first}; it must lie in [0, 1]`);
    }
  }
}

function checkHeads(networks: MethodNetworks, refuse: (rule: string) => Error): void {
  for (const [network, declared] of Object.entries(networks)) {
    if (declared.kind === "average") continue;
    const { heads = {}, modules = {} } = declared;
    const names = [...Object.keys(heads), ...Object.keys(modules)];
    const bad = names.find((name, i) =>
      !/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || PARTS.includes(name) || names.indexOf(name) < i
    );
    if (bad !== undefined) {
      throw refuse(
        `head or module "${bad}" of network "${network}" may hold letters, digits and _ only, a letter first, and be called ` +
          `as no other and none of ${PARTS.join(", ")}`,
      );
    }
    for (const [name, head] of Object.entries(heads)) {
      if (head.kind !== "projection" || (Number.isInteger(head.channels) && head.channels > 0)) continue;
      throw refuse(
        `head "${name}" of network "${network}" has ${head.channels} channels; it must have a whole number from 1`,
      );
    }
  }
}

function checkNorms(networks: MethodNetworks, refuse: (rule: string) => Error): void {
  for (const [name, network] of Object.entries(networks)) {
    const mistake = network.kind === "trained" && network.norms && normMistake(network.norms);
    if (mistake) throw refuse(`network "${name}": ${mistake}`);
  }
}

function checkState(specs: StateSpecs, refuse: (rule: string) => Error): void {
  checkNames("state", Object.keys(specs), refuse);
  for (const [name, { shape, start = 0, dtype = "f32" }] of Object.entries(specs)) {
    if (shape.length === 0 || shape.some((extent) => !Number.isInteger(extent) || extent < 1)) {
      throw refuse(
        `state "${name}" has the shape [${shape}]; its extents must be whole numbers from 1, one or more`,
      );
    }
    if (start !== "uniform" && !Number.isFinite(start)) {
      throw refuse(`state "${name}" starts at ${start}; it must be a finite number`);
    }
    if (dtype !== "f32" && start !== 0) {
      throw refuse(`state "${name}" of ${dtype} starts at ${start}; what is not f32 starts at 0`);
    }
  }
}

/** Members of a draw that are no views. */
const TAKEN = ["validity", "labels", "clean"];

function checkDraws(
  draws: Draws,
  { choice, phases }: Pick<ErasedDefinition, "choice" | "phases">,
  refuse: (rule: string) => Error,
): void {
  for (const [name, { views, images, share = 1, zoom }] of Object.entries(draws)) {
    if (images === "chosen" && choice === undefined) {
      throw refuse(
        `the images of draw "${name}" are chosen, and by nothing; write choice: { reads, choose }`,
      );
    }
    if (!(share > 0 && share <= 1)) {
      throw refuse(`draw "${name}" is ${share} of the batch; its share must lie in (0, 1]`);
    }
    if (zoom && !(zoom.scale[0] > 0 && zoom.scale[0] <= zoom.scale[1])) {
      throw refuse(`draw "${name}" is zoomed by [${zoom.scale}]; it must be a range above 0`);
    }
    const taken = Object.keys(views).find((view) => TAKEN.includes(view));
    if (taken !== undefined) {
      throw refuse(`view "${taken}" of draw "${name}" would hide the draw's own ${taken}`);
    }
  }
  const learns = Object.values(draws).some(({ set, views }) =>
    set === "labeled" && Object.values(views).some(({ kind }) => kind === "weak")
  );
  if (learns || phases?.warmUp !== undefined) return;
  throw refuse(
    "it has no labeled draw with a weak view, which the warm-up learns from; write one, or phases: { warmUp }",
  );
}
