/** Which network a checkpoint holds: enough to build it again. @module */
import { type Branches, declareBranches } from "../models/branches.ts";
import type { Mapping } from "../models/deeplabv3plus.ts";
import type { BackboneName } from "../models/resnet.ts";
import type { ClassList } from "./datasets/classes.ts";

/** A pair of branches, described. */
export interface NetworkDescription {
  /** Which backbone both branches have. */
  readonly backbone: BackboneName;
  /**
   * 16: stage 4 dilated, ASPP rates 6, 12, 18. 8: stages 3 and 4 dilated with multi-grid 2, 2, 4, rates 12, 24, 36.
   * The small backbone sees small images, where such rates meet only padding: no multi-grid, rates 1, 2, 3.
   */
  readonly outputStride: 8 | 16;
  /** The mapping of each branch, or null. */
  readonly mappings: readonly [Mapping | null, Mapping | null];
  /** What the classes are. */
  readonly classes: ClassList;
}

/** Declares the described branches. Dilations as in spec §1.1 and §1.2. */
export function buildBranches({ backbone, outputStride, mappings, classes }: NetworkDescription): Branches {
  const small = backbone === "resnet14";
  return declareBranches({
    backbone,
    classes: classes.names.length,
    dilations: {
      replaceStride: [false, outputStride === 8, true],
      ...(outputStride === 8 && !small && { multiGrid: [2, 2, 4] }),
    },
    rates: small ? [1, 2, 3] : outputStride === 16 ? [6, 12, 18] : [12, 24, 36],
  }, [mappings[0] ?? undefined, mappings[1] ?? undefined]);
}
