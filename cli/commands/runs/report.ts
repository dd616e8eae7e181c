/** `report`: a run as a page to look at, or several held against one another. @module */
import type { Command } from "../../terminal/command.ts";
import { runsOf, shared } from "../../terminal/options.ts";
import { writeReport } from "../../../runtime/report/report.ts";
import { compareRuns } from "../../runs/comparison.ts";
import { findRun, readMetrics, storedRuns } from "../../runs/stored_runs.ts";

/** The command. */
export const report: Command = {
  name: "report",
  summary: "write a run's page again, or a page that compares several, and say where it lies",
  details:
    `Every run has a page, report.html in its folder, from its start on: one file that may be opened anywhere.
Several runs make a page of their own: curves over one another, scores with mean and spread over seeds, what settings differ,
and the same images side by side. The name of an experiment stands for the seeds of its latest settings:
  deno task report 20260131-2359 20260201-0007
  deno task report shapes-12`,
  arguments: [{
    name: "runs",
    description: "ids of runs, their beginnings, latest, or names of experiments (default: latest)",
    count: "several",
  }],
  options: [shared.runs],
  async run(input) {
    const given = input.positional, runs = runsOf(input);
    const isExperiment = (await storedRuns(runs)).some(({ name }) => name === given[0]);
    if (given.length > 1 || isExperiment) return input.terminal.print(await compareRuns(given, runs));
    const { path, ...run } = await findRun(given[0] ?? "latest", runs);
    input.terminal.print(await writeReport(path, run, await readMetrics({ path, ...run })));
  },
};
