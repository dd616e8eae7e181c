/** `report`: a run as a page to look at. @module */
import type { Command } from "../../terminal/command.ts";
import { runsOf, shared } from "../../terminal/options.ts";
import { writeReport } from "../../../runtime/report/report.ts";
import { findRun, readMetrics } from "../../runs/stored_runs.ts";

/** The command. */
export const report: Command = {
  name: "report",
  summary: "write a run's page again, and say where it lies",
  details:
    "Every run has one, report.html in its folder, from its start on: one file that may be opened anywhere.",
  arguments: [{
    name: "run",
    description: "id of the run, its beginning, or latest (default: latest)",
    count: "optional",
  }],
  options: [shared.runs],
  async run(input) {
    const { path, ...run } = await findRun(input.positional[0] ?? "latest", runsOf(input));
    input.terminal.print(await writeReport(path, run, await readMetrics({ path, ...run })));
  },
};
