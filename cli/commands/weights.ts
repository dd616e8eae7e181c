/** `weights`: looks into files of weights, and converts them. @module */
import { createHash } from "node:crypto";
import { UserError } from "../../pipeline/mod.ts";
import { writeAtomically } from "../../pipeline/files/files.ts";
import { withBatchCounts } from "../../models/batch_counts.ts";
import { DATA_TYPES } from "../../models/dtypes.ts";
import { WeightsError } from "../../models/errors.ts";
import { unusualEpsilons } from "../../models/norms.ts";
import { OPSET } from "../../models/onnx/model.ts";
import { encodePytorch } from "../../models/pytorch/write.ts";
import { encodeStoredTensors } from "../../models/safetensors.ts";
import { elementCount, float32Pieces, type StoredTensor } from "../../models/stored_tensor.ts";
import type { WeightsFile } from "../../models/weights_file.ts";
import { openCheckpoint } from "../../stages/weights/checkpoint.ts";
import { encodeOnnx } from "../../stages/weights/onnx.ts";
import { readDescription } from "../../stages/weights/pair.ts";
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

const predictionOption = {
  name: "prediction",
  value: "name",
  description: "for ONNX: the prediction to write, e.g. branch1 (default: the headline)",
} as const;

/** Writes the networks of a checkpoint that are behind a prediction. */
async function toOnnx(input: CommandInput, out: string): Promise<void> {
  const path = typedPath(input.positional[0]!), { network, state } = await openCheckpoint(path).read();
  const prediction = input.text("prediction") ?? network.headline;
  try {
    await writeAtomically(out, encodeOnnx(network, state, prediction));
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new UserError(`Cannot write "${path}" as ONNX: ${error.message}`, { cause: error });
  }
  const { backbone, classes, predictions } = network;
  input.terminal.print(
    `prediction ${prediction} of DeepLabV3+ ${backbone} (${predictions[prediction]!.join(", ")}), ` +
      `${classes.names.length} classes, ONNX opset ${OPSET}`,
  );
  input.terminal.print(`${path} → ${out}`);
}

/** Says what a file that describes no network cannot tell, where it is not what a reader would take for granted. */
function printLost(input: CommandInput, { metadata: { network } }: WeightsFile): void {
  const epsilons = network === undefined ? [] : unusualEpsilons(readDescription(network).networks);
  if (epsilons.length === 0) return;
  input.terminal.print(
    `left out: the epsilon of batch norms, ${epsilons.join(", ")}; set it in PyTorch, whose default is 1e-5`,
  );
}

const convert: Command = {
  name: "convert",
  summary: "write weights as safetensors, as a file for torch.load, or as ONNX, by the new file's name",
  details:
    `Values keep their type and their bytes. Weights that training wrote get the batch counters that PyTorch's batch
norm keeps (num_batches_tracked, 0), so that the PyTorch original loads them strictly.

  weights convert pretrained/resnet101.pth resnet101.safetensors
  weights convert runs/pascal-366/…/weights/last.safetensors for_pytorch.pth
  weights convert runs/pascal-366/…/weights/last.safetensors network.onnx

ONNX (opset ${OPSET}) is of whole networks, in evaluation mode: image, f32[N, 3, H, W] in RGB from 0 to 255, becomes
logits, f32[N, classes, H, W]. Normalization is inside, N, H and W are free, and class names are in its metadata.`,
  arguments: [
    { name: "file", description: "a .safetensors, .pth, .pt or .th file" },
    { name: "out", description: "the file to write: .safetensors, .pth, .pt, .th or .onnx" },
  ],
  options: [keyOption, predictionOption],
  async run(input) {
    const out = typedPath(input.positional[1]!);
    const form = /\.(safetensors|pth|pt|th|onnx)$/i.exec(out)?.[1]?.toLowerCase();
    if (form === undefined) {
      throw new UsageError(
        `Cannot tell what to write to "${out}": its name must end in .safetensors, .pth, .pt, .th or .onnx`,
      );
    }
    if (form !== "onnx" && input.text("prediction") !== undefined) {
      throw new UsageError("Cannot take --prediction: it is for ONNX, any other file holds all networks.");
    }
    if (await Deno.lstat(out).then(() => true, () => false)) {
      throw new UserError(`Cannot write "${out}": it exists. Name another file, or remove it.`);
    }
    if (form === "onnx") return await toOnnx(input, out);
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
    if (!toSafetensors) printLost(input, file);
    input.terminal.print(`${path} → ${out}`);
  },
};

/** The command. */
export const weights: Command = {
  name: "weights",
  summary: "look into files of weights, PyTorch's included, and convert them",
  commands: [inspect, convert],
};
