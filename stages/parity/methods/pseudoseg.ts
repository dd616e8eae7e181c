/** PseudoSeg's parity cases. @module */
import { z } from "zod";
import { labelTags } from "../../../kernels/ops/attention/image_tags.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { definitionOf } from "../../methods/method.ts";
import {
  pseudoSeg,
  type PseudoSegOptions,
  type PseudoSegStep,
  pseudoSegTerms,
} from "../../methods/pseudoseg.ts";
import { cityscapesClasses, type ClassList, ignoreIndex, pascalClasses } from "../../datasets/classes.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import { labeled, weak } from "../../views/specs.ts";
import { boxTable } from "../../views/tables.ts";
import { buildNetworks } from "../../weights/network.ts";
import type { CaseAdapter, Observed, RecordedMap } from "../adapter.ts";
import { caseLabels, caseValidity, caseWeights, type Extents, validityMap } from "../inputs.ts";
import { named } from "./named.ts";
import { counted, publishedFloors, smallFloors } from "../rules.ts";
import { channelsFirst, type SeenStep, type SeenTensor } from "../seen.ts";
import { type CaseSettings, commonLeaves, factor } from "../settings.ts";

/** What was run. */
interface PseudoSegSettings extends CaseSettings {
  /** Whether running statistics start with those of a batch. */
  readonly warm: boolean;
  readonly attention_dim: number;
  readonly cutout_half: number;
  /** Whether the classes of the unlabeled images are known. */
  readonly weakly: boolean;
  readonly soft: boolean;
  readonly temperature: number;
  readonly threshold: number;
  readonly logit_norm: boolean;
  readonly unlabeled_weight: number;
  readonly weight_decay: number;
  readonly momentum: number;
  readonly bn_momentum_backbone: number;
  readonly bn_momentum_head: number;
  readonly bn_eps_backbone: number;
  readonly bn_eps_head: number;
}

const share = z.number().min(0).max(1), epsilon = z.number().positive();

const settings = z.strictObject({
  ...commonLeaves,
  method: z.literal("pseudoseg"),
  warm: z.boolean(),
  attention_dim: z.int().min(1).max(4096),
  cutout_half: z.int().min(0),
  weakly: z.boolean(),
  soft: z.boolean(),
  temperature: z.number().positive(),
  threshold: share,
  logit_norm: z.boolean(),
  unlabeled_weight: factor,
  weight_decay: factor,
  momentum: z.number().min(0).lt(1),
  bn_momentum_backbone: share,
  bn_momentum_head: share,
  bn_eps_backbone: epsilon,
  bn_eps_head: epsilon,
});

/** The network's name in the files. */
const NETWORK = "branch1";

/** Reads them. */
export const pseudoSegCases: CaseAdapter<PseudoSegSettings> = {
  method: "pseudoseg",
  settings,
  setup(settings) {
    const { backbone, dataset, salt, batch, size, steps, threshold, weakly } = settings;
    const classes = classesOf(settings).names.length, seen = labeledValidity(settings);
    const method = methodOf(settings, classes);
    const of = (pass: string) => ({ network: NETWORK, pass, of: "scores" }) as const;
    return {
      line: `PseudoSeg, ${backbone}, ${dataset}, ${settings.soft ? "soft" : "hard"} labels${
        weakly ? ", image tags" : ""
      }, threshold ${threshold}, ${batch} × ${size} × ${size}, ${steps} steps`,
      method,
      outputStride: 16,
      classes,
      start: { residualGamma: 1, buffers: "unit" },
      ...(settings.warm && { warm: { image: "warm", networks: [NETWORK] } }),
      views: {
        labeled: {
          image: "labelled",
          labels: ({ t }) =>
            caseLabels(salt, `mask:${t}`, settings, classes).map((label, i) => seen[i] ? label : ignoreIndex),
          validity: seen,
        },
        unlabeled: {
          image: "unlabelled",
          strong: "strong",
          validity: caseValidity(settings),
          hole: holes(settings),
        },
        ...(weakly && { told: { labels: "umask" } }),
      },
      optimizer: {
        kind: "sgd",
        momentum: settings.momentum,
        weightDecay: settings.weight_decay,
        groups: { norms: { decay: 0 }, biases: { decay: 0, rate: 2 } },
      },
      decaysGradients: true,
      addedToTotal: ["regularisation"],
      rate: (t) => settings.base_lr * polyFactor(t, settings.total, 0.9, 0),
      terms: { ce: "ce", ce_attention: "attention", cls: "tags", consistency: "consistency" },
      thresholded: threshold > 0 ? ["consistency", "total"] : [],
      observed: observed(settings, method),
      floors: backbone === "resnet14" ? smallFloors : publishedFloors,
      logits: {
        logits_labelled: of("labeled"),
        logits_weak: of("weak"),
        logits_strong: of("strong"),
      },
      maps: {
        ...mapsOf("labelled", "labeled"),
        ...mapsOf("unlabelled", "unlabeled"),
        ...fusionMaps(settings),
      },
      evaluation: { eval_logits: NETWORK },
    };
  },
};

function classesOf({ dataset }: CaseSettings): ClassList {
  return dataset === "pascal" ? pascalClasses : cityscapesClasses;
}

