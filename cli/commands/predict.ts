/** `predict`: labels images. @module */
import { resolve } from "node:path";
import { CacheError, UserError } from "../../pipeline/mod.ts";
import { DeviceError } from "../../kernels/errors.ts";
import { openInference } from "../../stages/evaluation/inference.ts";
import { type Protocol, protocolLabel } from "../../stages/evaluation/protocols.ts";
import { checkpointArgument, findCheckpoint, outputStrideOption } from "../experiment/checkpoint_source.ts";
import { typedPath } from "../experiment/experiment.ts";
import { dataSources, fileSources, type PredictionSource } from "../experiment/prediction_sources.ts";
import { areaTable } from "../predictions/summary.ts";
import { OutputFolder } from "../predictions/output_folder.ts";
import { plannedFiles, type ResultOptions, ResultWriter } from "../predictions/result_writer.ts";
import { withSession } from "../runs/session.ts";
import type { Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { cacheOf, overrides, runsOf, setHelp, shared } from "../terminal/options.ts";
import { Progress } from "../terminal/progress.ts";
import { protocolHelp, protocolOption, protocolOptions } from "../terminal/protocol_options.ts";
import { notesOnly } from "../terminal/terminal.ts";
import { toleranceOf, toleranceOption } from "../terminal/tolerance.ts";

/** The command. */
export const predict: Command = {
  name: "predict",
  summary: "label images with trained weights",
  details:
    `Writes masks/, palette PNGs whose values are class indices, called and arranged as the images are; summary.csv, the
area of each class in each image; and index.json, the same with all that was written. A folder is looked
through with all folders below it. A file that cannot be read is named at the end, and the exit status is 1.

  predict latest photograph.jpg folder-of-photographs --overlay --montage
  predict latest folder-of-photographs --to labelme
  predict latest --data ../data/voc --list validation --all

--to writes polygons to be corrected in an annotation tool: labelme/, a JSON for each image, or coco.json.
--tolerance 0 keeps every corner: the tool makes the very mask of it again.

${protocolHelp}\n\n${setHelp}`,
  arguments: [
    checkpointArgument,
    { name: "images", description: "pictures, or folders that hold some", count: "several" },
  ],
  options: [
    { name: "out", value: "dir", description: "folder to write to (default: predictions)" },
    { name: "overlay", description: "write overlays/, the photographs tinted by class, and legend.svg" },
    {
      name: "montage",
      description: "write montage.svg, small photographs with their overlays (the first 100)",
    },
    {
      name: "all",
      description: "write all/, every prediction of the method, and where its networks disagree",
    },
    { name: "to", value: "labelme|coco", description: "write annotations for correction in a tool" },
    toleranceOption,
    { name: "overwrite", description: "overwrite files that others wrote, or changed since" },
    {
      name: "data",
      value: "data",
      description: "an experiment, or the folder of a data set, instead of images",
    },
    {
      name: "list",
      value: "list",
      description:
        "which images of the data: validation (the default), labeled, unlabeled, or an id list's file",
    },
    ...protocolOptions,
    outputStrideOption,
    shared.set,
    shared.cache,
    shared.runs,
    shared.json,
  ],
  async run(input) {
    const protocol = protocolOption(input), options = resultOptions(input, protocol);
    const { checkpoint } = await findCheckpoint(input, runsOf(input));
    const out = typedPath(input.text("out") ?? "predictions");
    const sources = await sourcesOf(input, out);
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    const session = { terminal, cache: cacheOf(input), runs: runsOf(input) };
    const { images, failed } = await withSession(session, async ({ gpu, signal }) => {
      await gpu.announce();
      const device = await gpu.open();
      const { inference, network, free } = await openInference(device, checkpoint);
      try {
        const planned = plannedFiles(sources, network, options);
        const folder = await OutputFolder.open(out, planned, input.flag("overwrite"));
        const writer = new ResultWriter(folder, network, options);
        const progress = new Progress(terminal), deep: string[] = [];
        for (const [done, source] of sources.entries()) {
          signal.throwIfAborted();
          try {
            const image = await source.read(network.range);
            if (image.bits > 8 && network.range === undefined) deep.push(source.image);
            const { labels } = await inference.predict(image.data, image, protocol);
            await writer.add(source, image, labels, protocol);
          } catch (error) {
            // A full disk and a lost device are no fault of the image.
            if (error instanceof DeviceError) device.check();
            else if (!(error instanceof UserError) || error instanceof CacheError) throw error;
            terminal.note(error.message);
            writer.fail(source, error.message);
          }
          const data = { unit: "images", done: done + 1, total: sources.length };
          progress.on({ type: "progress", node: "predict", data });
        }
        if (deep.length > 0) terminal.note(deepNote(deep));
        return await writer.finish({ weights: checkpoint.path, protocol: protocolLabel(protocol) });
      } finally {
        free();
      }
    });
    terminal.live("");
    if (images.length > 0) terminal.print(areaTable(images));
    terminal.print(`${images.length} of ${sources.length} images labeled → ${out}`);
    if (input.flag("json")) input.terminal.print(JSON.stringify(images));
    if (failed.length === 0) return 0;
    terminal.note(`not labeled: ${failed.map(({ image }) => `"${image}"`).join(", ")}`);
    return 1;
  },
};

/** What to know of images that have more bits than those that the network was trained on. */
function deepNote([first, ...others]: readonly string[]): string {
  const which = others.length === 0 ? `"${first}" has` : `"${first}" and ${others.length} more have`;
  return `note: ${which} more than 8 bits a sample, and the network was trained on 8: the upper 8 are taken, which is ` +
    `too dark where the range is narrow`;
}

function resultOptions(input: CommandInput, protocol: Protocol): ResultOptions {
  const to = input.text("to");
  if (to !== undefined && to !== "labelme" && to !== "coco") {
    throw new UsageError(`Cannot write annotations --to "${to}": it must be labelme or coco`);
  }
  if (to !== undefined && protocol.name === "center_crop") {
    throw new UsageError(
      `Cannot write annotations --to ${to} of the middle of images alone. Leave --protocol center_crop out.`,
    );
  }
  return {
    overlay: input.flag("overlay"),
    montage: input.flag("montage"),
    all: input.flag("all"),
    to,
    tolerance: toleranceOf(input, to !== undefined),
  };
}

async function sourcesOf(input: CommandInput, out: string): Promise<PredictionSource[]> {
  const images = input.positional.slice(1), data = input.text("data"), list = input.text("list");
  if (data !== undefined && images.length > 0) {
    throw new UsageError("Cannot predict both images and --data; give one of the two.");
  }
  if (data !== undefined) {
    return await dataSources(data, list ?? "validation", overrides(input), cacheOf(input));
  }
  if (list !== undefined) throw new UsageError(`Cannot read --list ${list}: name its data set by --data.`);
  if (images.length === 0) throw new UsageError("Cannot predict: name one image file at least, or --data.");
  const within = images.find((given) => resolve(typedPath(given)) === resolve(out));
  if (within !== undefined) {
    throw new UsageError(
      `Cannot write results into "${within}", the folder of the images: they would be taken for images. Name another by --out.`,
    );
  }
  return await fileSources(images);
}
