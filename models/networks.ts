import { type DeepLabSpec, deepLabV3Plus, type Mapping, type Network } from "./deeplabv3plus.ts";
import type { Heads } from "./heads.ts";
import type { HeldModule, OwnModule } from "./modules.ts";
import type { NetworkNorms } from "./norms.ts";
import { Registry } from "./registry.ts";

/** What sets a network apart from the others beside it. */
export interface NetworkVariant {
  /** Maps its features to another view (CCVC §1.3). */
  readonly mapping?: Mapping;
  /** What else it says of an image. */
  readonly heads?: Heads;
  /** Layers of a method's own; of a file's networks, what these hold. */
  readonly modules?: Readonly<Record<string, OwnModule | HeldModule>>;
  /** How its batch norms compute; as PyTorch's unless told. */
  readonly norms?: NetworkNorms;
}

/** Networks that share nothing but their shape, by name. */
export interface Networks {
  /** All parameters and statistics, named `<network>.…`. */
  readonly registry: Registry;
  readonly byName: Readonly<Record<string, Network>>;
}

/**
 * Declares DeepLabV3+ networks.
 *
 * @param variants The networks by name; their order is that of the state dict.
 */
export function declareNetworks(
  spec: Omit<DeepLabSpec, keyof NetworkVariant>,
  variants: Readonly<Record<string, NetworkVariant>>,
): Networks {
  const registry = new Registry();
  const networks = Object.entries(variants).map(([name, variant]) =>
    [name, deepLabV3Plus({ registry, prefix: name, group: "head" }, { ...spec, ...variant })] as const
  );
  return { registry, byName: Object.fromEntries(networks) };
}
