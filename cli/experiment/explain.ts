/** `--explain`: every leaf of an experiment's stages, who set it, and how that is known; nothing is run. @module */
import { explainConfig, type ExplainedLeaf, type Graph } from "../../pipeline/mod.ts";
import type { CommandInput, OptionSpec } from "../terminal/command.ts";
import { loadExperiment } from "./load_experiment.ts";
import { experimentName, overrides } from "../terminal/options.ts";

/** `--explain`. */
export const explainOption: OptionSpec = {
  name: "explain",
  description:
    "print every leaf: value, unit, meaning, who set it, and the source; runs nothing (--json: as JSON)",
};

/** A pipeline's leaves, stage by stage, plain JSON. */
export interface Explanation {
  readonly pipeline: string;
  readonly stages: readonly {
    readonly id: string;
    readonly stage: string;
    readonly leaves: readonly ExplainedLeaf[];
  }[];
}

/** Explains what a graph's stages are configured with. */
export function explainGraph(graph: Graph): Explanation {
  return {
    pipeline: graph.name,
    stages: graph.nodes.map(({ id, stage, config, origins }) => ({
      id,
      stage: stage.name,
      leaves: explainConfig(stage.config, config, origins),
    })),
  };
}

/** Prints the explanation of the experiment that the command line names. */
export async function printExplanation(input: CommandInput): Promise<void> {
  const pipeline = await loadExperiment(experimentName(input));
  const found = explainGraph(pipeline.build(overrides(input)));
  input.terminal.print(input.flag("json") ? JSON.stringify(found) : explanationText(found));
}

/** Where the sections are that sources name. */
const SECTIONS = "CCVC §2.2 is that section of docs/methods/ccvc.md, and so for other methods.";

/** The explanation as people read it. */
function explanationText({ pipeline, stages }: Explanation): string {
  const blocks = stages.map(({ id, stage, leaves }) =>
    [`${id}${id === stage ? "" : ` (stage ${stage})`}`, ...leaves.flatMap(leafLines)].join("\n")
  );
  const cites = stages.some(({ leaves }) => leaves.some(({ source }) => source?.includes("§")));
  return [pipeline, ...blocks, ...(cites ? [SECTIONS] : [])].join("\n\n");
}

function leafLines(leaf: ExplainedLeaf): string[] {
  const { name, description, source, unread } = leaf;
  const value = leaf.value === undefined ? "not set" : `${shown(leaf.value)}${unitText(leaf)}`;
  const notes = [
    description === undefined ? undefined : capitalized(description),
    source === undefined ? undefined : `${isGiven(leaf) ? "Source of the default" : "Source"}: ${source}.`,
    unread === undefined ? undefined : `Nothing reads it here: ${unread}.`,
  ].filter((note) => note !== undefined);
  return [
    `  ${name} = ${value}  [${setBy(leaf)}]`,
    ...(notes.length > 0 ? [`      ${notes.join(" ")}`] : []),
  ];
}

function isGiven({ by }: ExplainedLeaf): boolean {
  return by === "experiment" || by === "set";
}

function setBy({ by, preset, otherwise }: ExplainedLeaf): string {
  const instead = otherwise === undefined ? "" : `, instead of ${shown(otherwise)}`;
  switch (by) {
    case "default":
      return "default";
    case "preset":
      return `preset ${preset}`;
    case "experiment":
      return `experiment${instead}`;
    case "set":
      return `--set${instead}`;
    case "none":
      return "left out";
  }
}

function unitText({ value, unit }: ExplainedLeaf): string {
  const isMeasured = value !== null && typeof value !== "string" && typeof value !== "boolean";
  return unit === undefined || !isMeasured ? "" : ` (${unit})`;
}

function shown(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}

function capitalized(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
