/** `data`: checks a data set as `load` will read it. @module */
import { type GraphNode, UserError } from "../../pipeline/mod.ts";
import { type LocatedSample, readImage, readMask } from "../../stages/datasets/decode_sample.ts";
import { type Dataset, openDataset } from "../../stages/datasets/dataset.ts";
import { load, type LoadConfig } from "../../stages/load.ts";
import type { Command } from "../terminal/command.ts";
import { dataNodes } from "../experiment/data_source.ts";
import { overrides, setHelp, shared } from "../terminal/options.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** How many images of each list are decoded without `--all`. */
const sampled = 8;
/** How many problems are shown. */
const shown = 20;
const roles = ["labeled", "unlabeled", "validation"] as const;

/** What was found in the data of one stage. */
interface DataReport {
  readonly stage: string;
  readonly dataset: string;
  readonly root: string;
  readonly counts: Readonly<Record<string, number>>;
  /** Images decoded, with their masks where there are any to be read. */
  readonly decoded: number;
  readonly problems: readonly string[];
}

/** The command. */
export const data: Command = {
  name: "data",
  summary: "check a data set: its lists, its files, and a sample of them decoded",
  details:
    `Names an experiment or the folder of a data set (pascal, cityscapes and camvid layouts are recognized).
Exits 1 if something is wrong.\n\n${setHelp}`,
  arguments: [{ name: "data", description: "an experiment, or the folder of a data set" }],
  options: [
    shared.set,
    { name: "all", description: `decode everything, not ${sampled} images of each list` },
    shared.json,
  ],
  async run(input) {
    const reports: DataReport[] = [];
    for (const node of await dataNodes(input.positional[0]!, overrides(input))) {
      reports.push(await check(node, input.flag("all"), input.terminal));
    }
    if (input.flag("json")) input.terminal.print(JSON.stringify(reports));
    else for (const report of reports) print(report, input.terminal);
    return reports.some(({ problems }) => problems.length > 0) ? 1 : 0;
  },
};

async function check(node: GraphNode, all: boolean, terminal: Terminal): Promise<DataReport> {
  const config = node.config as LoadConfig;
  const { dataset, root } = config;
  if (dataset === "shapes") {
    const { labeled, unlabeled, validation } = config.shapes;
    return {
      stage: node.id,
      dataset,
      root: "",
      counts: { labeled, unlabeled, validation },
      decoded: 0,
      problems: [],
    };
  }
  const problems: string[] = [];
  const counts: Record<string, number> = {};
  let decoded = 0;
  await collecting(problems, async () => {
    const found = await openDataset({ ...config, dataset }), { lists } = found;
    for (const role of roles) counts[role] = lists[role].samples.length;
    // Every file must be there before a run starts; this names the first that is not.
    await collecting(problems, async () => void await load.definition.sources?.(config));
    for (const role of roles) {
      const { samples, path: list } = lists[role];
      const wanted = all ? samples : spaced(samples, sampled);
      for (const sample of wanted) {
        terminal.live(`${role}: ${sample.id}`);
        await collecting(problems, async () => {
          await decode({ sample, list, root }, found, role !== "unlabeled" || config.unlabeledTruth);
          decoded++;
        });
      }
    }
  });
  terminal.live("");
  return { stage: node.id, dataset, root, counts, decoded, problems: [...new Set(problems)] };
}

async function decode(
  at: LocatedSample,
  { labeling, orientation }: Pick<Dataset, "labeling" | "orientation">,
  withMask: boolean,
): Promise<void> {
  const image = await readImage(at, { orientation });
  if (withMask && at.sample.mask !== undefined) await readMask(at, image, labeling, orientation);
}

/** Runs `work`; a mistake in the data becomes a problem, all else is thrown. */
async function collecting(problems: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
  }
}

/** `count` items, evenly spaced, the first and the last among them. */
function spaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round(i * (items.length - 1) / (count - 1))]!);
}

function print({ stage, dataset, root, counts, decoded, problems }: DataReport, terminal: Terminal): void {
  const named = roles.map((role) => `${counts[role] ?? "?"} ${role}`).join(", ");
  terminal.print(`${stage}: ${dataset}${root === "" ? " (drawn, not read)" : ` at ${root}`}: ${named}`);
  if (dataset !== "shapes") terminal.print(`decoded without a fault: ${decoded} images`);
  for (const problem of problems.slice(0, shown)) terminal.print(`problem: ${problem}`);
  if (problems.length > shown) {
    terminal.print(`and ${problems.length - shown} more problems (--json lists all)`);
  }
}
