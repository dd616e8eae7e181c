/** What a user of the original should know about a translated command line. @module */
import type { OriginalConfig } from "./config_file.ts";
import { type OriginalData, usesOhem } from "./experiment.ts";
import { type Flags, flags as all, scriptFiles } from "./flags.ts";

/** One thing to say. */
export interface Note {
  /**
   * `unread`: the original never reads this; `no effect`: it is read, and changes nothing with the other values;
   * `differs`: here this works another way.
   */
  readonly kind: "unread" | "no effect" | "differs";
  readonly text: string;
}

/** All that is to be said, in the order of the flags, then of the run. */
export function originalNotes(flags: Flags, config: OriginalConfig, data: OriginalData): Note[] {
  const file = scriptFiles[flags.script];
  const notes: Note[] = [];
  for (const { name, unread } of all) {
    if (!flags.given.has(name)) continue;
    if (unread?.includes(flags.script)) {
      notes.push({ kind: "unread", text: `--${name}: ${file} never reads it` });
    }
    const reason = withoutEffect(name, flags);
    if (reason !== undefined) notes.push({ kind: "no effect", text: `--${name}: ${reason}` });
  }
  if (config.unread.length > 0) {
    const them = config.unread.length === 1 ? "it" : "them";
    notes.push({
      kind: "unread",
      text: `${config.unread.join(", ")} of the config: ${file} never reads ${them}`,
    });
  }
  if (config.ohem !== undefined && !usesOhem(flags)) {
    notes.push({
      kind: "no effect",
      text: `criterion.kwargs of the config: read with ${scriptFiles.aug} --mode_criterion OHEM alone`,
    });
  }
  return [...notes, ...differences(flags, data).map((text): Note => ({ kind: "differs", text }))];
}

/** Why a flag that was given changes nothing; undefined where it does, or is told elsewhere. */
function withoutEffect(name: string, flags: Flags): string | undefined {
  const mode = flags.text("mode_confident"), weak = flags.script === "no-aug";
  const modeHas = {
    conf_threshold: mode !== "vote" && mode !== "no",
    use_SPL: mode !== "vote" && mode !== "no",
    w_confident: weak ? mode.startsWith("vote") : mode === "vote_threshold",
    w_unconfident: !weak || mode.endsWith("soft"),
  }[name];
  if (modeHas === false) return `mode_confident ${mode} does not read it${weak ? "" : " in this script"}`;
  const needs = {
    w_con: weak ? "use_con" : undefined,
    w_dis: weak ? "use_dis" : undefined,
    mode_mapping: "use_MLP",
    use_norm: "use_MLP",
    use_dropout: "use_MLP",
    dropout: flags.is("use_MLP") ? "use_dropout" : "use_MLP",
  }[name];
  if (needs !== undefined && !flags.is(needs)) return `it needs --${needs}, which is off`;
  if (["port", "num_workers", "save_path"].includes(name)) {
    return {
      port: "there are no processes that must meet here",
      num_workers: "images are decoded once, before training, here",
      save_path: "runs are written to the folder that --runs names, here",
    }[name];
  }
  return undefined;
}

function differences(flags: Flags, { unlabeled }: OriginalData): string[] {
  const gpus = flags.number("gpus"), each = flags.number("batch_size"), batch = gpus * each;
  const strong = flags.script === "aug";
  const found = [
    `batch: ${gpus} GPUs × ${each} are one batch of ${batch} on one device, not accumulated gradients: batch norm sees ` +
    `all ${batch} images, as the original's synchronized batch norm does` +
    (each === 1
      ? ""
      : `. As the original's GPUs, on ${gpus} devices: mpirun -n ${gpus} deno task ccvc … --set co-train.accumulate=${gpus} ` +
        `--set co-train.synchronized=true, each of which averages its losses by itself; without mpirun one device gives the same ` +
        `bytes. In the memory of ${each} images leave synchronized out: batch norm then sees ${each} at a time`),
    `losses: means are over the pixels of all ${batch} images; the original averages the means of ${gpus} GPUs, which is ` +
    `not the same where GPUs have unequal numbers of labeled or padded pixels`,
    `seed ${
      flags.number("seed")
    }: draws are this project's own, so that a run repeats to the bit; they are not PyTorch's`,
  ];
  if (strong) {
    found.push(
      `CutMix: partners are found in the whole batch of ${batch}, in the original among the ${each} of a GPU` +
        (each === 1 ? ", where an image has none and nothing is mixed" : ""),
    );
    const words = all.filter(({ name, type }) =>
      type === "bool" && flags.is(name) === true && flags.given.has(name)
    );
    if (words.length > 0) {
      found.push(
        `${
          words.map(({ name }) => `--${name} ${flags.given.get(name)}`).join(", ")
        }: read as meant; ${scriptFiles.aug} ` +
          `stops on any such word, as its reader of yes and no returns a name that is not defined`,
      );
    }
  }
  if (usesOhem(flags)) {
    found.push(
      `OHEM: min_kept × ${gpus}, as the original keeps so many pixels on each GPU, and mines each GPU's images apart`,
    );
  }
  if (unlabeled !== undefined && Math.floor(Math.ceil(unlabeled / gpus) / each) < 8) {
    found.push(
      "progress: the original stops with a division by zero where an epoch has fewer than 8 steps; here it is trained",
    );
  }
  return found;
}
