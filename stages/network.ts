/** Which networks a checkpoint holds: enough to build them again. @module */
import type { Mapping } from "../models/deeplabv3plus.ts";
import { declareNetworks, type Networks, type NetworkVariant } from "../models/networks.ts";
import type { BackboneName } from "../models/resnet.ts";
import type { ClassList } from "./datasets/classes.ts";

/** Networks, described. */
export interface NetworkDescription {
  /** Which backbone all of them have. */
  readonly backbone: BackboneName;
  /**
   * 16: stage 4 dilated, ASPP rates 6, 12, 18. 8: stages 3 and 4 dilated with multi-grid 2, 2, 4, rates 12, 24, 36.
   * The small backbone sees small images, where such rates meet only padding: no multi-grid, rates 1, 2, 3.
   */
  readonly outputStride: 8 | 16;
  /** The networks by name, in the order of the state dict, with what sets each apart. */
  readonly networks: Readonly<Record<string, NetworkVariant>>;
  /** What the classes are. */
  readonly classes: ClassList;
}

/** A description as checkpoints held it when there were two branches, and nothing else. */
interface PairDescription extends Omit<NetworkDescription, "networks"> {
  /** The mapping of each branch, or null. */
  readonly mappings: readonly [Mapping | null, Mapping | null];
}

/**
 * Reads a description as checkpoints hold it, older ones included.
 *
 * @throws {SyntaxError} If the text is not JSON.
 */
export function readDescription(text: string): NetworkDescription {
  const found: NetworkDescription | PairDescription = JSON.parse(text);
  if (!("mappings" in found)) return found;
  const { mappings: [first, second], ...rest } = found;
  const variant = (mapping: Mapping | null) => mapping ? { mapping } : {};
  return { ...rest, networks: { branch1: variant(first), branch2: variant(second) } };
}

/** Declares the described networks. Dilations as in spec §1.1 and §1.2. */
export function buildNetworks({ backbone, outputStride, networks, classes }: NetworkDescription): Networks {
  const small = backbone === "resnet14";
  return declareNetworks({
    backbone,
    classes: classes.names.length,
    dilations: {
      replaceStride: [false, outputStride === 8, true],
      ...(outputStride === 8 && !small && { multiGrid: [2, 2, 4] }),
    },
    rates: small ? [1, 2, 3] : outputStride === 16 ? [6, 12, 18] : [12, 24, 36],
  }, networks);
}
