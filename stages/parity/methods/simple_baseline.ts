/** SimpleBaseline's parity cases. @module */
import { z } from "zod";
import { parseConfig } from "../../../pipeline/mod.ts";
import { cityscapesClasses, ignoreIndex, pascalClasses } from "../../datasets/classes.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { definitionOf } from "../../methods/method.ts";
import { simpleBaseline } from "../../methods/simple_baseline.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { buildNetworks } from "../../weights/network.ts";
import type { CaseAdapter, Observed, RecordedMap } from "../adapter.ts";
import { caseLabels, caseWeights } from "../inputs.ts";
import { named } from "./named.ts";
import { publishedFloors, relativeWithin, share, smallFloors } from "../rules.ts";
import { confidences, type SeenStep } from "../seen.ts";
import { type CaseSettings, commonLeaves, factor, type StartLaws } from "../settings.ts";

/** What was run. */
interface SimpleBaselineSettings extends CaseSettings {
  /** Of each image, the weak ones first: whether a network has labeled it. */
  readonly noisy: readonly (0 | 1)[];
  readonly weight: "batch" | "own";
  readonly confident: number;
  readonly alpha: number;
  readonly beta: number;
  /** λ of the decay towards the start. */
  readonly l2sp: number;
  /** Of SGD. */
  readonly momentum: number;
  readonly lr_network: number;
  readonly lr_backbone: number;
  readonly bn_momentum_backbone: number;
  readonly bn_momentum_head: number;
  readonly bn_eps_backbone: number;
  readonly bn_eps_head: number;
  /** Multiples of tensors, before they are rounded. */
  readonly gains: Readonly<Record<string, number>>;
}

const momentum = z.number().min(0).max(1), epsilon = z.number().gt(0).max(1);

const settings = z.strictObject({
  ...commonLeaves,
  method: z.literal("simple_baseline"),
  noisy: z.array(z.literal([0, 1])),
  weight: z.enum(["batch", "own"]),
  confident: z.number().min(0).max(1),
  alpha: factor,
  beta: factor,
  l2sp: factor,
  momentum: z.number().min(0).lt(1).default(0.9),
  lr_network: factor.default(10),
  lr_backbone: factor.default(1),
  bn_momentum_backbone: momentum.default(0.1),
  bn_momentum_head: momentum.default(0.1),
  bn_eps_backbone: epsilon.default(1e-3),
  bn_eps_head: epsilon.default(1e-5),
  gains: z.record(z.string(), z.number()).default({}),
});

/** Settings of norms that are told none. */
const PYTORCH = { epsilon: 1e-5, momentum: 0.1 };
/** What the files call the network. */
const NETWORK = "branch1";
const PASSES = ["weak", "strong"] as const;

/** Reads them. */
export const simpleBaselineCases: CaseAdapter<SimpleBaselineSettings> = {
  method: "simple_baseline",
  settings,
  *contradictions({ noisy, batch }) {
    if (noisy.length !== 2 * batch) {
      yield `case.noisy tells of ${noisy.length} images, and there are ${2 * batch}`;
    }
    if (!noisy.includes(1)) yield "case.noisy has no noisy image, and their weights are recorded";
  },
  setup(settings) {
    const { backbone, dataset, batch, size, steps, noisy, l2sp } = settings;
    const clean = (first: number) =>
      Uint32Array.from(
        { length: batch * size ** 2 },
        (_, i) => 1 - noisy[first + Math.floor(i / size ** 2)]!,
      );
    const start: StartLaws = {
      residualGamma: 1,
      buffers: "unit",
      // The second copy of a norm starts as the first.
      hashedAs: (name) => name.replace(".aux.", "."),
      gains: settings.gains,
    };
    const method = methodOf(settings);
    const of = (pass: string) => ({ network: NETWORK, pass });
    return {
      line:
        `SimpleBaseline, ${backbone}, ${dataset}, weights of the ${
          settings.weight === "own" ? "image" : "batch"
        }, ${
          noisy.filter(Boolean).length
        } of ${noisy.length} images noisy, L2-SP ${l2sp}, ${batch} + ${batch} × ${size} × ${size}, ` +
        `${steps} steps`,
      method,
      outputStride: dataset === "pascal" ? 16 : 8,
      classes: classesOf(settings).names.length,
      start,
      views: {
        weak: { image: "labelled", labels: "mask", clean: clean(0) },
        strong: { image: "strong", labels: ({ t }) => labelsOf(settings, "strong", t), clean: clean(batch) },
      },
      optimizer: {
        kind: "sgd",
        momentum: settings.momentum,
        weightDecay: 2 * l2sp,
        decayTowards: "start",
        groups: { backbone: { rate: settings.lr_backbone }, head: { rate: settings.lr_network } },
      },
      rate: (t) => settings.base_lr * polyFactor(t, settings.total, 0.9, 0),
      terms: { clean: "clean", noisy_ce: "noisy_ce", noisy_rce: "noisy_rce" },
      thresholded: ["noisy_ce", "noisy_rce", "total"],
      decaysGradients: true,
      addedToTotal: ["regularisation"],
      observed: {
        regularisation: regularization(settings, method, start),
        confident_share: {
          value: (seen) => mean(ownWeights(settings, seen).map((weight) => Number(weight === 1))),
          rule: share(),
        },
        weight_mean: {
          value: (seen) => mean(usedWeights(settings, seen)),
          rule: relativeWithin(1e-5, 1e-4),
        },
      },
      floors: backbone === "resnet14" ? smallFloors : publishedFloors,
      logits: { logits_weak: of("weak"), logits_strong: of("strong") },
      maps: {
        weights: { values: (seen) => ownWeights(settings, seen) },
        weights_used: { values: (seen) => usedWeights(settings, seen) },
        pixel_ce: pixelLoss(settings, (own) => -Math.log(own)),
        pixel_rce: pixelLoss(settings, (own) => -Math.log(1e-4) * (1 - own)),
      },
      evaluation: { eval_logits: NETWORK },
    };
  },
};

