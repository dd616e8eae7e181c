/** `dag`: the pipeline as a picture. @module */
import { toMermaid, toSvg } from "../../../pipeline/mod.ts";
import { explainWrite } from "../../../pipeline/files/files.ts";
import { dirname } from "node:path";
import type { Command } from "../../terminal/command.ts";
import { typedPath } from "../../experiment/experiment.ts";
import { experimentArgument } from "../../terminal/options.ts";
import { planningOptions, planOf } from "../../experiment/planning.ts";

/** The command. */
export const dag: Command = {
  name: "dag",
  summary: "draw the pipeline: Mermaid text on stdout, or an SVG file",
  details: "Colors tell what is in the cache, what would run, and what waits.",
  arguments: [experimentArgument],
  options: [
    ...planningOptions.filter(({ name }) => name !== "json"),
    { name: "svg", value: "file", description: "write an SVG file instead" },
  ],
  async run(input) {
    const plan = await planOf(input, { why: true });
    const svg = input.text("svg");
    if (svg === undefined) return input.terminal.print(toMermaid(plan).trimEnd());
    await writeHere(typedPath(svg), await toSvg(plan));
    input.terminal.note(`wrote ${svg}`);
  },
};

/** Writes the file itself: nothing beside it may be written. Folders above it are made if there are none. */
async function writeHere(path: string, text: string): Promise<void> {
  try {
    const folder = dirname(path);
    if (!await Deno.stat(folder).then(() => true, () => false)) await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(path, text);
  } catch (error) {
    throw explainWrite(error, path);
  }
}
