/** Which contest a command line names. */
import { parseOptions } from "./options.ts";
import type { CcvcWork } from "./contest/works.ts";

/** Works by the names of the command line. */
const WORKS = ["convolution", "small", "ccvc"] as const;

/** A work's name on the command line. */
export type WorkName = typeof WORKS[number];

/**
 * Reads the options of the peers bench.
 * @throws {RangeError} If there is a mistake in them.
 */
export function readPeersOptions(
  args: readonly string[],
): { works: readonly WorkName[]; ccvc: CcvcWork; rounds: number; json: boolean } {
  return parseOptions(args, {
    only: { type: "string" },
    backbone: { type: "string", default: "resnet50" },
    crop: { type: "string", default: "129" },
    batch: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  }, ({ only, backbone, json }, whole) => {
    if (backbone !== "resnet50" && backbone !== "resnet101") {
      throw new RangeError(`Cannot compare backbone "${backbone}": it must be resnet50 or resnet101`);
    }
    const wanted = only?.split(",") ?? WORKS;
    const unknown = wanted.find((name) => !(WORKS as readonly string[]).includes(name));
    if (unknown !== undefined) {
      throw new RangeError(`Cannot compare "${unknown}": --only takes a list of ${WORKS.join(", ")}`);
    }
    return {
      works: WORKS.filter((name) => wanted.includes(name)),
      // Batch norm over a pooled image needs two of them.
      ccvc: { backbone, crop: whole("crop", 33), batch: whole("batch", 2) },
      rounds: whole("rounds", 1),
      json,
    };
  });
}
