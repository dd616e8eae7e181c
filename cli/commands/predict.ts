/** `predict`: labels images. @module */
import { basename, join } from "node:path";
import { writeAtomically } from "../../pipeline/files/files.ts";
import { openInference } from "../../stages/evaluation/inference.ts";
import { fileNames, pictureFiles } from "../../stages/evaluation/pictures.ts";
import { cropPixels } from "../../stages/datasets/pixels.ts";
import { protocolLabel, protocolPlan } from "../../stages/evaluation/protocols.ts";
import { checkpointArgument, findCheckpoint, outputStrideOption } from "../experiment/checkpoint_source.ts";
import type { Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "../experiment/experiment.ts";
import { cacheOf, overrides, runsOf, setHelp, shared } from "../terminal/options.ts";
import { dataSources, fileSources, type PredictionSource } from "../experiment/prediction_sources.ts";
import { protocolHelp, protocolOption, protocolOptions } from "../terminal/protocol_options.ts";
import { withSession } from "../runs/session.ts";
import { notesOnly } from "../terminal/terminal.ts";

/** The command. */
export const predict: Command = {
  name: "predict",
  summary: "label images with trained weights",
  details:
    `Writes a folder for each image: a palette PNG whose values are class indices for each prediction of the
method (CCVC: branch1.png, branch2.png, average.png), and conflict.png, 1 where networks disagree, if
several are scored; beside them the image, unless it is a data set's. index.json says which folder is whose, and where the true labels are.

  predict latest photograph.jpg folder-of-photographs
  predict latest --data ../data/voc --list validation
  predict latest --data ../data/voc --list my-list.txt

${protocolHelp}\n\n${setHelp}`,
  arguments: [
    checkpointArgument,
    { name: "images", description: "JPEG or PNG files, or folders that hold some", count: "several" },
  ],
  options: [
    { name: "out", value: "dir", description: "folder to write to (default: predictions)" },
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
    shared.runs,
    shared.json,
  ],
  async run(input) {
    const protocol = protocolOption(input);
    const { checkpoint } = await findCheckpoint(input, runsOf(input));
    const sources = await sourcesOf(input);
    const isData = input.text("data") !== undefined;
    const out = typedPath(input.text("out") ?? "predictions");
    const names = fileNames(sources.map(({ name }) => name));
    const targets = sources.map((source, i) => ({ ...source, folder: join(out, names[i]!) }));
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    const options = { terminal, cache: cacheOf(input), runs: runsOf(input) };
    const entries = targets.map(({ image, mask, folder }) => ({
      image,
      ...(mask === undefined ? {} : { mask }),
      folder,
    }));
    await withSession(options, async ({ gpu, signal }) => {
      await gpu.announce();
      const { inference, network, free } = await openInference(await gpu.open(), checkpoint);
      const deep: string[] = [];
      try {
        for (const { image: path, folder, read } of targets) {
          signal.throwIfAborted();
          const image = await read(network.range);
          if (image.bits > 8 && network.range === undefined) deep.push(path);
          const { labels } = await inference.predict(image.data, image, protocol);
          const { scored } = protocolPlan(protocol, image);
          const seen = cropPixels(image.data, image, scored, 3);
          for (const [name, bytes] of pictureFiles("x", scored, seen, undefined, labels, network)) {
            // A data set's images lie there already.
            if (isData && name === "x/image.png") continue;
            await writeAtomically(join(folder, basename(name)), bytes);
          }
          terminal.print(`${path} → ${folder}`);
        }
        if (deep.length > 0) terminal.print(deepNote(deep));
        const index = {
          weights: checkpoint.path,
          protocol: protocolLabel(protocol),
          classes: network.classes.names,
          entries: entries.map((entry, i) => ({ ...entry, folder: names[i]! })),
        };
        const text = JSON.stringify(index, null, 1) + "\n";
        await writeAtomically(join(out, "index.json"), new TextEncoder().encode(text));
      } finally {
        free();
      }
    });
    if (input.flag("json")) input.terminal.print(JSON.stringify(entries));
  },
};

/** What to know of images that have more bits than those that the network was trained on. */
function deepNote([first, ...others]: readonly string[]): string {
  const which = others.length === 0
    ? `"${first}" has`
    : `${others.length + 1} images have ("${first}" first)`;
  return `note: ${which} more than 8 bits a sample, and the network was trained on 8: the upper 8 are taken, which is too dark ` +
    `where their range is narrow`;
}

async function sourcesOf(input: CommandInput): Promise<PredictionSource[]> {
  const images = input.positional.slice(1), data = input.text("data"), list = input.text("list");
  if (data !== undefined && images.length > 0) {
    throw new UsageError("Cannot predict both images and --data; give one of the two.");
  }
  if (data !== undefined) return await dataSources(data, list ?? "validation", overrides(input));
  if (list !== undefined) throw new UsageError(`Cannot read --list ${list}: name its data set by --data.`);
  if (images.length === 0) throw new UsageError("Cannot predict: name one image file at least, or --data.");
  return await fileSources(images);
}
