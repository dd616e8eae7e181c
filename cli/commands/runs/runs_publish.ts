/** `runs publish`: keeps what is to be published of a run, for `plan --frozen` to hold the code against. @module */
import type { Command } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { resultsOf, runsOf, shared } from "../../terminal/options.ts";
import { adaptersOf, mixedNotice } from "../../../runtime/runs/provenance.ts";
import { publish as write } from "../../results/results.ts";
import { findRun, readMetrics, readPlan, type StoredRun, storedRuns } from "../../runs/stored_runs.ts";

/** The command. */
export const publish: Command = {
  name: "publish",
  summary:
    "write a run's settings, keys, adapter and scores to results/, replacing what was there of its seed",
  details: "An experiment's name stands for the latest finished run of each seed, without --set.",
  arguments: [{
    name: "run",
    description: "id of a run, its beginning, latest, or the name of an experiment",
  }],
  options: [shared.runs, shared.results],
  async run(input) {
    const folder = resultsOf(input);
    for (const run of await namedRuns(input.positional[0]!, runsOf(input))) {
      const path = await write(run, await readPlan(run), await readMetrics(run), folder);
      input.terminal.print(`${run.name} ${run.id} → ${path}`);
      const mixed = mixedNotice(adaptersOf(run.nodes ?? []));
      if (mixed !== undefined) input.terminal.note(mixed);
    }
  },
};

async function namedRuns(given: string, runs: string): Promise<readonly StoredRun[]> {
  const ofName = (await storedRuns(runs)).filter(({ name }) => name === given);
  if (ofName.length === 0) return [await findRun(given, runs)];
  // The latest one is the last one: it replaces those before it.
  const done = ofName.filter(({ state, set, method, until }) =>
    state === "done" && set.length === 0 && method === undefined && until === undefined
  );
  if (done.length > 0) return [...new Map(done.map((run) => [run.seed, run])).values()];
  throw new UsageError(
    `Cannot publish "${given}": none of its ${ofName.length} runs is done without --set. Train it, or name a run by its id.`,
  );
}
