/** The weights that one prediction needs, as a page holds them. @module */
import { WeightsError } from "../../models/errors.ts";
import { BACKBONES } from "../../models/resnet.ts";
import { encodeStoredTensors } from "../../models/safetensors.ts";
import { compareState, describeDifferences, type StateDict } from "../../models/state_dict.ts";
import { contiguousStrides, type StoredTensor } from "../../models/stored_tensor.ts";
import { didYouMean } from "../../pipeline/mod.ts";
import { networkMetadata } from "../../stages/weights/checkpoint.ts";
import { buildNetworks, type NetworkDescription } from "../../stages/weights/network.ts";

/** How a page holds the weights of convolutions; all else is f32. */
export type StoredPrecision = "f32" | "f16";

/** What one prediction needs of a checkpoint. */
export interface PredictionWeights {
  /** Of its networks alone, without what they say besides class scores. */
  readonly network: NetworkDescription;
  readonly state: StateDict;
}

/**
 * Takes from a checkpoint what a prediction needs, and checks it, as a page that fails is far from who wrote it.
 *
 * @param prediction One of the checkpoint's; its headline unless told.
 * @throws {WeightsError} With the reason alone: the description or the tensors are not those of networks that are known, or there
 *   is no such prediction.
 */
export function predictionWeights(
  { network: described, state }: PredictionWeights,
  prediction: string = described.headline,
): PredictionWeights {
  checkDescription(described);
  const { networks, predictions, backbone, outputStride, classes, range } = described;
  const of = Object.hasOwn(predictions, prediction) ? predictions[prediction]! : undefined;
  if (of === undefined) {
    throw new WeightsError(
      `it has no prediction "${prediction}". ${didYouMean(prediction, Object.keys(predictions))}`,
    );
  }
  const used = Object.entries(networks).filter(([name]) => of.includes(name)).map(([name, variant]) => {
    const { heads: _, modules: __, ...own } = variant;
    return [name, own] as const;
  });
  if (used.length === 0 || used.length < new Set(of).size) {
    throw new WeightsError(`its prediction "${prediction}" is of networks that it does not describe, ${of}`);
  }
  const network: NetworkDescription = {
    backbone,
    outputStride,
    networks: Object.fromEntries(used),
    predictions: { [prediction]: of },
    headline: prediction,
    classes,
    ...(range !== undefined && { range }),
  };
  const wanted = tensorsOf(network);
  const kept: StateDict = new Map(
    wanted.flatMap(({ name }) => state.has(name) ? [[name, state.get(name)!]] : []),
  );
  const differences = describeDifferences(compareState(kept, wanted));
  if (differences.length > 0) {
    throw new WeightsError(`its tensors are not those of its networks: ${differences.join("; ")}`);
  }
  for (const [name, { values }] of kept) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw new WeightsError(`its tensor "${name}" holds ${values[at]}, which is no weight`);
  }
  return { network, state: kept };
}

/** @throws {WeightsError} With the reason alone, if there can be no such networks. */
function tensorsOf(network: NetworkDescription): readonly { name: string; shape: readonly number[] }[] {
  try {
    const { parameters, statistics } = buildNetworks(network).registry;
    return [...parameters, ...statistics];
  } catch (error) {
    throw new WeightsError(`there are no networks as it describes: ${(error as Error).message}`);
  }
}

/** @throws {WeightsError} With the reason alone, if a file's description is none. */
function checkDescription(
  { backbone, outputStride, networks, predictions, classes }: NetworkDescription,
): void {
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  const refuse = (reason: string) => {
    throw new WeightsError(reason);
  };
  if (typeof backbone !== "string" || !Object.hasOwn(BACKBONES, backbone)) {
    refuse(`its backbone is ${JSON.stringify(backbone)}, and known are ${Object.keys(BACKBONES).join(", ")}`);
  }
  if (outputStride !== 8 && outputStride !== 16) {
    refuse(`its output stride is ${JSON.stringify(outputStride)}, and must be 8 or 16`);
  }
  if (
    !isObject(networks) || Object.values(networks).some((variant) => !isObject(variant)) ||
    !isObject(predictions) || Object.values(predictions).some((of) => !isNames(of))
  ) {
    refuse("its description does not name networks and predictions");
  }
  const { names, colors } = classes ?? {};
  const isColor = (color: unknown) =>
    Array.isArray(color) && color.length === 3 &&
    color.every((n) => Number.isInteger(n) && n >= 0 && n <= 255);
  if (
    !isNames(names) || names.length > 255 || !Array.isArray(colors) || colors.length !== names.length ||
    !colors.every(isColor)
  ) {
    refuse(
      "its description does not name 1 to 255 classes, each with a color of three numbers from 0 to 255",
    );
  }
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
}

/**
 * The weights as a safetensors file.
 *
 * @param precision Of f16 each convolution's weight is the nearest; biases, norms and statistics, which are few, stay f32.
 * @throws {WeightsError} With the reason alone, if a weight is larger than any f16.
 */
export function encodeWeights(
  { network, state }: PredictionWeights,
  precision: StoredPrecision,
): Uint8Array<ArrayBuffer> {
  const tensors = [...state].map(([name, { shape, values }]): [string, StoredTensor] => {
    const halves = precision === "f16" && shape.length === 4;
    const { buffer, byteOffset, byteLength } = halves ? toHalves(name, values) : values;
    const storage = new Uint8Array(buffer, byteOffset, byteLength);
    const dtype = halves ? "float16" : "float32";
    return [name, { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage }];
  });
  return encodeStoredTensors(new Map(tensors), networkMetadata(network));
}

function toHalves(name: string, values: Float32Array): Float16Array<ArrayBuffer> {
  const halves = new Float16Array(values), at = halves.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return halves;
  throw new WeightsError(
    `its tensor "${name}" holds ${values[at]}, and no f16 is larger than 65504. Leave --precision f16 out`,
  );
}
