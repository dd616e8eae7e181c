import { type DeepLabSpec, deepLabV3Plus, type Mapping, type Network } from "./deeplabv3plus.ts";
import { Registry } from "./registry.ts";

/** Two networks that share nothing but their shape. */
export interface Branches {
  /** All parameters and statistics, named `branch1.…` and `branch2.…`. */
  readonly registry: Registry;
  readonly networks: readonly [Network, Network];
}

/**
 * Declares two DeepLabV3+ networks.
 *
 * @param mappings Which branch maps its features to another view (spec §1.3).
 */
export function declareBranches(
  spec: Omit<DeepLabSpec, "mapping">,
  mappings: readonly [Mapping | undefined, Mapping | undefined],
): Branches {
  const registry = new Registry();
  const network = (name: string, mapping: Mapping | undefined) =>
    deepLabV3Plus({ registry, prefix: name, group: "head" }, { ...spec, ...(mapping && { mapping }) });
  return { registry, networks: [network("branch1", mappings[0]), network("branch2", mappings[1])] };
}
