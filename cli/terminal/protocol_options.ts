/** `--protocol` and `--crop`: how images are scored or labeled. @module */
import { didYouMean } from "../../pipeline/mod.ts";
import {
  missingCrop,
  ORIGINAL,
  type Protocol,
  type ProtocolName,
  PROTOCOLS,
} from "../../stages/evaluation/protocols.ts";
import type { CommandInput, OptionSpec } from "./command.ts";
import { UsageError } from "./errors.ts";

/** The two options. */
export const protocolOptions: readonly OptionSpec[] = [
  { name: "protocol", value: "name", description: `${PROTOCOLS.join(", ")} (default: original)` },
  {
    name: "crop",
    value: "pixels",
    description: "side of the protocol's windows, or square; all but original need it",
  },
];

/** What the protocols are; part of the help of commands that take one. */
export const protocolHelp = `Protocols: "original" sees each image whole; "center_crop" its middle alone;
"sliding_window" sums the softmax of windows two thirds of --crop apart, cut off at the border, as
published for Cityscapes; "sliding_window_shifted" moves the last window of a row or column back into the
image instead; "stretched" shows each image as a square of --crop, and brings labels back to its size. Scores
of two protocols, or of two sides, are not comparable.`;

/**
 * The protocol that was asked for.
 * @throws {UsageError} If there is no such protocol, or its side is missing, no side, or of no use.
 */
export function protocolOption(input: CommandInput): Protocol {
  const given = input.text("protocol") ?? ORIGINAL.name;
  const name = PROTOCOLS.find((known) => known === given) as ProtocolName | undefined;
  if (name === undefined) {
    throw new UsageError(`Unknown protocol "${given}". ${didYouMean(given, PROTOCOLS)}`);
  }
  const crop = input.integer("crop");
  if (name === "original") {
    if (crop === undefined) return ORIGINAL;
    throw new UsageError(
      `Cannot use --crop ${crop} with the protocol "original", which sees images whole. Name another --protocol.`,
    );
  }
  if (crop === undefined) {
    throw new UsageError(
      `Cannot use --protocol ${name} without --crop: ${missingCrop([name])} (augment.crop).`,
    );
  }
  if (crop < 2 || crop > 32_768) {
    throw new UsageError(`Cannot read "--crop ${crop}": it must be a whole number from 2 to 32768`);
  }
  return { name, crop };
}
