/** Runs a parity case on a device: a training's own steps on hashed inputs, in the names and entries that the case records. @module */
import type { Device } from "../../kernels/device.ts";
import { networkOf, type ParameterSpec } from "../../models/registry.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { cityscapesClasses, pascalClasses } from "../datasets/classes.ts";
import type { LastTerm } from "../training/stepper.ts";
import { type OptimizerSettings, weightDecayOf } from "../training/update.ts";
import { buildNetworks, type NetworkDescription } from "../weights/network.ts";
import type { CaseSetup } from "./adapter.ts";
import { checkNames, type ParityCase } from "./case.ts";
import { evaluateNetworks } from "./evaluation.ts";
import { caseLabels, caseWeights, neighborWeights } from "./inputs.ts";
import { type Moves, noteKey, passKey } from "./passes.ts";
import { openProbe, type ParityEvents, type Probe } from "./probe.ts";
import { entriesOf, type SampledTensors, sampledValues } from "./recorded.ts";
import type { Recorded } from "./rules.ts";
import { channelsFirst, largestOf, type SeenStep, type SeenTensor } from "./seen.ts";

/** A parameter's gradient. */
export interface Gradient {
  readonly name: string;
  /** In PyTorch's order. */
  readonly values: Float32Array;
  /** The four entries that are recorded. */
  readonly samples: readonly number[];
}

/** What the last step has left. */
export interface EndState {
  /** Parameters and running statistics at the start, and now. */
  readonly start: StateDict;
  readonly now: StateDict;
  /** How often each network's statistics were moved. */
  readonly moves: ReadonlyMap<string, Moves>;
}

/**
 * Brings a case to the device.
 *
 * @throws {CaseError} If the record is not of the case's networks. DeviceError if it does not fit the device.
 */
export function openCase(
  device: Device,
  parity: ParityCase,
  setup: CaseSetup,
  events: ParityEvents = {},
): CaseRun {
  const { case: settings } = parity;
  const network = networkOfCase(parity, setup), { registry } = buildNetworks(network);
  const { parameters, statistics } = registry, { averages } = setup.method;
  const learning = parameters.filter(({ name }) => averages[networkOf(name)] === undefined);
  const names = (specs: readonly { readonly name: string }[]) => specs.map(({ name }) => name);
  checkNames(parity, names(parameters), names(statistics), names(learning));
  events.onPhase?.("weights");
  const weights = () => caseWeights(settings.salt, [...parameters, ...statistics], setup.start);
  const probe = openProbe(device, { settings, setup, network, weights: weights(), ...events });
  return new CaseRun(device, probe, { parity, setup, weights, learning, events });
}

function networkOfCase({ case: { backbone } }: ParityCase, setup: CaseSetup): NetworkDescription {
  const { method: { networks, predictions, headline }, outputStride } = setup;
  const classes = setup.classes === pascalClasses.names.length ? pascalClasses : cityscapesClasses;
  return { backbone, outputStride, networks, predictions, headline, classes };
}

/** What a run looks up. */
interface Parts {
  readonly parity: ParityCase;
  readonly setup: CaseSetup;
  /** Hashes what the training starts from. */
  readonly weights: () => StateDict;
  /** Parameters that have gradients. */
  readonly learning: readonly ParameterSpec[];
  readonly events: ParityEvents;
}

/** A case on a device. */
export class CaseRun {
  /** Losses of the last step. */
  #last: readonly LastTerm[] = [];

  /** @see openCase */
  constructor(
    private readonly device: Device,
    private readonly probe: Probe,
    private readonly parts: Parts,
  ) {}

  /** Takes the steps before the first; gives their losses, a list a term, in the file's names. */
  async warmUp(): Promise<SampledTensors> {
    const { warmUp } = this.parts.setup;
    if (!warmUp) return {};
    const losses = Object.fromEntries(Object.keys(warmUp.terms).map((name) => [name, [] as number[]]));
    for (let j = 0; j < warmUp.steps; j++) {
      const terms = named(await this.probe.warmUpStep(j), warmUp.terms);
      for (const [name, list] of Object.entries(losses)) list.push(terms[name] ?? NaN);
    }
    return losses;
  }

  /**
   * Takes step `t`, in order from 0; gives the loss terms before weighting, their total and what else the case records of it,
   * in the file's names.
   */
  async step(t: number): Promise<Readonly<Record<string, Recorded>>> {
    const last = this.#last = await this.probe.step(t), { terms, addedToTotal = [] } = this.parts.setup;
    const observed = await this.#observed(t), added = addedToTotal.map((name) => observed[name] as number);
    return {
      ...named(last, terms),
      total: [...last.map(({ value, weight }) => weight * value), ...added].reduce(
        (sum, part) => sum + part,
        0,
      ),
      ...observed,
    };
  }

