/** The flags of CCVC's two training scripts: names, types, defaults, and which of them nothing reads. CCVC §5. @module */
import { ConfigError } from "../../mod.ts";

/** Which of the two scripts. */
export type Script = "no-aug" | "aug";

/** The scripts' file names. */
export const scriptFiles: Readonly<Record<Script, string>> = {
  "no-aug": "CCVC_no_aug.py",
  aug: "CCVC_aug.py",
};

/** A flag's value, read as its type. */
export type FlagValue = string | number | boolean;

/** What Python's argument parser makes of a text. */
export type FlagType = "str" | "int" | "float" | "bool";

/** One flag. */
export interface Flag {
  readonly name: string;
  readonly type: FlagType;
  /** Its default in each script; a script that lacks it does not know the flag. */
  readonly defaults: Readonly<Partial<Record<Script, FlagValue>>>;
  /** The values it takes, where not every one is taken. */
  readonly choices?: readonly string[];
  readonly meaning: string;
  /** In which scripts nothing reads it. */
  readonly unread?: readonly Script[];
}

const scripts: readonly Script[] = ["no-aug", "aug"];

function flag(
  name: string,
  type: FlagType,
  value: FlagValue,
  meaning: string,
  more: Partial<Pick<Flag, "defaults" | "choices" | "unread">> = {},
): Flag {
  return { name, type, defaults: { "no-aug": value, aug: value }, meaning, ...more };
}

/** All flags of both scripts. */
export const flags: readonly Flag[] = [
  flag("config", "str", "configs/pascal.yaml", "the data set's YAML file"),
  flag("backbone", "str", "resnet101", "resnet50, resnet101 or xception"),
  flag("labeled_id_path", "str", "partitions/pascal/366/labeled.txt", "list of the labeled images"),
  flag("unlabeled_id_path", "str", "partitions/pascal/366/unlabeled.txt", "list of the unlabeled images"),
  flag("save_path", "str", "test", "where the original writes; here runs are written to --runs"),
  flag("load_path", "str", "test", "never read", { unread: scripts }),
  flag("port", "int", 2020, "where the original's processes meet"),
  flag("epochs", "int", 80, "passes over the unlabeled images"),
  flag("batch_size", "int", 6, "labeled images a step and GPU, and as many unlabeled ones"),
  flag("crop_size", "int", 321, "side of the crops that training and evaluation see, pixels"),
  flag("seed", "int", 22, "seed of the run"),
  flag("num_workers", "int", 2, "processes that decode"),
  flag("gpus", "int", 4, "GPUs of the original: here the batch is --gpus × --batch_size"),
  flag("nodes", "int", 1, "machines"),
  flag("ddp", "bool", true, "never read", { unread: scripts }),
  flag("mode_criterion", "str", "CE", "supervised loss", {
    defaults: { aug: "CE" },
    choices: ["CE", "OHEM"],
  }),
  flag("mode_mapping", "str", "else", "both: both branches map their features; else: the second one"),
  flag("use_con", "bool", false, "consistency loss", { defaults: { "no-aug": false } }),
  flag("use_dis", "bool", false, "discrepancy loss", { defaults: { "no-aug": false } }),
  flag("use_MLP", "bool", false, "map features to another view"),
  flag("use_norm", "bool", false, "batch norm and ReLU after the mapping"),
  flag("use_dropout", "bool", false, "channel dropout after the mapping"),
  flag("dropout", "float", 0.5, "probability that a channel is dropped"),
  flag("conf_threshold", "float", 0.5, "confidence threshold"),
  flag("mode_confident", "str", "no", "which pixels count how much", {
    choices: ["normal", "soft", "vote", "vote_threshold", "vote_soft", "no"],
  }),
  flag("use_SPL", "bool", false, "raise the threshold after every epoch"),
  flag("use_aug", "bool", true, "never read", { defaults: { aug: true }, unread: ["aug"] }),
  flag("w_CE", "float", 1, "weight of the supervised loss"),
  flag("w_con", "float", 1, "weight of the consistency loss"),
  flag("w_dis", "float", 1, "weight of the discrepancy loss"),
  flag("w_confident", "float", 2, "weight of conflicting, confident pixels", {
    defaults: { "no-aug": 2, aug: 1.5 },
  }),
  flag("w_unconfident", "float", 0.75, "weight of unconfident pixels", { unread: ["aug"] }),
  flag("base_lr", "float", 0.001, "base learning rate"),
  flag("lr_network", "float", 5, "its multiple for the heads"),
  flag("lr_backbone", "float", 5, "its multiple for the backbones"),
  flag("mul_scheduler", "float", 0.9, "exponent of the polynomial decay"),
];

