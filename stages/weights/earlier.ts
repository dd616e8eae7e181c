/** The weights of an earlier training, as the start of another one. @module */
import type { StateDict } from "../../models/state_dict.ts";
import { UserError } from "../../pipeline/mod.ts";
import type { BoundMethod } from "../methods/bound_method.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { buildNetworks, type NetworkDescription } from "./network.ts";

/** A training cannot start from an earlier one's weights. */
export class StartError extends UserError {
  /** Class name, for logs. */
  override readonly name = "StartError";
}

/**
 * Reads what networks start from: each that learns takes the network of its name or, where it is the only one that learns, the
 * headline's. Norms that are split by domain take those of a network whose norms are not: both copies the same.
 *
 * @param network The networks that start.
 * @returns All tensors of the networks that learn, by their names.
 * @throws {StartError} If the two are of other backbones or classes, one is not told which network to take, or a tensor is not
 *   there or of another shape.
 */
export async function readEarlier(
  { read }: Checkpoint,
  network: NetworkDescription,
  { averages }: Pick<BoundMethod, "averages">,
): Promise<StateDict> {
  const { network: earlier, state } = await read();
  const refuse = (rule: string) =>
    new StartError(`Cannot start from the weights of an earlier training: ${rule}`);
  if (earlier.backbone !== network.backbone) {
    throw refuse(`they are of backbone ${earlier.backbone}, co-train.backbone is ${network.backbone}`);
  }
  const [given, wanted] = [earlier, network].map(({ classes }) => classes.names.join(", "));
  if (given !== wanted) throw refuse(`their classes are ${given}, the data's are ${wanted}`);
  const learning = Object.keys(network.networks).filter((name) => averages[name] === undefined);
  const headline = earlier.predictions[earlier.headline]!;
  const found = learning.map((name) => {
    if (name in earlier.networks) return [name, name] as const;
    if (learning.length === 1 && headline.length === 1) return [name, headline[0]!] as const;
    throw refuse(
      `none of their networks, ${
        Object.keys(earlier.networks).join(", ")
      }, is called ${name}. Start from a training by the ` +
        "same method",
    );
  });
  const { registry } = buildNetworks(network), start: StateDict = new Map();
  for (const { name, shape, startsAs = name } of [...registry.parameters, ...registry.statistics]) {
    const source = found.find(([own]) => name.startsWith(`${own}.`));
    if (!source) continue;
    const [own, theirs] = source, named = (name: string) => `${theirs}${name.slice(own.length)}`;
    const path = named(name), tensor = state.get(path) ?? state.get(named(startsAs));
    if (tensor === undefined) {
      throw refuse(`they hold no ${path}. Start from a training by a method of the same networks`);
    }
    if (`${tensor.shape}` !== `${shape}`) {
      throw refuse(`${path} is [${tensor.shape}], and [${shape}] is needed`);
    }
    start.set(name, tensor);
  }
  return start;
}
