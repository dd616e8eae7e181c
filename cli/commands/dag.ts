/** `dag`: the pipeline as a picture. @module */
import { toMermaid, toSvg } from "../../pipeline/mod.ts";
import { writeAtomically } from "../../pipeline/files.ts";
import type { Command } from "../command.ts";
import { typedPath } from "../experiment.ts";
import { experimentArgument } from "../options.ts";
import { planningOptions, planOf } from "../planning.ts";

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
    await writeAtomically(typedPath(svg), new TextEncoder().encode(toSvg(plan)));
    input.terminal.note(`wrote ${svg}`);
  },
};
