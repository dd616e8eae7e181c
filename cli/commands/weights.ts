/** `weights`: looks into files of weights, and converts them. @module */
import { createHash } from "node:crypto";
import { UserError } from "../../pipeline/mod.ts";
import { writeAtomically } from "../../pipeline/files/files.ts";
import { withBatchCounts } from "../../models/batch_counts.ts";
import { DATA_TYPES } from "../../models/dtypes.ts";
import { WeightsError } from "../../models/errors.ts";
import { encodePytorch } from "../../models/pytorch/write.ts";
import { encodeStoredTensors } from "../../models/safetensors.ts";
import { elementCount, float32Pieces, type StoredTensor } from "../../models/stored_tensor.ts";
import type { WeightsFile } from "../../models/weights_file.ts";
import { readWeightsFile } from "../../stages/weights/weights_source.ts";
import type { Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "../experiment/experiment.ts";
import { shared } from "../terminal/options.ts";
import { bytes, table } from "../terminal/text.ts";

const keyOption = {
  name: "key",
  value: "key",
  description:
    "the part of a PyTorch file that holds the weights, e.g. state_dict or model.ema (default: found by itself)",
} as const;

async function open(input: CommandInput): Promise<{ path: string; file: WeightsFile }> {
  const path = typedPath(input.positional[0]!);
  return { path, file: await readWeightsFile(path, { key: input.text("key") }) };
}

/** SHA-256 of a tensor's elements as little-endian f32, in order and without gaps; null for complex numbers. */
function digestOf(tensor: StoredTensor): string | null {
  const hash = createHash("sha256");
  try {
    for (const { buffer, byteOffset, byteLength } of float32Pieces(tensor)) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  } catch (error) {
    if (error instanceof WeightsError) return null;
    throw error;
  }
  return hash.digest("hex");
}

const inspect: Command = {
  name: "inspect",
  summary: "list the tensors of a file: name, type, shape, and a digest of their values",
  details:
    `Reads safetensors and what torch.save writes, by what a file begins with. A pickle is interpreted by a list of
what weights need; nothing of it is ever run, and anything else in it is refused.
Digests are the SHA-256 of a tensor's values as little-endian float32, whatever type they are stored as.`,
  arguments: [{ name: "file", description: "a .safetensors, .pth, .pt or .th file" }],
  options: [keyOption, shared.json],
  async run(input) {
    const { path, file } = await open(input);
    const tensors = [...file.tensors].map(([name, tensor]) => ({
      name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      sha256: digestOf(tensor),
    }));
    if (input.flag("json")) {
      const { format, path: key, prefix, left, metadata } = file;
      input.terminal.print(
        JSON.stringify({ file: path, format, key: key.join("."), prefix, left, metadata, tensors }),
      );
      return;
    }
    const rows = tensors.map((
      { name, dtype, shape, sha256 },
    ) => [name, dtype, `[${shape.join(", ")}]`, sha256 ?? "none"]);
    input.terminal.print(table(["tensor", "type", "shape", "SHA-256 as float32"], rows));
    input.terminal.print(`\n${summary(file).join("\n")}`);
  },
};

function summary({ format, path, prefix, left, tensors }: WeightsFile): string[] {
  const all = [...tensors.values()];
  const elements = all.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const size = all.reduce((sum, { shape, dtype }) => sum + elementCount(shape) * DATA_TYPES[dtype].bytes, 0);
  const named = path.length ? `, under "${path.join(".")}"` : "";
  return [
    `${format}${named}: ${all.length} tensors, ${elements.toLocaleString("en-US")} values, ${bytes(size)}`,
    ...(prefix ? [`"${prefix}" was taken off every name`] : []),
    ...(left.length
      ? [
        `left aside: ${left.slice(0, 12).join(", ")}${
          left.length > 12 ? ` and ${left.length - 12} more` : ""
        }`,
      ]
      : []),
  ];
}

const convert: Command = {
  name: "convert",
  summary: "write weights as safetensors or as a file for torch.load, by the new file's name",
  details:
    `Values keep their type and their bytes. Weights that training wrote get the batch counters that PyTorch's batch
norm keeps (num_batches_tracked, 0), so that the PyTorch original loads them strictly.

  weights convert pretrained/resnet101.pth resnet101.safetensors
  weights convert runs/pascal-366/…/weights/last.safetensors for_pytorch.pth`,
  arguments: [
    { name: "file", description: "a .safetensors, .pth, .pt or .th file" },
    { name: "out", description: "the file to write: .safetensors, .pth, .pt or .th" },
  ],
  options: [keyOption],
  async run(input) {
    const out = typedPath(input.positional[1]!);
    const form = /\.(safetensors|pth|pt|th)$/i.exec(out)?.[1]?.toLowerCase();
    if (form === undefined) {
      throw new UsageError(
        `Cannot tell what to write to "${out}": its name must end in .safetensors, .pth, .pt or .th`,
      );
    }
    if (await Deno.lstat(out).then(() => true, () => false)) {
      throw new UserError(`Cannot write "${out}": it exists. Name another file, or remove it.`);
    }
    const { path, file } = await open(input);
    const toSafetensors = form === "safetensors";
    // Only training's own files lack the counters: any other is written as it was.
    const tensors = !toSafetensors && file.metadata.network ? withBatchCounts(file.tensors) : file.tensors;
    const metadata = file.format === "safetensors" ? file.metadata : { format: "pt" };
    await writeAtomically(
      out,
      toSafetensors ? encodeStoredTensors(tensors, metadata) : encodePytorch(tensors),
    );
    for (const line of summary(file)) input.terminal.print(line);
    const added = tensors.size - file.tensors.size;
    if (added > 0) input.terminal.print(`added: ${added} batch counters (num_batches_tracked)`);
    input.terminal.print(`${path} → ${out}`);
  },
};

/** The command. */
export const weights: Command = {
  name: "weights",
  summary: "look into files of weights, PyTorch's included, and convert them",
  commands: [inspect, convert],
};
