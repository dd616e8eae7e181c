/** `predict`: labels image files. @module */
import { basename, join } from "node:path";
import { messageOf, UserError } from "../../pipeline/mod.ts";
import { writeAtomically } from "../../pipeline/files.ts";
import { toRgb } from "../../stages/codecs/image.ts";
import { decodeJpeg } from "../../stages/codecs/jpeg.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { openInference } from "../../stages/inference.ts";
import { fileNames, pictureFiles } from "../../stages/pictures.ts";
import { checkpointArgument, findCheckpoint } from "../checkpoint_source.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { typedPath } from "../experiment.ts";
import { cacheOf, jsonOption, runsOf, runsOption } from "../options.ts";
import { withSession } from "../session.ts";
import { notesOnly } from "../terminal.ts";

/** The command. */
export const predict: Command = {
  name: "predict",
  summary: "label image files with trained weights",
  details:
    `Writes a folder for each image: the image, what each branch and their average say (palette PNG whose
values are class indices), and where the branches disagree.`,
  arguments: [
    checkpointArgument,
    { name: "images", description: "JPEG or PNG files", count: "several" },
  ],
  options: [
    { name: "out", value: "dir", description: "folder to write to (default: predictions)" },
    runsOption,
    jsonOption,
  ],
  async run(input) {
    const { checkpoint } = await findCheckpoint(input, runsOf(input));
    const images = input.positional.slice(1).map(typedPath);
    if (images.length === 0) throw new UsageError("Cannot predict: name one image file at least.");
    const out = typedPath(input.text("out") ?? "predictions");
    const names = fileNames(images.map((path) => basename(path).replace(/\.[^.]+$/, "")));
    const targets = images.map((path, i) => ({ path, folder: join(out, names[i]!) }));
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    const options = { terminal, cache: cacheOf(input), runs: runsOf(input) };
    await withSession(options, async ({ gpu, signal }) => {
      await gpu.announce();
      const { inference, network: { classes }, free } = await openInference(await gpu.open(), checkpoint);
      try {
        for (const { path, folder } of targets) {
          signal.throwIfAborted();
          const image = await readPicture(path);
          const labels = await inference.predict(image.data, image);
          for (const [name, bytes] of pictureFiles("x", image, image.data, undefined, labels, classes)) {
            await writeAtomically(join(folder, basename(name)), bytes);
          }
          terminal.print(`${path} → ${folder}`);
        }
      } finally {
        free();
      }
    });
    if (input.flag("json")) {
      input.terminal.print(JSON.stringify(targets.map(({ path, folder }) => ({ image: path, folder }))));
    }
  },
};

async function readPicture(path: string): Promise<{ width: number; height: number; data: Uint8Array }> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new UserError(`Cannot read the image "${path}": ${messageOf(error)}`, { cause: error });
  }
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const image = isPng ? decodePng(bytes, path) : await decodeJpeg(bytes, path);
  return { width: image.width, height: image.height, data: toRgb(image) };
}
