/** Small data sets and networks for tests of the training stages. */
import assert from "node:assert/strict";
import { explainConfig } from "../../pipeline/language/explain.ts";
import { parseConfig, type Schema } from "../../pipeline/language/schema.ts";
import {
  type CoTrainConfig,
  type CoTrainInput,
  type TrainingStage,
  trainingStage,
} from "../../stages/co_train.ts";
import { bindMethod, type BoundMethod } from "../../stages/methods/bound_method.ts";
import { ccvc } from "../../stages/methods/ccvc.ts";
import { type AnyMethod, type Configured, definitionOf } from "../../stages/methods/method.ts";
import { augment, type ViewPolicyInput, type Views } from "../../stages/augment.ts";
import type { Device } from "../../kernels/device.ts";
import { initialize } from "../../models/initialization.ts";
import { type Checkpoint, writeCheckpoint } from "../../stages/weights/checkpoint.ts";
import { type ClassList, shapesClasses } from "../../stages/datasets/classes.ts";
import { drawShapesScene } from "../../stages/datasets/shapes.ts";
import { buildNetworks, type NetworkDescription } from "../../stages/weights/network.ts";
import { describePair } from "../../stages/weights/pair.ts";
import type { ImageSize, SampleSet } from "../../stages/datasets/samples.ts";
import { uniform } from "./gpu.ts";

/** Generated scenes of the given sizes, in memory; `offset` tells sets apart. */
export function shapesSet(sizes: readonly ImageSize[], offset = 0): SampleSet {
  const scenes = sizes.map(({ width, height }, i) => {
    const side = Math.max(width, height, 16);
    const { image, mask } = drawShapesScene(1, offset + i, side);
    const rows = Array.from({ length: height }, (_, y) => y * side);
    return {
      image: Uint8Array.from(rows.flatMap((at) => [...image.subarray(3 * at, 3 * (at + width))])),
      mask: Uint8Array.from(rows.flatMap((at) => [...mask.subarray(at, at + width)])),
    };
  });
  return {
    length: sizes.length,
    ids: sizes.map((_, i) => `scene ${offset + i}`),
    size: (i) => sizes[i]!,
    image: (i) => scenes[i]!.image.slice(),
    mask: (i) => scenes[i]!.mask.slice(),
    classes: shapesClasses,
  };
}

export const square = (side: number, count: number): ImageSize[] =>
  Array.from({ length: count }, () => ({ width: side, height: side }));

/** 4 labeled, 8 unlabeled and 3 validation scenes of 40 pixels or so, seen through crops of 32. */
export function shapesViews(policy: ViewPolicyInput = {}): Views {
  const { length, ids, size, image } = shapesSet(square(40, 8), 10);
  return {
    labeled: shapesSet(square(40, 4)),
    // No masks: as with real unlabeled images.
    unlabeled: { length, ids, size, image },
    validation: shapesSet([...square(36, 2), { width: 40, height: 33 }], 20),
    policy: parsed(augment, { crop: 32, ...policy }),
  };
}

/** The same with labels of the unlabeled scenes, as an earlier training may have given them: right in all rows but some. */
export function pseudoLabeledViews(policy: ViewPolicyInput = {}): Views {
  const views = shapesViews(policy), { mask, ...set } = shapesSet(square(40, 8), 10);
  const pseudoLabels = {
    ...set,
    mask: (i: number) => mask(i).map((label, p) => p % 40 < 5 ? (label + i) % 5 : label),
  };
  return { ...views, pseudoLabels };
}