/** All flags of one script with their values, and which of them were given. */
export interface Flags {
  readonly script: Script;
  /** Which were typed, with the text. */
  readonly given: ReadonlyMap<string, string>;
  text(name: string): string;
  number(name: string): number;
  is(name: string): boolean;
}

/**
 * Reads flags as the script's argument parser does.
 *
 * @param given Name → text as typed.
 * @throws {ConfigError} If the script does not know a flag, or cannot read its text.
 */
export function readFlags(script: Script, given: ReadonlyMap<string, string>): Flags {
  const values = new Map<string, FlagValue>();
  for (const flag of flags) {
    const text = given.get(flag.name), fallback = flag.defaults[script];
    if (fallback === undefined) {
      if (text !== undefined) throw notOfThisScript(flag.name, script);
    } else values.set(flag.name, text === undefined ? fallback : readValue(flag, text, script));
  }
  const value = <T extends FlagValue>(name: string) => values.get(name) as T;
  return {
    script,
    given,
    text: (name) => value<string>(name),
    number: (name) => value<number>(name),
    is: (name) => value<boolean>(name),
  };
}

function notOfThisScript(name: string, script: Script): ConfigError {
  const file = scriptFiles[script], other = scriptFiles[script === "aug" ? "no-aug" : "aug"];
  const because = script === "aug" && name.startsWith("use_")
    ? `${file} has no such flag, as both losses are always on there; leave it out, or set the loss's weight to 0`
    : `${file} has no such flag, ${other} has it; choose that one with --script ${
      script === "aug" ? "no-aug" : "aug"
    }`;
  return new ConfigError(`Cannot take --${name}: ${because}.`);
}

const truth: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  t: true,
  y: true,
  1: true,
  no: false,
  false: false,
  f: false,
  n: false,
  0: false,
};

function readValue({ name, type, choices }: Flag, text: string, script: Script): FlagValue {
  const fail = (rule: string) =>
    new ConfigError(
      `Cannot read "--${name} ${text}": ${scriptFiles[script]} takes ${rule} there${quoteHint(text)}.`,
    );
  if (choices !== undefined && !choices.includes(text)) throw fail(`one of ${choices.join(", ")}`);
  // Python allows underscores between digits and white space around a number.
  const plain = text.trim().replaceAll(/(?<=\d)_(?=\d)/g, "");
  switch (type) {
    case "str":
      if (text === "") throw fail("a text that is not empty");
      return text;
    case "int": {
      const value = Number(plain);
      if (!/^[+-]?\d+$/.test(plain) || !Number.isSafeInteger(value)) throw fail("a whole number");
      return value;
    }
    case "float": {
      const value = Number(plain);
      const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain);
      if (!isNumber || !Number.isFinite(value)) throw fail("a finite number");
      return value;
    }
    case "bool": {
      const value = Object.hasOwn(truth, text.toLowerCase()) ? truth[text.toLowerCase()] : undefined;
      if (value === undefined) throw fail("yes, true, t, y or 1, or no, false, f, n or 0");
      return value;
    }
  }
}

/** Some shells hand quotes on, which the original's users met as well. */
function quoteHint(text: string): string {
  return /^(['"]).*\1$/.test(text) ? "; the quotes came with it, leave them out" : "";
}
