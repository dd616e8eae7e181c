/** Jobs as a Snakefile, which Snakemake runs on a machine or a cluster: https://snakemake.readthedocs.io/en/v7.21.0/ @module */
import { UserError } from "../../pipeline/mod.ts";
import { shellWord } from "../shell_word.ts";
import type { ExperimentJob, StageJob } from "./jobs.ts";

/** Of what a Snakefile is made. */
export interface Workflow {
  readonly stages: readonly StageJob[];
  readonly experiments: readonly ExperimentJob[];
  /** What starts a command: `["deno", "task"]`. */
  readonly program: readonly string[];
  /** Absolute path of the folder in which commands are started. */
  readonly folder: string;
  /** The adapter on which the memory of trainings was planned; undefined where it was not. */
  readonly adapter: string | undefined;
}

/** Folder of the files that say which jobs are done, and of what jobs print; where Snakemake is started. */
const folder = "jobs";

/** Megabytes of host memory beside what a training holds on the device: two processes, with 24 resp. 48 images in them 0.6 GB were measured. */
const hostMegabytes = 1000;

/**
 * Writes jobs as a Snakefile.
 *
 * @throws {UserError} If a word of a command holds what no line of a file can: a line break, another control character, or half
 *   of a character.
 */
export function snakefile({ stages, experiments, program, folder: start, adapter }: Workflow): string {
  const shell = (words: readonly string[]) => {
    const line = [...program, ...words].map(plainWord).join(" ");
    // Snakemake fills in what stands in braces.
    const filled = `cd ${plainWord(start)} && ${line}`.replaceAll(/[{}]/g, "$&$&");
    return `(${filled}) > {log} 2>&1`;
  };
  const rule = (
    job: ExperimentJob,
    resources: readonly string[],
    notes: readonly string[] = [],
  ) =>
    [
      `rule ${identifier(job.name)}:`,
      ...notes.map((note) => `    # ${note}`),
      ...listed("input", job.after.map(doneFile)),
      "    output:",
      `        touch(${literal(doneFile(job.name))}),`,
      "    log:",
      `        ${literal(`${folder}/${job.name}.log`)},`,
      "    resources:",
      ...resources.map((resource) => `        ${resource},`),
      "    shell:",
      `        ${literal(shell(job.command))}`,
    ].join("\n");
  const rules = [
    ["rule all:", ...listed("input", experiments.map(({ name }) => doneFile(name)))].join("\n"),
    ...stages.map((job) => rule(job, resourcesOf(job), job.key === undefined ? [] : [`key ${job.key}`])),
    ...experiments.map((job) => rule(job, ["gpu=0"])),
  ];
  return `${head(adapter)}\n\n${rules.join("\n\n\n")}\n`;
}

function head(adapter: string | undefined): string {
  const memory = adapter === undefined
    ? "mem_mb is left out: no training was planned on an adapter here."
    : `mem_mb: what a training will hold on the device, as planned on ${
      adapter.replaceAll(/\p{Cc}/gu, " ")
    }, and\n# ${hostMegabytes} MB for its processes. On a software adapter the device's memory is the host's.`;
  return `# Written by "export snakemake". A rule makes one result, which is not in the cache yet, by a plain command; the last ones
# take all from the cache and write the folders of the runs. After a change of code, settings or data write it again.
#
# A name is a stage and a digest of all that its result is made of: code, settings, seed, sources, and the same of its inputs.
# gpu: adapters that a job uses. ${memory}`;
}

function resourcesOf({ usesGpu, deviceBytes }: StageJob): string[] {
  const memory = deviceBytes === undefined ? [] : [`mem_mb=${Math.ceil(deviceBytes / 1e6) + hostMegabytes}`];
  return [`gpu=${usesGpu ? 1 : 0}`, ...memory];
}

function listed(name: string, files: readonly string[]): string[] {
  return files.length === 0 ? [] : [`    ${name}:`, ...files.map((file) => `        ${literal(file)},`)];
}

/** Snakemake makes it once the command has ended well. */
function doneFile(name: string): string {
  return `${folder}/${name}.done`;
}

/** The name of a rule: one of Python's. */
function identifier(name: string): string {
  return `_${name.replaceAll("-", "_")}`.replace(/^_(?=[A-Za-z])/, "");
}

/** A text as a literal of Python, which reads JSON's. */
function literal(text: string): string {
  return JSON.stringify(text);
}

function plainWord(word: string): string {
  if (!/\p{Cc}/u.test(word) && word.isWellFormed()) return shellWord(word);
  throw new UserError(
    `Cannot write ${
      JSON.stringify(word)
    } into a Snakefile: it holds a line break or another character that a line of text ` +
      "cannot. Give the file, folder or value another name.",
  );
}
