/** How much of everything a command line asks for. */
import { parseOptions } from "./options.ts";

/**
 * Reads the options of the bench of all.
 * @throws {RangeError} If there is a mistake in them.
 */
export function readAllOptions(
  args: readonly string[],
): { write: boolean; json: boolean; rounds: number | undefined } {
  return parseOptions(args, {
    write: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
  }, ({ write, json, rounds }, whole) => {
    if (write && json) {
      throw new RangeError('Cannot take both "--write" and "--json": tables are written, or JSON is printed');
    }
    return { write, json, rounds: rounds === undefined ? undefined : whole("rounds", 1) };
  });
}