  async #observed(t: number): Promise<Record<string, Recorded>> {
    const { parity: { float64 }, setup: { observed } } = this.parts;
    const recorded = Object.entries(observed).filter(([name]) => float64.steps[t]?.[name] !== undefined);
    if (recorded.length === 0) return {};
    const seen = await this.#seen(t, recorded.flatMap(([, { reads = [] }]) => reads));
    return Object.fromEntries(recorded.map(([name, { value }]) => [name, value(seen)]));
  }

  /** The last step, as adapters look at it. */
  async #seen(t: number, reads: readonly string[] = []): Promise<SeenStep> {
    const { parity: { case: settings }, setup: { classes } } = this.parts;
    const kept = await this.probe.kept(), state = await this.probe.state();
    const parameters = await this.probe.parameters([...new Set(reads)]);
    const find = <T>(all: ReadonlyMap<string, T>, name: string, what: string): T => {
      const found = all.get(name);
      if (found === undefined) {
        throw new Error(
          `Cannot run the case: its step has no ${what} "${name}", only ${[...all.keys()].join(", ")}`,
        );
      }
      return found;
    };
    const pass = (network: string, name: string, what?: string) =>
      find(kept, passKey(network, name, what), "pass");
    const logits = (network: string, name: string) => pass(network, name).values as Float32Array;
    return {
      t,
      term: (name) => find(new Map(this.#last.map((term) => [term.name, term.value])), name, "loss term"),
      truth: caseLabels(settings.salt, `mask:${t}`, settings, classes),
      logits,
      labels: (network, name) => largestOf(logits(network, name), classes),
      scores: (network, name) => pass(network, name, "scores"),
      head: pass,
      noted: (name) => find(kept, noteKey(name), "note"),
      state: (name) => find(state, name, "state"),
      parameter: (name) => find(parameters, name, "parameter that is read"),
    };
  }

  /** What the case records of the arrays of step `t`, which is the last one: logits and maps. */
  async arrays(t: number): Promise<SampledTensors> {
    const { parity: { case: { salt }, float64 }, setup: { logits, maps = {} } } = this.parts;
    const seen = await this.#seen(t);
    const count = (name: string) => float64.arrays[name]!.length;
    return {
      ...Object.fromEntries(
        Object.entries(logits).map(([name, { network, pass, of }]) => {
          const all = of === "scores" ? seen.scores(network, pass) : this.#image(seen.logits(network, pass));
          return [name, entriesOf(salt, channelsFirst(all), count(name))];
        }),
      ),
      ...Object.fromEntries(
        Object.entries(maps).map(([name, { values, entries }]) => [
          name,
          entriesOf(salt, values(seen), count(name), entries),
        ]),
      ),
    };
  }

  #image(values: Float32Array): SeenTensor {
    const { parity: { case: { size } }, setup: { classes } } = this.parts;
    return { shape: [values.length / (size * size * classes), size, size, classes], values };
  }

  /** Of the last step. */
  async gradients(): Promise<readonly Gradient[]> {
    const { parity: { case: { salt } }, learning, setup } = this.parts;
    const read = await this.probe.gradients(learning), start = setup.decaysGradients && this.parts.weights();
    return learning.map((spec, i) => {
      const { name } = spec, decay = decayOf(setup.optimizer, spec), own = start && start.get(name)!.values;
      const values = own ? read[i]!.map((value, k) => value + decay * own[k]!) : read[i]!;
      return { name, values, samples: sampledValues(salt, name, values, 4) };
    });
  }

  /**
   * Starts anew, with every weight moved to a neighboring number of single precision, up or down by `variant`: the first step is
   * the next one.
   */
  startFromNeighbors(variant: number): void {
    const { parity: { case: { salt } }, weights } = this.parts;
    const { parameters } = this.probe.training.networks.registry;
    this.probe.start(neighborWeights(salt, variant, weights(), parameters));
  }

  /** Logits on the evaluation image, with running statistics. */
  async evaluate(): Promise<SampledTensors> {
    const { parity: { case: settings, float64 }, setup, events } = this.parts;
    const { evaluation, evaluationBatch = settings.batch } = setup;
    events.onPhase?.("evaluation");
    const names = [...new Set(Object.values(evaluation).flat())];
    const { training } = this.probe;
    const read = await evaluateNetworks(this.device, training, names, settings, evaluationBatch);
    return Object.fromEntries(
      Object.entries(evaluation).map(([name, of]) => {
        const count = float64.arrays[name]!.length;
        const each = [of].flat().map((network) =>
          entriesOf(settings.salt, channelsFirst(read[names.indexOf(network)]!), count)
        );
        return [name, each[0]!.map((_, k) => each.reduce((sum, one) => sum + one[k]!, 0) / each.length)];
      }),
    );
  }

  /** What the steps have left. */
  async end(): Promise<EndState> {
    return {
      start: this.parts.weights(),
      now: await this.probe.training.parameters.read(),
      moves: this.probe.moves(),
    };
  }

  /** Gives the device memory back. */
  free(): void {
    this.probe.free();
  }
}

/** What the first step adds of a parameter to its gradient. */
function decayOf(optimizer: OptimizerSettings, spec: ParameterSpec): number {
  const isStart = optimizer.decayTowards === "start" && spec.kind === "convolutions";
  return isStart ? 0 : weightDecayOf(optimizer, spec);
}

/** Loss terms before weighting, in the file's names; those that a step has. */
function named(last: readonly LastTerm[], terms: Readonly<Record<string, string>>): Record<string, number> {
  const values = new Map(last.map(({ name, value }) => [name, value]));
  return Object.fromEntries(
    Object.entries(terms).flatMap(([name, own]) =>
      values.has(own) ? [[name, values.get(own)!] as const] : []
    ),
  );
}
