/** Which networks a checkpoint holds: enough to build them again. @module */
import { declareNetworks, type Networks, type NetworkVariant } from "../../models/networks.ts";
import type { DeepLabSpec } from "../../models/deeplabv3plus.ts";
import type { HeldModule } from "../../models/modules.ts";
import { type BackboneName, BACKBONES } from "../../models/resnet.ts";
import type { Range } from "../codecs/image.ts";
import { equalRanges } from "../codecs/range.ts";
import type { ClassList } from "../datasets/classes.ts";
import { DataError } from "../datasets/errors.ts";
import type { Predictions } from "../evaluation/predictions.ts";

/** Networks, described. */
export interface NetworkDescription {
  /** Which backbone all of them have. */
  readonly backbone: BackboneName;
  /**
   * 16: stage 4 dilated, ASPP rates 6, 12, 18. 8: stages 3 and 4 dilated with multi-grid 2, 2, 4, rates 12, 24, 36.
   * A small backbone sees small images, where such rates meet only padding: no multi-grid, rates 1, 2, 3.
   */
  readonly outputStride: 8 | 16;
  /** The networks by name, in the order of the state dict, with what sets each apart. */
  readonly networks: Readonly<Record<string, NetworkVariant>>;
  /** What is scored, by the names that metrics, pictures and files carry. */
  readonly predictions: Predictions;
  /** The prediction that stands for all: class scores, confidences and pseudo labels are its. */
  readonly headline: string;
  /** What the classes are. */
  readonly classes: ClassList;
  /** Which stored values were black and white to it, if it was trained on images of more than 8 bits. */
  readonly range?: Range | undefined;
}

/**
 * Holds the values that data were read by against those that a network was trained on. Images of 8 bits have none, and are
 * scored as they are.
 *
 * @param path The network's file, for the error.
 * @throws {DataError} If they differ.
 */
export function assertSameRange(
  { range: trained }: Pick<NetworkDescription, "range">,
  { range: read }: { readonly range?: Range | undefined },
  path: string,
): void {
  if (trained === undefined || read === undefined || equalRanges(trained, read)) return;
  const text = ([low, high]: Range) => `from ${low} to ${high}`;
  throw new DataError(
    `Cannot score "${path}" on this data: to the network, values ${
      text(trained)
    } went from black to white, the data is read ` +
      `${text(read)}. Read it alike: --set load.range=[${trained}].`,
  );
}

/** Dilations of the backbone and rates of the ASPP, as in CCVC §1.1 and §1.2. */
export function atrous(
  { backbone, outputStride }: Pick<NetworkDescription, "backbone" | "outputStride">,
): Pick<DeepLabSpec, "dilations" | "rates"> {
  const { small } = BACKBONES[backbone];
  return {
    dilations: {
      replaceStride: [false, outputStride === 8, true],
      ...(outputStride === 8 && !small && { multiGrid: [2, 2, 4] }),
    },
    rates: small ? [1, 2, 3] : outputStride === 16 ? [6, 12, 18] : [12, 24, 36],
  };
}

/** The description as a file holds it, where there is no code: of a method's own modules the tensors that they hold. */
export function storedDescription(network: NetworkDescription): NetworkDescription {
  const { networks } = network;
  if (Object.values(networks).every(({ modules }) => modules === undefined)) return network;
  const { parameters, statistics } = buildNetworks(network).registry;
  const held = (prefix: string): HeldModule => ({
    tensors: [...parameters, ...statistics].filter(({ name }) => name.startsWith(prefix))
      .map(({ name, shape }) => ({ name: name.slice(prefix.length), shape })),
  });
  const stored = Object.entries(networks).map(([name, { modules = {}, ...variant }]) => {
    const kept = Object.keys(modules).map((module) => [module, held(`${name}.${module}.`)] as const);
    return [name, { ...variant, ...(kept.length > 0 && { modules: Object.fromEntries(kept) }) }] as const;
  });
  return { ...network, networks: Object.fromEntries(stored) };
}

/** Declares the described networks. */
export function buildNetworks(
  { backbone, outputStride, networks, classes }: Omit<NetworkDescription, "predictions" | "headline">,
): Networks {
  return declareNetworks({
    backbone,
    classes: classes.names.length,
    ...atrous({ backbone, outputStride }),
  }, networks);
}