function classesOf({ dataset }: Pick<SimpleBaselineSettings, "dataset">) {
  return dataset === "pascal" ? pascalClasses : cityscapesClasses;
}

function methodOf({ weight, confident, alpha, beta, ...settings }: SimpleBaselineSettings): BoundMethod {
  const options = { weights: weight, sure: confident, alpha, beta, epsilon: settings.bn_eps_backbone };
  const method = bindMethod(
    simpleBaseline,
    parseConfig(definitionOf(simpleBaseline).options, options, "parity"),
  );
  const { student } = method.networks, { backbone, head, ...own } = student!.norms!;
  // A case may have what the method has no options for: other settings for either part.
  const momentum = (momentum: number) => momentum === PYTORCH.momentum ? {} : { momentum };
  const norms = {
    ...own,
    backbone: { ...backbone, ...momentum(settings.bn_momentum_backbone) },
    head: {
      ...head,
      ...momentum(settings.bn_momentum_head),
      ...(settings.bn_eps_head !== PYTORCH.epsilon && { epsilon: settings.bn_eps_head }),
    },
  };
  return named({ ...method, networks: { student: { ...student, norms } } }, NETWORK);
}

function labelsOf(
  settings: SimpleBaselineSettings,
  pass: typeof PASSES[number],
  t: number,
): Uint32Array<ArrayBuffer> {
  const name = pass === "weak" ? "mask" : "pseudo";
  return caseLabels(settings.salt, `${name}:${t}`, settings, classesOf(settings).names.length);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of both halves' values of pixels, those of noisy images. */
function ofNoisy({ noisy, size }: SimpleBaselineSettings, values: readonly number[]): number[] {
  return values.filter((_, i) => noisy[Math.floor(i / size ** 2)] === 1);
}

/** The confidence of noisy images' pixels, 1 where it is above the limit. */
function ownWeights(settings: SimpleBaselineSettings, seen: SeenStep): number[] {
  const classes = classesOf(settings).names.length;
  const all = PASSES.flatMap((pass) => confidences(seen.logits(NETWORK, pass), classes));
  return ofNoisy(settings, all).map((weight) => weight > settings.confident ? 1 : weight);
}

/** What the reverse cross-entropy was weighed by, without the scale of the noisy images' share. */
function usedWeights(settings: SimpleBaselineSettings, seen: SeenStep): number[] {
  const { noisy } = settings, scale = noisy.length / noisy.filter(Boolean).length;
  return ofNoisy(settings, [...seen.noted("trust").values]).map((weight) => weight / scale);
}

/** A loss of noisy images' pixels by the probability of their label, 0 where there is none. */
function pixelLoss(settings: SimpleBaselineSettings, loss: (own: number) => number): RecordedMap {
  const classes = classesOf(settings).names.length;
  return {
    values(seen) {
      const all = PASSES.flatMap((pass) => {
        const logits = seen.logits(NETWORK, pass);
        return Array.from(labelsOf(settings, pass, seen.t), (label, pixel) => {
          if (label === ignoreIndex) return 0;
          const row = logits.subarray(pixel * classes, (pixel + 1) * classes), peak = Math.max(...row);
          return loss(
            Math.exp(row[label]! - peak) / row.reduce((sum, logit) => sum + Math.exp(logit - peak), 0),
          );
        });
      });
      return ofNoisy(settings, all);
    },
  };
}

/** What the decay comes to as a loss: of the weights that a step began with, which the one before has left. */
function regularization(settings: SimpleBaselineSettings, method: BoundMethod, laws: StartLaws): Observed {
  const { backbone, dataset, salt, l2sp } = settings;
  const { registry: { parameters } } = buildNetworks({
    backbone,
    outputStride: dataset === "pascal" ? 16 : 8,
    networks: method.networks,
    classes: classesOf(settings),
  });
  const start = caseWeights(salt, parameters, laws);
  const of = (values: (name: string) => Float32Array) =>
    l2sp * parameters.reduce((sum, { name, kind }) => {
      const from = kind === "convolutions" ? start.get(name)!.values : undefined;
      return values(name).reduce((squares, value, i) => squares + (value - (from?.[i] ?? 0)) ** 2, sum);
    }, 0);
  let left = 0;
  return {
    reads: parameters.map(({ name }) => name),
    value(seen) {
      const began = seen.t === 0 ? of((name) => start.get(name)!.values) : left;
      left = of((name) => seen.parameter(name));
      return began;
    },
    rule: relativeWithin(1e-5, 1e-4),
  };
}
