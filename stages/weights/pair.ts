/** Two branches, as CCVC's original and our own older checkpoints hold them without saying so. @module */
import type { Mapping } from "../../models/deeplabv3plus.ts";
import type { NetworkVariant } from "../../models/networks.ts";
import type { NetworkDescription } from "./network.ts";

/** What a pair of branches has in common. */
export type PairDescription = Omit<NetworkDescription, "networks" | "predictions" | "headline">;

/** Describes a pair: each branch is scored, and the arg-max of their mean logits, which stands for both. */
export function describePair(
  common: PairDescription,
  [branch1, branch2]: readonly [NetworkVariant, NetworkVariant],
): NetworkDescription {
  return {
    ...common,
    networks: { branch1, branch2 },
    predictions: { branch1: ["branch1"], branch2: ["branch2"], average: ["branch1", "branch2"] },
    headline: "average",
  };
}

/** A description of two branches as older checkpoints hold it: with the mapping of each, or null. */
type OlderDescription = PairDescription & { readonly mappings: readonly [Mapping | null, Mapping | null] };

/**
 * Reads a description as checkpoints hold it, older ones included.
 *
 * @throws {SyntaxError} If the text is not JSON.
 */
export function readDescription(text: string): NetworkDescription {
  const found: NetworkDescription | OlderDescription = JSON.parse(text);
  if (!("mappings" in found)) return found;
  const { mappings: [first, second], ...common } = found;
  const variant = (mapping: Mapping | null) => mapping ? { mapping } : {};
  return describePair(common, [variant(first), variant(second)]);
}
