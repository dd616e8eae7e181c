/** `partitions`: the published lists of labeled images, and whether those on disk are they. @module */
import { findPartition, PartitionError, readPartition } from "../../partitions/reader.ts";
import { type Partition, partitions as known } from "../../partitions/manifest.ts";
import type { Command, CommandInput } from "../command.ts";
import { UsageError } from "../errors.ts";
import { typedPath } from "../experiment.ts";
import { jsonOption } from "../options.ts";
import { table } from "../text.ts";
import { didYouMean } from "../../pipeline/mod.ts";

const listsOption = {
  name: "lists",
  value: "dir",
  description: "folder of the published lists (default: partitions/lists)",
} as const;

const folderOf = (input: CommandInput) => {
  const given = input.text("lists");
  return given === undefined ? "partitions/lists" : typedPath(given);
};

function facts({ name, dataset, labeled, unlabeled, validation, finelyLabeled, provenance }: Partition) {
  return {
    name,
    dataset,
    labeled: labeled.count,
    unlabeled: unlabeled.count,
    validation: validation.count,
    finelyLabeled,
    provenance,
  };
}

function listAll(input: CommandInput): void {
  const all = known.map(facts);
  if (input.flag("json")) return input.terminal.print(JSON.stringify(all));
  const rows = all.map((row) => [
    row.name,
    String(row.labeled),
    String(row.unlabeled),
    String(row.validation),
    String(row.finelyLabeled),
  ]);
  const head = ["partition", "labeled", "unlabeled", "validation", "finely labeled"];
  input.terminal.print(table(head, rows));
}

const list: Command = {
  name: "list",
  summary: "list the published partitions",
  options: [jsonOption],
  run: (input) => Promise.resolve(listAll(input)),
};

const show: Command = {
  name: "show",
  summary: "show one partition: lists, digests, who drew it",
  arguments: [{ name: "name", description: "e.g. pascal/366" }],
  options: [jsonOption],
  run(input) {
    const [name] = input.positional as [string];
    if (!known.some((partition) => partition.name === name)) {
      const names = known.map((partition) => partition.name);
      throw new UsageError(`Unknown partition "${name}". ${didYouMean(name, names)}`);
    }
    const found = findPartition(name);
    if (input.flag("json")) input.terminal.print(JSON.stringify(found));
    else {
      input.terminal.print(`${found.name}: drawn by ${found.provenance}`);
      input.terminal.print(`finely labeled: ${found.finelyLabeled} of ${found.labeled.count}\n`);
      const rows = [found.labeled, found.unlabeled, found.validation].map((published) => [
        published.path,
        String(published.count),
        String(published.bytes),
        published.sha256,
      ]);
      input.terminal.print(table(["list", "lines", "bytes", "SHA-256"], rows));
    }
    return Promise.resolve();
  },
};

const verify: Command = {
  name: "verify",
  summary: "hold the lists on disk against the published ones; exits 1 if one is missing or differs",
  arguments: [{ name: "names", description: "partitions (default: all)", count: "several" }],
  options: [listsOption, jsonOption],
  async run(input) {
    const names = input.positional.length > 0 ? input.positional : known.map(({ name }) => name);
    const results: { name: string; problem: string | null }[] = [];
    for (const name of names) {
      try {
        await readPartition(name, folderOf(input));
        results.push({ name, problem: null });
      } catch (error) {
        if (!(error instanceof PartitionError)) throw error;
        results.push({ name, problem: error.message });
      }
    }
    const failed = results.some(({ problem }) => problem !== null);
    if (input.flag("json")) input.terminal.print(JSON.stringify(results));
    else for (const { name, problem } of results) input.terminal.print(problem ?? `${name}: as published`);
    return failed ? 1 : 0;
  },
};

/** The command. */
export const partitions: Command = {
  name: "partitions",
  summary: "list, show and verify the published partitions",
  details: "How to get the lists: partitions/README.md.",
  options: [jsonOption],
  commands: [list, show, verify],
  run: (input) => Promise.resolve(listAll(input)),
};
