/** Runs a parity case on a device: the training step that `co-train` captures, on hashed inputs. @module */
import { allocate, type Device, readBack, upload } from "../../kernels/device.ts";
import { Graph } from "../../kernels/graph.ts";
import { readMeter } from "../../kernels/ops/loss/meter.ts";
import { compile } from "../../kernels/program/program.ts";
import { padded, type Tensor } from "../../kernels/tensor.ts";
import { fromDevice } from "../../models/layout.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { cityscapesClasses, pascalClasses } from "../datasets/classes.ts";
import type { Scalar } from "../methods/schedule.ts";
import { captureTraining } from "../training/capture.ts";
import { ratesLength, SCHEDULES_FROM, updateNumbers } from "../training/update.ts";
import type { CaseSetup } from "./adapter.ts";
import { checkNames, type ParityCase } from "./case.ts";
import { hashedDropout } from "./dropout.ts";
import { hashedFeed } from "./feed.ts";
import { caseImage, caseLabels, caseWeights, hashed, sampledPositions } from "./inputs.ts";
import { keepLogits, noting, seenPasses } from "./passes.ts";

/** What is told while a case runs. */
export interface ParityEvents {
  /** A part of the work begins, e.g. `compile`. */
  readonly onPhase?: (name: string) => void;
  /** Called while pipelines are compiled. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** A parameter's gradient. */
export interface Gradient {
  readonly name: string;
  /** In PyTorch's order. */
  readonly values: Float32Array;
  /** The four entries that are recorded. */
  readonly samples: readonly number[];
}

/** Entries of tensors or logits at the recorded positions, by name. */
export type SampledTensors = Readonly<Record<string, readonly number[]>>;

/** A case on a device. */
export interface CaseRun {
  /**
   * Takes step `t`, in order from 0; gives the loss terms before weighting, their total and what else the case records of it,
   * in the file's names.
   */
  step(t: number): Promise<Readonly<Record<string, number>>>;
  /** Of the last step, those that the case records of the first. */
  logits(): Promise<SampledTensors>;
  /** Of the last step. */
  gradients(): Promise<readonly Gradient[]>;
  /**
   * Starts anew, with every weight moved to a neighboring number of single precision, up or down by `variant`: step 0 is the
   * next one.
   */
  startFromNeighbors(variant: number): void;
  /** Logits on the evaluation image, with running statistics. */
  evaluate(): Promise<SampledTensors>;
  /** How far the steps have moved the parameters, at the recorded positions; and running statistics as they are. */
  state(): Promise<{ readonly changes: SampledTensors; readonly statistics: SampledTensors }>;
  free(): void;
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
  { onPhase, onCompile }: ParityEvents = {},
): CaseRun {
  const { case: settings, float64 } = parity;
  const { salt, size, batch, backbone } = settings;
  const { method, optimizer, start } = setup;
  const classes = setup.classes === pascalClasses.names.length ? pascalClasses : cityscapesClasses;
  onPhase?.("weights");
  /** By network and pass. */
  const kept = new Map<string, Tensor>();
  const dropout = hashedDropout(device, settings, setup);
  const captured = captureTraining(device, {
    network: {
      backbone,
      outputStride: setup.outputStride,
      networks: method.networks,
      predictions: method.predictions,
      headline: method.headline,
      classes,
    },
    method: {
      ...method,
      terms(step) {
        kept.clear();
        return method.terms(noting(step, kept, dropout));
      },
    },
    views: hashedFeed(device, settings, setup),
    batch,
    accumulate: 1,
    seed: 0,
    optimizer,
    warmUp: false,
  });
  const { networks, parameters, feed, control: { counters, rates, meters }, phases } = captured;
  const { registry } = networks, { terms } = phases.method;
  const learning = registry.parameters.filter(({ name }) => parameters.tensor(name).gradient !== undefined);
  try {
    checkNames(
      parity,
      registry.parameters.map(({ name }) => name),
      registry.statistics.map(({ name }) => name),
      learning.map(({ name }) => name),
    );
  } catch (error) {
    for (const owner of [captured, dropout]) owner.free();
    throw error;
  }
  const initial = () => caseWeights(salt, [...registry.parameters, ...registry.statistics], start);
  parameters.load(initial());
  const held = allocate(device, "parity image", [{ label: "eval", shape: [batch, size, size, 3] }]);
  const [image] = held.tensors as [Tensor];
  onPhase?.("compile");
  const program = compile(device, phases.method.programs[0].graph, onCompile);

  /** Entries of stored logits at the recorded positions, which count in PyTorch's order [N, C, H, W]. */
  const sampled = (stored: Float32Array): number[] => {
    const count = classes.names.length, plane = size * size, pitch = padded(count);
    return sampledPositions(salt, "sample:logits", 64, batch * count * plane).map((flat) => {
      const pixel = flat % plane,
        c = Math.floor(flat / plane) % count,
        b = Math.floor(flat / (plane * count));
      return stored[(b * plane + pixel) * pitch + c]!;
    });
  };
  const sampledOf = (state: StateDict, names: readonly string[], count: number): SampledTensors =>
    Object.fromEntries(names.map((name) => {
      const { values } = state.get(name)!;
      return [
        name,
        sampledPositions(salt, `sample:${name}`, count, values.length).map((position) => values[position]!),
      ];
    }));
  const storedLogits = async (network: string, pass: string): Promise<Float32Array> => {
    const found = kept.get(`${network} ${pass}`);
    if (!found) throw new Error(`Cannot read logits: "${network}" has no pass "${pass}"`);
    const [read] = await readBack(device, [program.locate(found)]);
    return read!;
  };
  const observe = async (t: number) => {
    const names = Object.keys(setup.observed).filter((name) => float64.steps[t]?.[name] !== undefined);
    if (names.length === 0) return {};
    const read = new Map<string, Float32Array>();
    for (const key of kept.keys()) {
      const [network, pass] = key.split(" ") as [string, string];
      read.set(key, await storedLogits(network, pass));
    }
    const truth = caseLabels(salt, `mask:${t}`, settings, classes.names.length);
    const seen = seenPasses(read, classes.names.length, truth);
    return Object.fromEntries(names.map((name) => [name, setup.observed[name]!.value(seen)]));
  };

  return {
    async step(t) {
      feed.fill({ labeled: [], unlabeled: [] }, { epoch: 0, step: t });
      dropout.fill(t);
      upload(device, counters, Uint32Array.of(0, 0, t, 0));
      const values = new Float32Array(ratesLength(method.schedules));
      values.set(updateNumbers(optimizer, { rate: setup.rate(t), step: t }));
      const at = { step: t, steps: settings.total, epoch: 0, epochs: 1, stepsPerEpoch: settings.total };
      Object.values(method.schedules).forEach((schedule, i) => {
        values[SCHEDULES_FROM + i] = schedule(at, "method");
      });
      upload(device, rates, values);
      program.run();
      const read = await readBack(device, meters.slice(0, terms.length));
      // One that moves is a schedule's.
      const weighing = (weight: Scalar) => typeof weight === "number" ? weight : values[weight.index]!;
      const last = new Map(terms.map(({ name }, i) => [name, readMeter(read[i]!).last]));
      const named = Object.entries(setup.terms).flatMap(([name, own]) =>
        last.has(own) ? [[name, last.get(own)!] as const] : []
      );
      return {
        ...Object.fromEntries(named),
        total: terms.reduce((sum, { name, weight }) => sum + weighing(weight) * last.get(name)!, 0),
        ...await observe(t),
      };
    },
    async logits() {
      const recorded = Object.entries(setup.logits);
      const found: [string, readonly number[]][] = [];
      for (const [name, { network, pass }] of recorded) {
        found.push([name, sampled(await storedLogits(network, pass))]);
      }
      return Object.fromEntries(found);
    },
    async gradients() {
      const read = await readBack(device, learning.map(({ name }) => parameters.tensor(name).gradient!));
      return learning.map(({ name, shape }, i) => {
        const values = fromDevice(read[i]!, shape);
        const at = sampledPositions(salt, `sample:${name}`, 4, values.length);
        return { name, values, samples: at.map((position) => values[position]!) };
      });
    },
    startFromNeighbors(variant) {
      const moved = initial();
      for (const { name } of registry.parameters) {
        moveToNeighbors(hashed(salt, `neighbor ${variant}:${name}`), moved.get(name)!.values);
      }
      parameters.load(moved);
      const encoder = device.gpu.createCommandEncoder();
      for (const moments of parameters.buffers.moments) encoder.clearBuffer(moments);
      device.gpu.queue.submit([encoder.finish()]);
    },
    async evaluate() {
      onPhase?.("evaluation");
      const graph = new Graph(device.facts.sharing);
      upload(device, image, caseImage(salt, "eval", settings));
      const forward = { graph, training: false, tensor: parameters.tensor, parts: ["evaluation"] };
      const logits = Object.values(setup.evaluation).map((network) =>
        keepLogits(
          graph,
          graph.withoutGradients(() => predict(networks.byName[network]!, forward, image)[0]!),
        )
      );
      const program = compile(device, graph);
      program.run();
      const read = await readBack(device, logits.map((tensor) => program.locate(tensor)));
      program.free();
      return Object.fromEntries(
        Object.keys(setup.evaluation).map((name, i) => [name, sampled(read[i]!)]),
      );
    },
    async state() {
      const now = await parameters.read();
      const names = registry.parameters.map(({ name }) => name);
      const before = sampledOf(initial(), names, 4), after = sampledOf(now, names, 4);
      return {
        changes: Object.fromEntries(
          names.map((name) => [name, after[name]!.map((value, k) => value - before[name]![k]!)]),
        ),
        statistics: sampledOf(now, registry.statistics.map(({ name }) => name), 2),
      };
    },
    free() {
      for (const owner of [program, held, captured, dropout]) owner.free();
    },
  };
}

/** Moves each value to the next larger or next smaller one of single precision, as the hash says. */
function moveToNeighbors(u: (index: number) => number, values: Float32Array): void {
  // A sign and a magnitude: the next integer is the neighbor away from zero, the one before it that toward it.
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    if (values[i] !== 0) bits[i]! += u(i) < 0.5 ? 1 : -1;
  }
}
