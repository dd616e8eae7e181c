/** `ccvc`: the command lines of CCVC's published scripts. @module */
import { join } from "node:path";
import { emitExperiment } from "../../configs/original/emit.ts";
import { type OriginalExperiment, originalPipeline } from "../../configs/original/experiment.ts";
import { flags } from "../../configs/original/flags.ts";
import type { Note } from "../../configs/original/notes.ts";
import { writeAtomically } from "../../pipeline/files/files.ts";
import {
  ConfigError,
  type Graph,
  isLocation,
  type Override,
  type Plan,
  plan,
  sha256,
} from "../../pipeline/mod.ts";
import { benchmarksOf } from "../../runtime/runs/benchmarks.ts";
import type { Command, CommandInput, OptionSpec } from "../terminal/command.ts";
import { type Comparison, nearestExperiment } from "../original/comparison.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "../experiment/experiment.ts";
import { cacheOf, checkpointEvery, overrides, runsOf, shared } from "../terminal/options.ts";
import { translateCommand, type TranslatedCommand } from "../original/original_command.ts";
import { stagesTable } from "../experiment/planning.ts";
import { runExperiment } from "../../runtime/runs/run_experiment.ts";
import { withSession } from "../runs/session.ts";
import { notesOnly, type Terminal } from "../terminal/terminal.ts";
import { table } from "../terminal/text.ts";
import { report } from "./train.ts";

const flagOptions: readonly OptionSpec[] = flags.map(({ name, type, defaults, choices, meaning }) => {
  const [weak, strong] = [defaults["no-aug"], defaults.aug].map((value) =>
    value === undefined ? undefined : String(value)
  );
  const only = weak === undefined ? "; aug alone" : strong === undefined ? "; no-aug alone" : "";
  const value = weak !== undefined && strong !== undefined && weak !== strong
    ? `${weak} no-aug, ${strong} aug`
    : weak ?? strong;
  const values = choices === undefined ? "" : `: ${choices.join(", ")}`;
  return { name, value: type, description: `${meaning}${values} (default: ${value}${only})` };
});

/** The command. */
export const ccvc: Command = {
  name: "ccvc",
  summary: "run a command line of CCVC's published code",
  details: `Takes every flag of CCVC_no_aug.py and CCVC_aug.py with its type and default, reads the
original's YAML config, and trains the same experiment. Says which flags nothing reads,
and refuses what the original would not survive. --set changes leaves of the experiment
behind it, as for "train".`,
  options: [
    {
      name: "script",
      value: "aug|no-aug",
      description: "which script's command line it is; the scripts' file names do as well (default: no-aug)",
    },
    {
      name: "plan",
      description: "run nothing: show the plan, and the nearest shipped experiment leaf by leaf",
    },
    { name: "emit", description: "run nothing: print the experiment as a TypeScript file, for train" },
    shared.set,
    shared.cache,
    shared.runs,
    shared.checkpointEvery,
    shared.json,
    ...flagOptions,
  ],
  async run(input) {
    if (input.flag("plan") && input.flag("emit")) {
      throw new UsageError("Cannot take both --plan and --emit; give one of the two.");
    }
    const translated = translateCommand(input);
    if (input.flag("emit")) return printFile(translated, input);
    if (input.flag("plan")) return await printPlan(translated, input);
    await train(translated, input);
  },
};

function printFile(translated: TranslatedCommand, input: CommandInput): void {
  if (input.texts("set").length > 0) {
    throw new UsageError(
      "Cannot write --set into the file; give it to the train command that runs the file.",
    );
  }
  buildOf(translated); // A file that train would refuse is not printed.
  if (!input.flag("json")) tell(translated.notes, notesOnly(input.terminal));
  const file = emitExperiment(translated, translated.command);
  input.terminal.print(
    input.flag("json") ? JSON.stringify({ file, notes: translated.notes }) : file.trimEnd(),
  );
}

/**
 * The graph of the experiment.
 * @throws {ConfigError} If a leaf is refused, with the flag that it comes from.
 */
