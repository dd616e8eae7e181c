/** Weights that came without a description of their network, such as the PyTorch original's: names and shapes tell it. @module */
import { recognizeBackbone } from "../../models/backbone_weights.ts";
import { WeightsError } from "../../models/errors.ts";
import type { NetworkVariant } from "../../models/networks.ts";
import { BACKBONES } from "../../models/resnet.ts";
import {
  camvidClasses,
  cityscapesClasses,
  type ClassList,
  numberedClasses,
  pascalClasses,
} from "../datasets/classes.ts";
import type { NetworkDescription } from "./network.ts";
import { describePair } from "./pair.ts";

/** What names and shapes do not tell. */
export interface NetworkHints {
  /** Without it 8 for the 19 classes of Cityscapes, else 16, as the published settings are. */
  readonly outputStride?: 8 | 16 | undefined;
  /** Without it those of the data set with as many classes, else numbers. */
  readonly classes?: ClassList | undefined;
}

type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/**
 * Tells which network tensors are of.
 *
 * @throws {WeightsError} With the reason alone: they are not two DeepLabV3+ branches with a backbone that is known, or the hints
 *   contradict them.
 */
export function describeNetwork(tensors: Shapes, hints: NetworkHints = {}): NetworkDescription {
  const count = tensors.get("branch1.classifier.weight")?.shape[0];
  if (count === undefined || !tensors.has("branch2.classifier.weight")) {
    const [first = "none"] = tensors.keys();
    throw new WeightsError(
      `it has no "branch1.classifier.weight" and "branch2.classifier.weight", as the weights of a trained pair of branches do ` +
        `(its first tensor is "${first}")`,
    );
  }
  const found = recognizeBackbone(tensors, "branch1.backbone.");
  if (!found) throw new WeightsError(`its backbone is none of ${Object.keys(BACKBONES).join(", ")}`);
  const { classes = classesOf(count) } = hints;
  if (classes.names.length !== count) {
    throw new WeightsError(`it tells ${count} classes apart, and ${classes.names.length} are asked for`);
  }
  const outputStride = hints.outputStride ?? (count === cityscapesClasses.names.length ? 8 : 16);
  return describePair(
    { backbone: found, outputStride, classes },
    [variantOf(tensors, "branch1"), variantOf(tensors, "branch2")],
  );
}

function variantOf(tensors: Shapes, branch: string): NetworkVariant {
  if (!tensors.has(`${branch}.mapping.0.weight`)) return {};
  const norm = tensors.has(`${branch}.mapping.1.weight`);
  // Dropout leaves no trace; it matters for training alone.
  return { mapping: { norm, dropout: norm ? 0.5 : 0 } };
}

function classesOf(count: number): ClassList {
  const known = [pascalClasses, cityscapesClasses, camvidClasses];
  return known.find(({ names }) => names.length === count) ?? numberedClasses(count);
}
