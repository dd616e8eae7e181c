/** What of the kernels a command line asks for. */
import type { Sharing } from "../../kernels/sharing.ts";
import { parseOptions } from "./options.ts";

/**
 * Reads the options of the kernels bench.
 * @throws {RangeError} If there is a mistake in them.
 */
export function readKernelsOptions(
  args: readonly string[],
): { filter: string; rounds: number; sharing: Sharing | undefined; json: boolean } {
  return parseOptions(args, {
    filter: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    sharing: { type: "string" },
    json: { type: "boolean", default: false },
  }, ({ filter, sharing, json }, whole) => {
    if (sharing !== undefined && sharing !== "workgroup" && sharing !== "0") {
      throw new RangeError(
        `Cannot cut kernels for sharing "${sharing}": workgroup and 0 (nothing) run everywhere; others are the adapter's own`,
      );
    }
    const way: Sharing | undefined = sharing === "0" ? 0 : sharing;
    return { filter: filter.toLowerCase(), rounds: whole("rounds", 1), sharing: way, json };
  });
}
