/** `export page`: a trained network that labels photographs in a browser. @module */
import { UserError } from "../../../pipeline/mod.ts";
import { WeightsError } from "../../../models/errors.ts";
import { networkPage } from "../../../runtime/network_page/export.ts";
import {
  type PredictionWeights,
  predictionWeights,
  type StoredPrecision,
} from "../../../runtime/network_page/weights.ts";
import {
  checkpointArgument,
  findCheckpoint,
  outputStrideOption,
} from "../../experiment/checkpoint_source.ts";
import { typedPath } from "../../experiment/experiment.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { runsOf, shared } from "../../terminal/options.ts";
import { bytes } from "../../terminal/text.ts";
import { refuseExisting, writeNew } from "./new_file.ts";

/** The command. */
export const page: Command = {
  name: "page",
  summary: "write a page, one file, that labels photographs in a browser",
  details:
    `The page has the weights in it, runs on WebGPU with the kernels that trained them, and asks for nothing from
anywhere: photographs stay where they are. docs/browser.md says what browsers need, and where they see otherwise
than predict.

  export page latest -o predict.html
  export page last.safetensors -o predict.html --precision f16 --prediction branch1`,
  arguments: [checkpointArgument],
  options: [
    { name: "out", short: "o", value: "file", description: "the page to write (default: predict.html)" },
    {
      name: "prediction",
      value: "name",
      description: "the prediction to take along, with its networks alone (default: the headline)",
    },
    {
      name: "precision",
      value: "f32|f16",
      description: "how the page holds the weights: f16 halves it (default: f32)",
    },
    { name: "title", value: "text", description: "what stands on top of it (default: Label photographs)" },
    outputStrideOption,
    shared.runs,
  ],
  async run(input) {
    const precision = precisionOf(input), title = input.text("title") ?? "Label photographs";
    if (title.trim() === "") throw new UsageError('Cannot title a page "": --title must say something');
    const out = typedPath(input.text("out") ?? "predict.html");
    if (!/\.html?$/i.test(out)) {
      throw new UsageError(
        `Cannot write a page to "${out}": its name must end in .html, which browsers tell it by`,
      );
    }
    const { checkpoint } = await findCheckpoint(input, runsOf(input));
    await refuseExisting(out);
    const read = await checkpoint.read();
    let weights: PredictionWeights, html: Uint8Array;
    try {
      weights = predictionWeights(read, input.text("prediction"));
      html = networkPage(weights, { title, precision });
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      throw new UserError(`Cannot write "${checkpoint.path}" as a page: ${error.message}`, { cause: error });
    }
    await writeNew(out, html);
    const { backbone, classes, headline, predictions } = weights.network;
    input.terminal.print(
      `prediction ${headline} of DeepLabV3+ ${backbone} (${predictions[headline]!.join(", ")}), ` +
        `${classes.names.length} classes, weights in ${precision}`,
    );
    input.terminal.print(`${checkpoint.path} → ${out} (${bytes(html.length)})`);
  },
};

function precisionOf(input: CommandInput): StoredPrecision {
  const given = input.text("precision") ?? "f32";
  if (given === "f32" || given === "f16") return given;
  throw new UsageError(`Cannot hold weights as "${given}": --precision must be f32 or f16`);
}
