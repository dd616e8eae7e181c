/** Files of weights, whoever wrote them: bytes in, tensors by name out. @module */
import { DATA_TYPES } from "./dtypes.ts";
import { WeightsError } from "./errors.ts";
import { openArchive, type Pickled } from "./pytorch/archive.ts";
import { utf8 } from "./pytorch/cursor.ts";
import { openLegacy } from "./pytorch/legacy.ts";
import { findState } from "./pytorch/state.ts";
import { looksLikeZip } from "./pytorch/zip.ts";
import { parseSafetensors } from "./safetensors.ts";
import { elementCount, type StoredTensor } from "./stored_tensor.ts";

/** How a file is written. */
export type WeightsFormat = "safetensors" | "pytorch-zip" | "pytorch-legacy";

/** What a file of weights holds. */
export interface WeightsFile {
  readonly format: WeightsFormat;
  /** Keys that lead to the tensors, e.g. `["state_dict"]`; empty where they lie at the top. */
  readonly path: readonly string[];
  /** What was taken off the front of every name: `module.` of data-parallel training, `_orig_mod.` of compiled models. */
  readonly prefix: string;
  /** In the file's order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What else the file holds, by its path: an epoch, an optimizer. It is not read. */
  readonly left: readonly string[];
  /** Texts of a safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** How a file is to be read. */
export interface ReadOptions {
  /** Keys that lead to the tensors of a PyTorch file, joined by dots; found by themselves where that is clear. */
  readonly key?: string | undefined;
}

/** Bytes that any file may unpack to. */
const SMALL = 64 << 20;
/** How many times its own size a larger file may unpack to: bytes become f32, and tied weights are one storage. */
const LARGER = 4;

/**
 * Reads safetensors, and PyTorch's files of both forms, by what they begin with. Nothing of a file is ever run.
 *
 * @param name What to call the file in errors.
 * @throws {WeightsError} If it is none of them, damaged, cut off, claims more than it holds, or its pickle names anything that
 *   weights do not need.
 */
export async function readWeights(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  options: ReadOptions = {},
): Promise<WeightsFile> {
  try {
    if (looksLikeZip(bytes)) {
      return await fromPickled("pytorch-zip", await openArchive(bytes, budgetOf(bytes)), bytes, options);
    }
    if (looksLikeSafetensors(bytes)) {
      const { tensors, metadata } = parseSafetensors(bytes);
      return { format: "safetensors", path: [], ...withoutPrefix(tensors), left: [], metadata };
    }
    refuseOthers(bytes);
    return await fromPickled("pytorch-legacy", openLegacy(bytes), bytes, options);
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new WeightsError(`Cannot read weights from "${name}": ${error.message}`);
  }
}

async function fromPickled(
  format: WeightsFormat,
  pickled: Pickled,
  bytes: Uint8Array,
  { key }: ReadOptions,
): Promise<WeightsFile> {
  const { path, tensors, left } = findState(pickled.value, key);
  const budget = budgetOf(bytes);
  let needed = 0;
  for (const [name, { dtype, shape }] of tensors) {
    needed += elementCount(shape) * Math.max(4, DATA_TYPES[dtype].bytes);
    if (needed <= budget) continue;
    throw new WeightsError(
      `its tensors, up to "${name}" [${shape}], need ${needed} bytes; those of a file of ${bytes.length} may need ${budget}`,
    );
  }
  const stored = new Map<string, StoredTensor>();
  for (const [name, { storage, dtype, shape, strides, offset }] of tensors) {
    stored.set(name, { dtype, shape, strides, offset, storage: await pickled.storage(storage) });
  }
  return { format, path, ...withoutPrefix(stored), left, metadata: {} };
}

function budgetOf({ length }: Uint8Array): number {
  return SMALL + LARGER * length;
}

/** Takes `module.` and `_orig_mod.` off names, as long as every name has it. */
function withoutPrefix<T>(
  tensors: ReadonlyMap<string, T>,
): { prefix: string; tensors: ReadonlyMap<string, T> } {
  let prefix = "";
  for (;;) {
    const more = ["module.", "_orig_mod."].find((part) =>
      tensors.size > 0 && [...tensors.keys()].every((name) => name.startsWith(prefix + part))
    );
    if (more === undefined || prefix.length > 100) break;
    prefix += more;
  }
  const { length } = prefix;
  return { prefix, tensors: new Map([...tensors].map(([name, tensor]) => [name.slice(length), tensor])) };
}

function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && bytes[8] === 0x7b && bytes[7] === 0 && bytes[6] === 0;
}

/** Says what a file is that is sometimes taken for weights. */
function refuseOthers(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new WeightsError("it is empty");
  const start = utf8(bytes.subarray(0, 64));
  if (start.startsWith("version https://git-lfs")) {
    throw new WeightsError("it is a Git LFS pointer, not the file itself. Fetch it with git lfs pull");
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(start)) {
    throw new WeightsError("it is a web page: the download gave a page instead of the file");
  }
  if (utf8(bytes.subarray(257, 262)) === "ustar") {
    throw new WeightsError(
      "it is a tar archive, as PyTorch wrote before 2017. Load and save it with a PyTorch that reads it",
    );
  }
  const known = bytes[0] === 0x80 || /^[(\]}cINKMJUXS]/.test(start);
  if (!known) {
    throw new WeightsError("it is neither safetensors nor a file of torch.save (a zip archive, or a pickle)");
  }
}
