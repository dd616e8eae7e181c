/** Files of weights on a disk. @module */
import { WeightsError } from "../../models/errors.ts";
import { type ReadOptions, readWeights, type WeightsFile } from "../../models/weights_file.ts";
import { FileReadError, readFileWhole } from "../../pipeline/files/read_file.ts";

/** Most bytes of a file of weights: it is read whole. */
export const maximumWeightsBytes = 2 ** 32;

/**
 * Reads a file of weights.
 *
 * @param options.read Gives a file's bytes: in a stage {@linkcode StageContext.read}.
 * @throws {WeightsError} If it is missing, or no file but a folder, a device, a pipe or an endless link, or larger than
 *   {@linkcode maximumWeightsBytes}, or does not hold weights.
 */
export async function readWeightsFile(
  path: string,
  { read = readFileWhole, ...options }: ReadOptions & { readonly read?: typeof readFileWhole } = {},
): Promise<WeightsFile> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await read(path, maximumWeightsBytes);
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    throw new WeightsError(`Cannot read the weights "${path}": ${error.reason}`, { cause: error });
  }
  return await readWeights(bytes, path, options);
}
