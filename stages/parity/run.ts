/** Runs a parity case on a device: a training's own steps on hashed inputs, in the names and entries that the case records. @module */
import type { Device } from "../../kernels/device.ts";
import { networkOf, type ParameterSpec } from "../../models/registry.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { cityscapesClasses, pascalClasses } from "../datasets/classes.ts";
import { buildNetworks, type NetworkDescription } from "../weights/network.ts";
import type { CaseSetup } from "./adapter.ts";
import { checkNames, type ParityCase } from "./case.ts";
import { evaluateNetworks } from "./evaluation.ts";
import { caseLabels, caseWeights, neighborWeights } from "./inputs.ts";
import { seenPasses } from "./passes.ts";
import { openProbe, type ParityEvents, type Probe } from "./probe.ts";
import { sampledLogits, sampledState, type SampledTensors, sampledValues } from "./recorded.ts";

/** A parameter's gradient. */
export interface Gradient {
  readonly name: string;
  /** In PyTorch's order. */
  readonly values: Float32Array;
  /** The four entries that are recorded. */
  readonly samples: readonly number[];
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
  /** @see openCase */
  constructor(
    private readonly device: Device,
    private readonly probe: Probe,
    private readonly parts: Parts,
  ) {}

  /**
   * Takes step `t`, in order from 0; gives the loss terms before weighting, their total and what else the case records of it,
   * in the file's names.
   */
  async step(t: number): Promise<Readonly<Record<string, number>>> {
    const last = await this.probe.step(t);
    const values = new Map(last.map(({ name, value }) => [name, value]));
    const named = Object.entries(this.parts.setup.terms).flatMap(([name, own]) =>
      values.has(own) ? [[name, values.get(own)!] as const] : []
    );
    return {
      ...Object.fromEntries(named),
      total: last.reduce((sum, { value, weight }) => sum + weight * value, 0),
      ...await this.#observed(t),
    };
  }

  async #observed(t: number): Promise<Record<string, number>> {
    const { parity: { case: settings, float64 }, setup: { observed, classes } } = this.parts;
    const names = Object.keys(observed).filter((name) => float64.steps[t]?.[name] !== undefined);
    if (names.length === 0) return {};
    const read = new Map<string, Float32Array>();
    for (const pass of this.probe.passes) read.set(pass, await this.probe.logits(pass));
    const seen = seenPasses(read, classes, caseLabels(settings.salt, `mask:${t}`, settings, classes));
    return Object.fromEntries(names.map((name) => [name, observed[name]!.value(seen)]));
  }

  /** Of the last step, those that the case records of the first. */
  async logits(): Promise<SampledTensors> {
    const { parity: { case: settings }, setup } = this.parts;
    const found: Record<string, readonly number[]> = {};
    for (const [name, { network, pass }] of Object.entries(setup.logits)) {
      const stored = await this.probe.logits(`${network} ${pass}`);
      found[name] = sampledLogits(settings, stored, setup.classes);
    }
    return found;
  }

  /** Of the last step. */
  async gradients(): Promise<readonly Gradient[]> {
    const { parity: { case: { salt } }, learning } = this.parts;
    const read = await this.probe.gradients(learning);
    return learning.map(({ name }, i) => {
      const values = read[i]!;
      return { name, values, samples: sampledValues(salt, name, values, 4) };
    });
  }

  /**
   * Starts anew, with every weight moved to a neighboring number of single precision, up or down by `variant`: step 0 is the
   * next one.
   */
  startFromNeighbors(variant: number): void {
    const { parity: { case: { salt } }, weights } = this.parts;
    const { parameters } = this.probe.training.networks.registry;
    this.probe.start(neighborWeights(salt, variant, weights(), parameters));
  }

  /** Logits on the evaluation image, with running statistics. */
  async evaluate(): Promise<SampledTensors> {
    const { parity: { case: settings }, setup: { evaluation, classes }, events } = this.parts;
    events.onPhase?.("evaluation");
    const read = await evaluateNetworks(
      this.device,
      this.probe.training,
      Object.values(evaluation),
      settings,
    );
    return Object.fromEntries(
      Object.keys(evaluation).map((name, i) => [name, sampledLogits(settings, read[i]!, classes)]),
    );
  }

  /** How far the steps have moved the parameters, at the recorded positions; and running statistics as they are. */
  async state(): Promise<{ readonly changes: SampledTensors; readonly statistics: SampledTensors }> {
    const { parity: { case: { salt } }, weights } = this.parts;
    const { networks: { registry }, parameters } = this.probe.training;
    const now = await parameters.read(), names = registry.parameters.map(({ name }) => name);
    const before = sampledState(salt, weights(), names, 4), after = sampledState(salt, now, names, 4);
    return {
      changes: Object.fromEntries(
        names.map((name) => [name, after[name]!.map((value, k) => value - before[name]![k]!)]),
      ),
      statistics: sampledState(salt, now, registry.statistics.map(({ name }) => name), 2),
    };
  }

  /** Gives the device memory back. */
  free(): void {
    this.probe.free();
  }
}
