/** Which networks a method has. Architecture and sizes are the experiment's. @module */
import type { NetworkVariant } from "../../models/networks.ts";

/** A network that the optimizer moves. */
export interface Trained extends NetworkVariant {
  /** What tells it from other kinds. */
  readonly kind: "trained";
}

/** Declares a network that the optimizer moves. */
export function trained(variant: NetworkVariant = {}): Trained {
  return { kind: "trained", ...variant };
}

/** The networks of a method, by name; their order is that of their weights in a file. */
export type MethodNetworks = Readonly<Record<string, Trained>>;
