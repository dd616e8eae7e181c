/** `--tolerance`: how closely outlines of annotations follow a mask. @module */
import type { CommandInput, OptionSpec } from "./command.ts";
import { UsageError } from "./errors.ts";

/** The option. */
export const toleranceOption: OptionSpec = {
  name: "tolerance",
  value: "pixels",
  description: "how far outlines of --to may pass from a corner of the mask's (default: 1)",
};

/**
 * The pixels that were typed, or 1.
 *
 * @param hasOutlines Whether outlines are written.
 * @throws {UsageError} If none are, or the number cannot be read.
 */
export function toleranceOf(input: CommandInput, hasOutlines: boolean): number {
  const tolerance = input.text("tolerance");
  if (tolerance === undefined) return 1;
  if (!hasOutlines) {
    throw new UsageError(
      `Cannot use --tolerance ${tolerance} without --to: it is of the outlines written there.`,
    );
  }
  if (/^\d{1,4}(\.\d{1,6})?$/.test(tolerance)) return Number(tolerance);
  throw new UsageError(`Cannot read "--tolerance ${tolerance}": it must be a number of pixels, 0 or more`);
}
