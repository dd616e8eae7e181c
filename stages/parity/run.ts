/** Runs a parity case on a device: the training step that `co-train` captures, on hashed inputs. @module */
import { allocate, type Device, readBack, upload } from "../../kernels/device.ts";
import { Graph } from "../../kernels/graph.ts";
import { boxWords } from "../../kernels/ops/mix_boxes.ts";
import { readMeter } from "../../kernels/ops/meter.ts";
import { resizeBilinear } from "../../kernels/ops/resize_bilinear.ts";
import { compile } from "../../kernels/program.ts";
import { padded, type Tensor } from "../../kernels/tensor.ts";
import { fromDevice } from "../../models/layout.ts";
import { predict, type Prediction } from "../../models/deeplabv3plus.ts";
import { allocateParameters } from "../../models/parameters.ts";
import { parseConfig } from "../../pipeline/mod.ts";
import { cityscapesClasses, pascalClasses } from "../datasets/classes.ts";
import { bindMethod, type BoundMethod } from "../methods/bound_method.ts";
import { ccvc } from "../methods/ccvc.ts";
import { definitionOf } from "../methods/method.ts";
import type { Passes, Step } from "../methods/step.ts";
import { buildNetworks } from "../network.ts";
import { polyFactor } from "../training/schedule.ts";
import { captureStep, RATE_INDEX, ratesLength } from "../training/step_program.ts";
import { type CaseSettings, checkNames, type ParityCase } from "./case.ts";
import {
  caseBoxes,
  caseImage,
  caseLabels,
  caseValidity,
  caseWeights,
  hashed,
  sampledPositions,
} from "./inputs.ts";

/** Weights of conflicting and of unconfident pixels. */
export interface PixelWeights {
  readonly conflict: number;
  readonly unconfident: number;
}

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

/** Logits at the 64 recorded positions. */
export interface FirstLogits {
  readonly logits1_labelled: readonly number[];
  readonly logits2_labelled: readonly number[];
  readonly logits1_unlabelled: readonly number[];
  /** Share of the pixels that are no padding where the branches' labels of the weak view differ. */
  readonly conflictShare: number;
}

/** A case on a device. */
export interface CaseRun {
  /** Takes step `t`, in order from 0; gives the loss terms before weighting and their total, in the file's names. */
  step(t: number): Promise<Readonly<Record<string, number>>>;
  /** Of the last step. */
  logits(): Promise<FirstLogits>;
  /** Of the last step. */
  gradients(): Promise<readonly Gradient[]>;
  /**
   * Starts anew, with every weight moved to a neighboring number of single precision, up or down by `variant`: step 0 is the
   * next one.
   */
  startFromNeighbors(variant: number): void;
  /** Logits of both branches on the evaluation image, with running statistics. */
  evaluate(): Promise<readonly [readonly number[], readonly number[]]>;
  free(): void;
}

/** Our names of loss terms → the file's. */
const TERM_NAMES: Readonly<Record<string, string>> = {
  dis_labeled: "dis_labelled",
  dis_unlabeled: "dis_unlabelled",
};
/** Loss terms at most. */
const MOST_TERMS = 9;
const MOMENTUM = 0.9, WEIGHT_DECAY = 1e-4, POWER = 0.9;

/** Our method by the case's settings. Dropout is off in all cases. */
function methodOf(settings: CaseSettings, weights: PixelWeights): BoundMethod {
  const options = {
    as: "published-code",
    augmentation: settings.variant === "aug" ? "strong" : "weak",
    mode: settings.mode,
    threshold: settings.tau,
    conflictWeight: weights.conflict,
    unconfidentWeight: weights.unconfident,
    supervisedWeight: settings.w_CE,
    consistencyWeight: settings.use_con * settings.w_con,
    discrepancyWeight: settings.use_dis * settings.w_dis,
    mapping: settings.mapping === "both" ? "both" : "second",
    dropout: 0,
  };
  return bindMethod(ccvc, parseConfig(definitionOf(ccvc).options, options, "parity"));
}