/** The method on a network of the files' name, with the norms of the case. */
function methodOf(settings: PseudoSegSettings, classes: number): BoundMethod {
  const options: PseudoSegOptions = parseConfig(definitionOf(pseudoSeg).options, {
    labels: settings.soft ? "soft" : "hard",
    temperature: settings.temperature,
    threshold: settings.threshold,
    calibrated: settings.logit_norm,
    weight: settings.unlabeled_weight,
    hole: settings.cutout_half,
    attentionChannels: settings.attention_dim,
    backboneMomentum: settings.bn_momentum_backbone,
    decoderMomentum: settings.bn_momentum_head,
  }, "parity") as PseudoSegOptions;
  const method = bindMethod(pseudoSeg, options), { student } = method.networks;
  const { norms: { backbone, head } = {} } = student!;
  const norms = {
    backbone: { ...backbone, epsilon: settings.bn_eps_backbone },
    head: { ...head, epsilon: settings.bn_eps_head },
  };
  return named({
    ...method,
    networks: { student: { ...student!, norms } },
    // Image-level labels are a case's alone: no data set has them of its unlabeled images.
    draws: { ...method.draws, ...(settings.weakly && { told: labeled({ image: weak() }) }) },
    terms(step) {
      const tags = settings.weakly
        ? labelTags(step.graph, step.views["told"]!["labels"]!, classes)
        : undefined;
      return pseudoSegTerms(step as unknown as PseudoSegStep, options, tags);
    },
  }, NETWORK);
}

/** The last columns of image 3 are padding. */
function labeledValidity(extents: Extents): Uint32Array<ArrayBuffer> {
  return validityMap(extents, (b, _, x) => b === 3 && x >= extents.size - 12);
}

function holes({ batch, size, cutout_half: half }: PseudoSegSettings): Uint32Array<ArrayBuffer> {
  const clipped = (at: number) => Math.min(size, Math.max(0, at));
  const squares = Array.from({ length: batch }, (_, b) => {
    const y = 11 * b + 20, x = 50 - 9 * b;
    return [{ x0: clipped(x - half), y0: clipped(y - half), x1: clipped(x + half), y1: clipped(y + half) }];
  });
  return boxTable(squares, squares.map((_, b) => b));
}

/** Files' names → what a step notes of images of one kind. */
function mapsOf(theirs: string, ours: string): Record<string, RecordedMap> {
  const noted = (name: string, entries?: "first"): RecordedMap => ({
    values: (seen) => channelsFirst(seen.noted(`${name} ${ours}`)),
    ...(entries && { entries }),
  });
  return {
    [`logits_tags_${theirs}`]: noted("scores", "first"),
    [`tags_${theirs}`]: noted("tags", "first"),
    [`cam_${theirs}`]: noted("activations"),
    [`attention_${theirs}`]: { values: (seen) => seen.noted(`weights ${ours}`).values },
    ...(theirs === "unlabelled" && { [`refined_${theirs}`]: noted("refined") }),
    [`attention_logits_${theirs}`]: noted("logits"),
  };
}

/** What is recorded as the target of hard labels is what these are the highest of. */
const targetOf = ({ soft }: PseudoSegSettings, seen: SeenStep): SeenTensor =>
  seen.noted(soft ? "target" : "fused");

function fusionMaps(settings: PseudoSegSettings): Record<string, RecordedMap> {
  return {
    fused: { values: (seen) => channelsFirst(seen.noted("fused")) },
    target: { values: (seen) => channelsFirst(targetOf(settings, seen)) },
  };
}

const sum = (values: Iterable<number>) => Array.from(values).reduce((a, b) => a + b, 0);

function observed(settings: PseudoSegSettings, { networks }: BoundMethod): Record<string, Observed> {
  const { backbone, logit_norm, threshold, weight_decay } = settings;
  const classes = classesOf(settings),
    { registry } = buildNetworks({ backbone, outputStride: 16, networks, classes });
  const decaying = registry.parameters.filter(({ kind, decays = true }) => kind === "convolutions" && decays);
  const reads = decaying.map(({ name }) => name);
  const squares = (of: (name: string) => Float32Array) =>
    sum(reads.map((name) => of(name).reduce((total, x) => total + x * x, 0)));
  /** Of the weights before step `t`, as recorded: a step shows those that it has left. */
  const before = new Map<number, number>();
  const regularisation = (seen: SeenStep) => {
    if (seen.t === 0 && !before.has(0)) {
      const start = caseWeights(settings.salt, decaying);
      before.set(0, squares((name) => start.get(name)!.values));
    }
    before.set(seen.t + 1, squares((name) => seen.parameter(name)));
    return weight_decay / 2 * before.get(seen.t)!;
  };
  /** What is recorded of each pixel's target, over all pixels. */
  const mean = (of: (probabilities: Float32Array) => number) => (seen: SeenStep) => {
    const { shape, values } = targetOf(settings, seen),
      channels = shape.at(-1)!,
      pixels = values.length / channels;
    const each = (i: number) => of(values.subarray(i * channels, (i + 1) * channels) as Float32Array);
    return sum(Array.from({ length: pixels }, (_, i) => each(i))) / pixels;
  };
  return {
    regularisation: { value: regularisation, reads },
    tags_unlabelled: {
      value: (seen) => sum(seen.noted("tags unlabeled").values),
      rule: counted({ later: "same" }),
    },
    valid_unlabelled: { value: (seen) => sum(seen.noted("valid").values), rule: counted({ later: 0 }) },
    kept_unlabelled: {
      value: (seen) => sum(seen.noted("kept").values),
      // Pixels at the threshold flip.
      rule: counted({ first: threshold > 0 ? 3 : 0, later: { share: 5e-3 } }),
    },
    ...(logit_norm && {
      calibration: {
        value: (seen: SeenStep) =>
          1 / Math.sqrt(seen.noted("squares").values[0]! / (2 * classes.names.length) + 1e-8),
      },
    }),
    target_max_mean: { value: mean((own) => Math.max(...own)) },
    target_entropy_mean: { value: mean((own) => -sum(own.map((p) => p > 0 ? p * Math.log(p) : 0))) },
  };
}
