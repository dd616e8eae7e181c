/** `ccvc`: the command lines of CCVC's published scripts. @module */
import { join } from "node:path";
import { readConfigFile } from "../../configs/original/config_file.ts";
import { emitExperiment } from "../../configs/original/emit.ts";
import {
  type OriginalExperiment,
  originalExperiment,
  originalPipeline,
} from "../../configs/original/experiment.ts";
import { flags, readFlags, type Script, scriptFiles } from "../../configs/original/flags.ts";
import { type Note, originalNotes } from "../../configs/original/notes.ts";
import { stampOf, writeAtomically } from "../../pipeline/files.ts";
import { type Graph, isLocation, type Plan, plan, sha256 } from "../../pipeline/mod.ts";
import { benchmarksOf } from "../benchmarks.ts";
import type { Command, CommandInput, OptionSpec } from "../command.ts";
import { type Comparison, nearestExperiment } from "../comparison.ts";
import { UsageError } from "../errors.ts";
import { typedPath } from "../experiment.ts";
import {
  cacheOf,
  cacheOption,
  checkpointEvery,
  checkpointOption,
  jsonOption,
  overrides,
  runsOf,
  runsOption,
  setOption,
} from "../options.ts";
import { originalLists } from "../original_lists.ts";
import { runExperiment } from "../run_experiment.ts";
import { withSession } from "../session.ts";
import { notesOnly, type Terminal } from "../terminal.ts";
import { table } from "../text.ts";
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
  details:
    `Takes every flag of CCVC_no_aug.py and CCVC_aug.py with its type and default, reads the original's YAML config,
and trains the same experiment. Says which flags nothing reads, and refuses what the original would not survive.
--set changes leaves of the experiment behind it, as for "train".`,
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
    setOption,
    cacheOption,
    runsOption,
    checkpointOption,
    jsonOption,
    ...flagOptions,
  ],
  async run(input) {
    if (input.flag("plan") && input.flag("emit")) {
      throw new UsageError("Cannot take both --plan and --emit; give one of the two.");
    }
    const translated = translate(input);
    if (input.flag("emit")) return printFile(translated, input);
    if (input.flag("plan")) return await printPlan(translated, input);
    await train(translated, input);
  },
};

/** A command line, translated. */
interface Translated extends OriginalExperiment {
  readonly notes: readonly Note[];
  /** Why the original would have stopped, where a run can go on if it is told how. */
  readonly lacks: string | undefined;
  /** The command line, for a comment. */
  readonly command: string;
}

function translate(input: CommandInput): Translated {
  const script = scriptOf(input);
  const typed = flags.map(({ name }) => [name, input.text(name)] as const)
    .filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const given = readFlags(script, new Map(typed));
  const path = typedPath(given.text("config"));
  const config = readConfigFile(configText(path), path);
  const { notes: found, ...data } = originalLists(config.dataset, {
    labeled: given.text("labeled_id_path"),
    unlabeled: given.text("unlabeled_id_path"),
  });
  const weights = typedPath(`pretrained/${given.text("backbone")}.pth`);
  const hasWeights = stampOf(weights) !== undefined;
  const places = { root: typedPath(config.dataRoot), pretrained: hasWeights ? weights : undefined };
  const experiment = originalExperiment(given, config, places, data);
  const lacks = hasWeights
    ? undefined
    : `there is no file "${weights}", which the original loads into both ` +
      "backbones and stops without";
  const notes = [
    ...originalNotes(given, config, data),
    ...found.map((text): Note => ({ kind: "differs", text: `lists: ${text}` })),
    ...(lacks === undefined ? [] : [
      { kind: "differs", text: `weights: ${lacks}; without it this starts from random weights` } as const,
    ]),
  ];
  const command = [scriptFiles[script], ...typed.flatMap(([name, value]) => [`--${name}`, quoted(value)])]
    .join(
      " ",
    );
  return { ...experiment, notes, lacks, command };
}

function scriptOf(input: CommandInput): Script {
  const given = input.text("script") ?? "no-aug";
  for (const script of ["no-aug", "aug"] as const) {
    if (given === script || given.replace(/^.*[/\\]/, "") === scriptFiles[script]) return script;
  }
  const known = Object.values(scriptFiles).join(", ");
  throw new UsageError(`Cannot take "--script ${given}": it must be no-aug, aug, or one of ${known}`);
}

function configText(path: string): string {
  try {
    if (!Deno.statSync(path).isFile) throw new UsageError(`Cannot read the config "${path}": it is no file.`);
    // A few bytes more than are allowed are enough to tell that a file is too long.
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(1 << 17);
    let length = 0;
    for (let count; length < bytes.length && (count = file.readSync(bytes.subarray(length))) !== null;) {
      length += count;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new UsageError(
      `Cannot read the config "${path}": there is no such file. Name the original's YAML file with --config.`,
    );
  }
}

function printFile(translated: Translated, input: CommandInput): void {
  if (input.texts("set").length > 0) {
    throw new UsageError(
      "Cannot write --set into the file; give it to the train command that runs the file.",
    );
  }
  if (!input.flag("json")) tell(translated.notes, notesOnly(input.terminal));
  const file = emitExperiment(translated, translated.command);
  input.terminal.print(
    input.flag("json") ? JSON.stringify({ file, notes: translated.notes }) : file.trimEnd(),
  );
}

async function printPlan(translated: Translated, input: CommandInput): Promise<void> {
  const { settings, seed, notes, setBy } = translated;
  const graph = originalPipeline(settings).build(overrides(input));
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
  if (json) terminal.print(JSON.stringify({ notes, comparison, plan: planned }));
  else {
    const rows = planned.nodes.map(({ id, state, key }) => [id, state, key?.slice(0, 12) ?? ""]);
    terminal.print(table(["stage", "state", "key"], rows));
  }
}

async function train(translated: Translated, input: CommandInput): Promise<void> {
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
  pipeline.build(set);
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

function quoted(value: string): string {
  return /^[\w./:+-]+$/.test(value) ? value : JSON.stringify(value);
}