/** A small network with norms that are no identities, so that its predictions are of many classes. */
export async function testCheckpoint(
  path: string,
  { classes = shapesClasses, seed = 2, change = {} }: {
    classes?: ClassList;
    seed?: number;
    /** What is other than two branches, of which the second has a mapping. */
    change?: Partial<NetworkDescription>;
  } = {},
): Promise<Checkpoint> {
  const common = { backbone: "resnet14", outputStride: 16, classes } as const;
  const network = {
    ...describePair(common, [{}, { mapping: { norm: true, dropout: 0.5 } }]),
    ...change,
  };
  const { registry } = buildNetworks(network);
  const state = initialize(registry, seed);
  [...registry.parameters, ...registry.statistics].forEach(({ name, shape }, i) => {
    if (name.includes("classifier")) return;
    if (shape.length === 4) {
      // Contrast: each kernel of an output sums to 0, so that what an image has everywhere does not decide its labels.
      const { values } = state.get(name)!;
      const each = values.length / shape[0]!;
      for (let o = 0; o < values.length; o += each) {
        const mean = values.subarray(o, o + each).reduce((sum, value) => sum + value, 0) / each;
        for (let k = o; k < o + each; k++) values[k]! -= mean;
      }
      return;
    }
    const around = /weight|running_var/.test(name) ? 1 : 0;
    state.set(name, {
      shape,
      values: Float32Array.from(uniform(i + seed, shape[0]!, around - 0.4, around + 0.4)),
    });
  });
  for (const name of Object.keys(network.networks)) {
    const { values } = state.get(`${name}.classifier.weight`)!;
    values.forEach((value, i) => values[i] = 30 * value);
  }
  return await writeCheckpoint(path, network, state);
}

/** A stage's config with its defaults filled in. */
export function parsed<C, CI>(
  { definition: { config, name } }: { definition: { config: Schema<C, CI>; name: string } },
  input: CI,
): C {
  return parseConfig(config, input, name);
}

/** A training apart from a pipeline: its stage, and the config that experiments' settings make. */
export function trainingOf<P extends string>(
  { method: { method, options }, ...config }: CoTrainInput<P>,
): { stage: TrainingStage<P>; config: CoTrainConfig } {
  const stage = trainingStage(method);
  return { stage, config: parsed(stage, { ...config, method: options }) };
}

/** A method with its options, as the engine takes it. */
export function bound({ method, options }: Configured): BoundMethod {
  return bindMethod(method, parseConfig(definitionOf(method).options, options, "method"));
}

/** The smallest network that a method trains, for the scenes. */
export function networkOf({ networks, predictions, headline }: BoundMethod): NetworkDescription {
  return {
    backbone: "resnet14",
    outputStride: 16,
    classes: shapesClasses,
    networks,
    predictions,
    headline,
  };
}

/** A session of CCVC with strong views on two small branches, of which the second has a mapping; batches of 2. */
export function pairSettings(views: Views) {
  const common = { backbone: "resnet14", outputStride: 16, classes: shapesClasses } as const;
  return {
    network: describePair(common, [{}, { mapping: { norm: true, dropout: 0.5 } }]),
    method: bound(ccvc({ augmentation: "strong" })),
    views,
    batch: 2,
    seed: 9,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
  } as const;
}

/** A training of two steps: one of the warm-up, one of the method. */
export const oneStepEach = {
  backbone: "resnet14",
  batch: 4,
  epochs: 2,
  stepsPerEpoch: 1,
  warmUpEpochs: 1,
} as const;

/** The leaves of a method's defaults that nothing reads, and why. */
export function unreadOf(method: AnyMethod, options: object = {}): (readonly [name: string, why: string])[] {
  const { config: schema } = trainingStage(method).definition;
  return explainConfig(schema, parseConfig(schema, { method: options }, "co-train"), {})
    .flatMap(({ name, unread }) =>
      name.startsWith("method.") && unread !== undefined ? [[name, unread]] : []
    );
}

/** Holds a method to its defaults, to what of them nothing reads, to what its training gives, and to what it refuses. */
export function assertDeclared(
  method: AnyMethod,
  { defaults, unread, outputs, refused }: {
    defaults: object;
    unread: readonly (readonly [name: string, why: string])[];
    outputs: readonly string[];
    refused: readonly object[];
  },
): void {
  const { options } = definitionOf(method);
  assert.deepEqual(parseConfig(options, {}, "method"), defaults);
  assert.deepEqual(unreadOf(method), unread);
  assert.deepEqual(Object.keys(trainingStage(method).definition.outputs), outputs);
  for (const wrong of refused) assert.throws(() => parseConfig(options, wrong, "method"), /method\./);
}

/** What a stage that declares the GPU is given. */
export function gpuResources(device: Device): { resources: { gpu: Device } } {
  return { resources: { gpu: device } };
}
