/** `export`: what is used elsewhere: networks in browsers, experiments on clusters. @module */
import type { Command } from "../../terminal/command.ts";
import { page } from "./export_page.ts";
import { snakemake } from "./export_snakemake.ts";

/** The command. */
export const exporting: Command = {
  name: "export",
  summary: "write a trained network as a page that runs it in a browser, or experiments as jobs of a cluster",
  commands: [page, snakemake],
};
