/** A command line of the original, read with the files that it names. @module */
import { longestConfig, readConfigFile } from "../../configs/original/config_file.ts";
import { type OriginalExperiment, originalExperiment } from "../../configs/original/experiment.ts";
import { flags, readFlags, type Script, scriptFiles } from "../../configs/original/flags.ts";
import { type Note, originalNotes } from "../../configs/original/notes.ts";
import { stampOf } from "../../pipeline/files/files.ts";
import { FileReadError, readTextWholeSync } from "../../pipeline/files/read_file.ts";
import type { CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "../experiment/experiment.ts";
import { originalLists } from "./original_lists.ts";

/** A command line, translated. */
export interface TranslatedCommand extends OriginalExperiment {
  readonly notes: readonly Note[];
  /** Why the original would have stopped, where a run can go on if it is told how. */
  readonly lacks: string | undefined;
  /** The command line, for a comment. */
  readonly command: string;
}

/**
 * Reads flags, config and lists.
 *
 * @throws {UsageError} For a file that cannot be read, or lists that do not fit.
 * @throws {ConfigError} For a flag or a config that the original would refuse or not survive.
 */
export function translateCommand(input: CommandInput): TranslatedCommand {
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
    return readTextWholeSync(path, longestConfig);
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    if (!error.missing) throw new UsageError(`Cannot read the config "${path}": ${error.reason}.`);
    throw new UsageError(
      `Cannot read the config "${path}": there is no such file. Name the original's YAML file with --config; PASCAL's has ` +
        "six keys: dataset: pascal, nclass: 21, data_root: FOLDER, multi_grid: False, " +
        "replace_stride_with_dilation: [False, False, True], dilations: [6, 12, 18].",
    );
  }
}

function quoted(value: string): string {
  return /^[\w./:+-]+$/.test(value) ? value : JSON.stringify(value);
}
