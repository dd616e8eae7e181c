/** `partitions`: the published lists of labeled images, and whether those on disk are they. @module */
import { explain } from "../../../partitions/install.ts";
import { type Partition, partitions as known } from "../../../partitions/manifest.ts";
import { ccvcOriginal, inCcvcOriginal, uniMatch } from "../../../partitions/publishers.ts";
import { PartitionError, readPartition } from "../../../partitions/reader.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { shared } from "../../terminal/options.ts";
import { folderOf, listsOption, namedPartition, namedPartitions } from "../../terminal/partition_options.ts";
import { table } from "../../terminal/text.ts";
import { get } from "./partitions_get.ts";

function facts(partition: Partition) {
  const { name, dataset, labeled, unlabeled, validation, finelyLabeled, provenance, benchmark } = partition;
  return {
    name,
    benchmark,
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
    row.benchmark,
  ]);
  const head = ["partition", "labeled", "unlabeled", "validation", "finely labeled", "benchmark"];
  input.terminal.print(table(head, rows));
}

const list: Command = {
  name: "list",
  summary: "list the published partitions",
  options: [shared.json],
  run: (input) => Promise.resolve(listAll(input)),
};

const show: Command = {
  name: "show",
  summary: "show one partition: lists, digests, who drew it",
  arguments: [{ name: "name", description: "e.g. pascal/366" }],
  options: [shared.json],
  run(input) {
    const found = namedPartition(input.positional[0]!);
    const publishers = [uniMatch, ...(inCcvcOriginal(found.name) ? [ccvcOriginal] : [])];
    if (input.flag("json")) input.terminal.print(JSON.stringify({ ...found, publishers }));
    else {
      const { labeled: { count }, finelyLabeled, counterpart } = found;
      input.terminal.print(`${found.name}: ${found.benchmark}`);
      input.terminal.print(`drawn by ${found.provenance}`);
      const share = (100 * finelyLabeled / count).toFixed(1).replace(/\.0$/, "");
      input.terminal.print(
        `finely labeled: ${finelyLabeled} of ${count} (${share} %)` +
          (finelyLabeled === count ? "" : "; the others have SBD's coarser masks"),
      );
      for (const { page, commit, license } of publishers) {
        input.terminal.print(`published: ${page} at ${commit} (license: ${license})`);
      }
      if (counterpart !== undefined) {
        const other = namedPartition(counterpart);
        input.terminal.print(
          `not to be mixed with ${counterpart} (${other.benchmark}): results on the two say nothing about each other`,
        );
      }
      input.terminal.print("");
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
  options: [listsOption, shared.json],
  async run(input) {
    const names = namedPartitions(input.positional).map(({ name }) => name);
    const results: { name: string; problem: string | null }[] = [];
    for (const name of names) {
      try {
        await readPartition(name, folderOf(input));
        results.push({ name, problem: null });
      } catch (error) {
        if (!(error instanceof PartitionError)) throw error;
        results.push({ name, problem: explain(error) });
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
  summary: "get, list, show and verify the published partitions",
  options: [shared.json],
  commands: [list, show, get, verify],
  run: (input) => Promise.resolve(listAll(input)),
};