function buildOf({ settings, setBy }: TranslatedCommand, set: readonly Override[] = []): Graph {
  try {
    return originalPipeline(settings).build(set);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const leaf = Object.keys(setBy).find((name) => error.message.includes(`${name}:`));
    if (leaf === undefined) throw error;
    throw new ConfigError(`${error.message}. ${leaf} is what ${setBy[leaf]} gives here.`, { cause: error });
  }
}

async function printPlan(translated: TranslatedCommand, input: CommandInput): Promise<void> {
  const { seed, notes, setBy } = translated;
  const graph = buildOf(translated, overrides(input));
  const comparison = await nearestExperiment(graph);
  const { terminal } = input, json = input.flag("json");
  if (!json) {
    terminal.print(`${graph.name}, seed ${seed}: ${translated.command}\n`);
    const loading = graph.nodes.map(({ stage, config }) => ({ stage: stage.name, config }));
    for (const name of benchmarksOf(loading)) terminal.print(`benchmark: ${name}`);
    tell(notes, terminal);
    terminal.print(`\n${comparisonText(comparison, setBy, graph)}\n`);
  }
  const planned: Plan = await plan(graph, { cache: cacheOf(input), seed });
  terminal.print(json ? JSON.stringify({ notes, comparison, plan: planned }) : stagesTable(planned));
}

async function train(translated: TranslatedCommand, input: CommandInput): Promise<void> {
  const { settings, seed, notes, lacks } = translated;
  const json = input.flag("json");
  const terminal = json ? notesOnly(input.terminal) : input.terminal;
  const set = overrides(input), runs = runsOf(input);
  if (
    lacks !== undefined && !set.some(({ stage, path }) => stage === "co-train" && path[0] === "pretrained")
  ) {
    throw new UsageError(
      `Cannot run ${
        translated.command.split(" ")[0]
      }: ${lacks}. Put it there, or name another file or none at all: ` +
        "--set co-train.pretrained=FILE, --set co-train.pretrained=none.",
    );
  }
  tell(notes, terminal);
  const pipeline = originalPipeline(settings);
  buildOf(translated, set);
  // The run's results are read again through the experiment's file, so it is kept beside the runs.
  const file = emitExperiment(translated, translated.command);
  const experiment = typedPath(join(runs, "experiments", `${settings.name}-${sha256(file).slice(0, 12)}.ts`));
  await writeAtomically(experiment, new TextEncoder().encode(file));
  const options = { terminal, cache: cacheOf(input), runs, checkpointEvery: checkpointEvery(input) };
  await withSession(options, async (session) => {
    const run = await runExperiment({ pipeline, experiment, overrides: set, seed }, session);
    report(run, terminal);
    if (json) input.terminal.print(JSON.stringify(run.metrics ?? {}));
  });
}

function tell(notes: readonly Note[], terminal: Terminal): void {
  const titles = { unread: "never read", "no effect": "no effect", differs: "here" } as const;
  for (const { kind, text } of notes) terminal.print(`${titles[kind]}: ${text}`);
}

function comparisonText(
  comparison: Comparison,
  setBy: OriginalExperiment["setBy"],
  { nodes }: Graph,
): string {
  const { differences, equal, onlyOurs, onlyTheirs } = comparison;
  const only = (ids: readonly string[], where: string) => ids.map((id) => `stage ${id}: ${where} alone`);
  const lines = [
    `nearest shipped experiment: ${comparison.with}; ${equal.length} leaves are equal, ${differences.length} differ`,
    ...only(onlyOurs, "here"),
    ...only(onlyTheirs, `in ${comparison.with}`),
  ];
  if (differences.length === 0) return lines.join("\n");
  const isPlace = (leaf: string) => {
    const [id, ...path] = leaf.split(".");
    return isLocation(nodes.find((node) => node.id === id)!.stage.config, path);
  };
  const rows = differences.map(({ leaf, ours, theirs }) => [
    leaf,
    ours ?? "not set",
    theirs ?? "not set",
    [setBy[leaf] ?? "", ...(isPlace(leaf) ? ["a place: no part of any key"] : [])].join("; "),
  ]);
  return `${lines.join("\n")}\n\n${table(["leaf", "here", comparison.with, "set here by"], rows)}`;
}