/** The base learning rate of step `t`, before the groups' multipliers. */
export function baseRate({ base_lr, total }: CaseSettings, t: number): number {
  return base_lr * polyFactor(t, total, POWER);
}

/**
 * Brings a case to the device.
 *
 * @throws {CaseError} If the record is not of the case's networks. DeviceError if it does not fit the device.
 */
export function openCase(
  device: Device,
  parity: ParityCase,
  weights: PixelWeights,
  { onPhase, onCompile }: ParityEvents = {},
): CaseRun {
  const settings = parity.case;
  const { salt, size, batch } = settings;
  onPhase?.("weights");
  const classes = settings.dataset === "pascal" ? pascalClasses : cityscapesClasses;
  const method = methodOf(settings, weights);
  const networks = buildNetworks({
    backbone: settings.backbone,
    outputStride: settings.dataset === "pascal" ? 16 : 8,
    networks: method.networks,
    classes,
  });
  checkNames(parity, networks.registry.parameters.map(({ name }) => name));
  const parameters = allocateParameters(device, networks.registry, { training: true });
  const state = () => caseWeights(salt, [...networks.registry.parameters, ...networks.registry.statistics]);
  parameters.load(state());

  const image = (label: string) => ({ label, shape: [batch, size, size, 3] });
  const words = (label: string, shape: readonly number[]) => ({
    label,
    shape,
    dtype: "u32" as const,
    layout: "map" as const,
  });
  const floats = (label: string) => ({ label, shape: [1, 1, 4], layout: "map" as const });
  const inputs = allocate(device, "parity inputs", [
    image("labeled"),
    image("unlabeled"),
    image("strong"),
    words("labels", [batch, size, size]),
    words("validity", [batch, size, size]),
    words("boxes", [1, batch, boxWords(1)]),
    words("counters", [1, 1, 4]),
    { label: "rates", shape: [1, 1, ratesLength(method.schedules)], layout: "map" },
    ...Array.from({ length: MOST_TERMS }, (_, i) => floats(`meter ${i}`)),
  ]);
  const [labeled, unlabeled, strong, labels, validity, boxes, counters, rates, ...meters] = inputs
    .tensors as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

  onPhase?.("capture");
  const graph = new Graph(device.facts.sharing);
  /** By pass, of each network. */
  const logits = new Map<string, Tensor[]>();
  const terms = captureStep(graph, {
    networks,
    parameters,
    method: { ...method, terms: (step) => method.terms(noting(step)) },
    views: {
      labeled: { image: labeled, labels },
      unlabeled: { image: unlabeled, validity, strong, boxes },
    },
    counters,
    rates,
    momentum: MOMENTUM,
    weightDecay: WEIGHT_DECAY,
    meter: (i) => meters[i]!,
  });
  function noting(step: Step): Step {
    return {
      ...step,
      train<const P extends Passes>(network: string, passes: P) {
        const predictions = step.train(network, passes);
        for (const [pass, prediction] of Object.entries(predictions as Record<string, Prediction>)) {
          // The weak view's pass in training mode has either name.
          const name = pass === "raw" ? "unlabeled" : pass;
          logits.set(name, [...logits.get(name) ?? [], keepLogits(graph, prediction)]);
        }
        return predictions;
      },
    };
  }
  onPhase?.("compile");
  const program = compile(device, graph, onCompile);
  const valid = caseValidity(settings);
  upload(device, validity, valid);
  upload(device, boxes, caseBoxes(settings));

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

  const fill = (t: number) => {
    upload(device, labeled, caseImage(salt, `labelled:${t}`, settings));
    upload(device, unlabeled, caseImage(salt, `unlabelled:${t}`, settings));
    upload(device, strong, caseImage(salt, `strong:${t}`, settings));
    upload(device, labels, caseLabels(salt, `mask:${t}`, settings, classes.names.length));
    upload(device, counters, Uint32Array.of(0, 0, t, 0));
    const rate = baseRate(settings, t), values = new Float32Array(ratesLength(method.schedules));
    values[RATE_INDEX.backbone] = rate * settings.lr_backbone;
    values[RATE_INDEX.head] = rate * settings.lr_network;
    upload(device, rates, values);
  };
  const everyGradient = async (): Promise<Gradient[]> => {
    const specs = networks.registry.parameters;
    const read = await readBack(device, specs.map(({ name }) => parameters.tensor(name).gradient!));
    return specs.map(({ name, shape }, i) => {
      const values = fromDevice(read[i]!, shape);
      const at = sampledPositions(salt, `sample:${name}`, 4, values.length);
      return { name, values, samples: at.map((position) => values[position]!) };
    });
  };

  const take = async (t: number): Promise<Readonly<Record<string, number>>> => {
    fill(t);
    program.run();
    const read = await readBack(device, meters.slice(0, terms.length));
    const last = read.map((state) => readMeter(state).last);
    return {
      ...Object.fromEntries(terms.map(({ name }, i) => [TERM_NAMES[name] ?? name, last[i]!])),
      total: terms.reduce((sum, { weight }, i) => sum + weight * last[i]!, 0),
    };
  };

  return {
    step: take,
    async logits() {
      const kept = [...logits.get("labeled")!, ...logits.get("unlabeled")!];
      const read = await readBack(device, kept.map((tensor) => program.locate(tensor)));
      const [labeled1, labeled2, unlabeled1, unlabeled2] = read as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      return {
        logits1_labelled: sampled(labeled1),
        logits2_labelled: sampled(labeled2),
        logits1_unlabelled: sampled(unlabeled1),
        conflictShare: conflictShare([unlabeled1, unlabeled2], valid, classes.names.length),
      };
    },
    gradients: everyGradient,
    startFromNeighbors(variant) {
      const moved = state();
      for (const { name } of networks.registry.parameters) {
        moveToNeighbors(hashed(salt, `neighbor ${variant}:${name}`), moved.get(name)!.values);
      }
      parameters.load(moved);
      const encoder = device.gpu.createCommandEncoder();
      encoder.clearBuffer(parameters.buffers.momenta!);
      device.gpu.queue.submit([encoder.finish()]);
    },
    async evaluate() {
      onPhase?.("evaluation");
      const evaluation = new Graph(device.facts.sharing);
      upload(device, labeled, caseImage(salt, "eval", settings));
      const forward = {
        graph: evaluation,
        training: false,
        tensor: parameters.tensor,
        parts: ["evaluation"],
      };
      const predictions = evaluation.withoutGradients(() =>
        Object.values(networks.byName).map((network) => predict(network, forward, labeled)[0]!)
      );
      const logits = predictions.map((prediction) => keepLogits(evaluation, prediction));
      const program = compile(device, evaluation);
      program.run();
      const read = await readBack(device, logits.map((tensor) => program.locate(tensor)));
      program.free();
      return [sampled(read[0]!), sampled(read[1]!)];
    },
    free() {
      for (const held of [program, inputs, parameters]) held.free();
    },
  };
}

/** The logits of every pixel of the image, which a step makes as it goes and stores nowhere. */
function keepLogits(graph: Graph, { logits, size }: Prediction): Tensor {
  return graph.keep(graph.withoutGradients(() => resizeBilinear(graph, logits, size.height, size.width)));
}

function conflictShare(
  [one, two]: readonly [Float32Array, Float32Array],
  valid: Uint32Array,
  classes: number,
): number {
  const pitch = padded(classes);
  const label = (stored: Float32Array, pixel: number) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (stored[pixel * pitch + c]! > stored[pixel * pitch + best]!) best = c;
    }
    return best;
  };
  let conflicts = 0, pixels = 0;
  valid.forEach((counts, pixel) => {
    if (counts === 0) return;
    pixels++;
    if (label(one, pixel) !== label(two, pixel)) conflicts++;
  });
  return conflicts / pixels;
}

/** Moves each value to the next larger or next smaller one of single precision, as the hash says. */
function moveToNeighbors(u: (index: number) => number, values: Float32Array): void {
  // A sign and a magnitude: the next integer is the neighbor away from zero, the one before it that toward it.
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    if (values[i] !== 0) bits[i]! += u(i) < 0.5 ? 1 : -1;
  }
}
