/** Checkpoints: weights of both branches with the description of their network, as one safetensors file. @module */
import { WeightsError } from "../models/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../models/safetensors.ts";
import type { StateDict } from "../models/state_dict.ts";
import { type ArtifactKind, type ArtifactReader, type ArtifactWriter, defineKind } from "../pipeline/mod.ts";
import { explainWrite } from "../pipeline/files.ts";
import type { NetworkDescription } from "./network.ts";

/** A trained pair of branches, in a file. */
export interface Checkpoint {
  /** Where the file lies. */
  readonly path: string;
  /** @throws {WeightsError} If the file is no checkpoint of this project. */
  /** Reads the file. */
  read(): Promise<{ network: NetworkDescription; state: StateDict }>;
}

/** Opens a checkpoint file. */
export function openCheckpoint(path: string): Checkpoint {
  return {
    path,
    async read() {
      const { state, metadata } = decodeSafetensors(await Deno.readFile(path), path);
      if (!metadata.network) {
        throw new WeightsError(
          `Cannot tell which network "${path}" holds: its metadata has no "network"; only checkpoints that training wrote can ` +
            "be opened by themselves",
        );
      }
      try {
        return { network: JSON.parse(metadata.network), state };
      } catch (error) {
        throw new WeightsError(
          `Cannot tell which network "${path}" holds: its metadata is not JSON (${error})`,
        );
      }
    },
  };
}

/** What a checkpoint file says of its network. */
export function networkMetadata(network: NetworkDescription): Record<string, string> {
  return { network: JSON.stringify(network) };
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
