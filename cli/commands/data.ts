/** `data`: checks a data set as `load` will read it. @module */
import { type GraphNode, UserError } from "../../pipeline/mod.ts";
import { isFile } from "../../runtime/host/paths.ts";
import { openDataset } from "../../stages/datasets/dataset.ts";
import { load, type LoadConfig } from "../../stages/load.ts";
import { countsOf, survey } from "../../stages/survey/survey.ts";
import { dataJson, dataLines, type DataReport } from "../experiment/data_report.ts";
import { dataNodes } from "../experiment/data_source.ts";
import type { Command } from "../terminal/command.ts";
import { overrides, setHelp, shared } from "../terminal/options.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** How many images of each role are decoded without `--all`. */
const sampled = 32;

/** The command. */
export const data: Command = {
  name: "data",
  summary: "check a data set: its lists, its files, and what the images and masks hold",
  details:
    `Names an experiment, or a folder: of a published layout with its lists (pascal, cityscapes, camvid), or of
images and masks of your own. Says of each role how many images there are, their sizes, the share of each class,
what is ignored, which images are in two roles; warns of values that mean something else than they should.
Exits 1 if something is wrong.\n\n${setHelp}`,
  arguments: [{ name: "data", description: "an experiment, or the folder of a data set" }],
  options: [
    shared.set,
    { name: "all", description: `decode everything, not ${sampled} images of each role` },
    shared.json,
  ],
  async run(input) {
    const reports: DataReport[] = [];
    for (const node of await dataNodes(input.positional[0]!, overrides(input))) {
      reports.push(await check(node, input.flag("all"), input.terminal));
    }
    if (input.flag("json")) input.terminal.print(JSON.stringify(reports.map(dataJson)));
    else for (const line of reports.flatMap(dataLines)) input.terminal.print(line);
    return reports.some(({ problems }) => problems.length > 0) ? 1 : 0;
  },
};

async function check(node: GraphNode, all: boolean, terminal: Terminal): Promise<DataReport> {
  if (node.stage.name !== load.definition.name) return await checkOwn(node);
  const config = node.config as LoadConfig;
  const { dataset, root } = config;
  const common = {
    stage: node.id,
    dataset,
    root,
    decoded: 0,
    roles: [],
    notes: [],
    warnings: [],
    problems: [],
  };
  if (dataset === "shapes") {
    const { labeled, unlabeled, validation } = config.shapes;
    return { ...common, root: "", counts: { labeled, unlabeled, validation } };
  }
  const problems: string[] = [];
  const found = await collecting(problems, () => openDataset({ ...config, dataset }));
  if (found === undefined) return { ...common, counts: {}, problems };
  // Every file must be there before a run starts; this names the first that is not.
  await collecting(problems, async () => void await load.definition.sources?.(config));
  const { roles, notes, faults, findings } = await survey({ ...config, dataset }, found, {
    most: all ? Infinity : sampled,
    onFile: (what) => terminal.live(what),
  });
  terminal.live("");
  const messages = (areProblems: boolean) =>
    findings.filter(({ isProblem }) => isProblem === areProblems).map(({ message }) => message);
  return {
    ...common,
    counts: countsOf(found.lists),
    decoded: roles.reduce((sum, { decoded }) => sum + decoded, 0),
    roles,
    notes,
    warnings: messages(false),
    problems: [...new Set([...problems, ...faults, ...messages(true)])],
  };
}

/** A stage of one's own decodes when it runs; what it will read can be looked for before. */
async function checkOwn({ id, stage, config }: GraphNode): Promise<DataReport> {
  const problems: string[] = [];
  const sources = await collecting(problems, async () => await stage.sources?.(config) ?? []) ?? [];
  const missing = sources.filter(({ path }) => !isFile(path)).map(({ path }) => path);
  return {
    stage: id,
    dataset: stage.name,
    root: "",
    counts: {},
    decoded: 0,
    roles: [],
    notes: [`${sources.length} source files; what the stage makes of them is seen when it runs`],
    warnings: [],
    problems: [...problems, ...missing.map((path) => `Cannot read "${path}": there is no such file.`)],
  };
}

/** Runs `work`; a mistake in the data becomes a problem, all else is thrown. */
async function collecting<T>(problems: string[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
