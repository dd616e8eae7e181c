/** Checkpoints: weights of networks with their description, as one file. @module */
import { WeightsError } from "../../models/errors.ts";
import { encodeSafetensors } from "../../models/safetensors.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { hostTensor } from "../../models/stored_tensor.ts";
import type { WeightsFile } from "../../models/weights_file.ts";
import {
  type ArtifactKind,
  type ArtifactReader,
  type ArtifactWriter,
  defineKind,
} from "../../pipeline/mod.ts";
import { explainWrite } from "../../pipeline/files/files.ts";
import { describeNetwork, type NetworkHints } from "./foreign_weights.ts";
import { type NetworkDescription, storedDescription } from "./network.ts";
import { readDescription } from "./pair.ts";
import { readWeightsFile } from "./weights_source.ts";

/** Trained networks, in a file. */
export interface Checkpoint {
  /** Where the file lies. */
  readonly path: string;
  /**
   * Reads the file.
   *
   * @throws {WeightsError} If the file cannot be read, or holds no networks that are known.
   */
  read(): Promise<{ network: NetworkDescription; state: StateDict }>;
}

/**
 * Opens a checkpoint file: safetensors that training wrote, or any file of a pair of branches as CCVC's original makes, `.pth` too.
 *
 * @param hints What files of other programs do not tell; unused where the file describes its network.
 */
export function openCheckpoint(path: string, hints: NetworkHints = {}): Checkpoint {
  return {
    path,
    async read() {
      const file = await readWeightsFile(path);
      const network = networkOf(file, path, hints);
      const state: StateDict = new Map();
      for (const [name, tensor] of file.tensors) {
        // PyTorch counts batches beside the running statistics; with a fixed momentum nothing uses the count.
        if (!name.endsWith(".num_batches_tracked")) state.set(name, hostTensor(tensor));
      }
      return { network, state };
    },
  };
}

function networkOf(
  { metadata, tensors }: WeightsFile,
  path: string,
  hints?: NetworkHints,
): NetworkDescription {
  try {
    return metadata["network"] ? readDescription(metadata["network"]) : describeNetwork(tensors, hints);
  } catch (error) {
    const reason = error instanceof WeightsError ? error.message : `its metadata is not JSON (${error})`;
    throw new WeightsError(`Cannot tell which network "${path}" holds: ${reason}`);
  }
}

/** What a checkpoint file says of its network. */
export function networkMetadata(network: NetworkDescription): Record<string, string> {
  return { network: JSON.stringify(storedDescription(network)) };
}

/**
 * Writes a checkpoint file.
 *
 * @throws {CacheError} If the file system refuses.
 */
export async function writeCheckpoint(
  path: string,
  network: NetworkDescription,
  state: StateDict,
): Promise<Checkpoint> {
  const bytes = encodeSafetensors(state, networkMetadata(network));
  try {
    await Deno.writeFile(path, bytes);
  } catch (error) {
    throw explainWrite(error, path, bytes.length);
  }
  return openCheckpoint(path);
}

const FILE = "weights.safetensors";

/** A checkpoint as an artifact: one safetensors file that other tools open as well. */
export const checkpointKind: ArtifactKind<Checkpoint> = defineKind({
  name: "checkpoint",
  version: 1,
  write: (checkpoint: Checkpoint, out: ArtifactWriter) => out.adopt(FILE, checkpoint.path),
  read: async (source: ArtifactReader) => openCheckpoint(await source.path(FILE)),
});
