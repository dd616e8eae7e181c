/** `runs diff`: what two runs differ in. @module */
import type { Command, CommandInput } from "../../terminal/command.ts";
import { cacheOf, runsOf, shared } from "../../terminal/options.ts";
import { type ComparedRun, factLines, metricsDifference, planLines } from "../../runs/run_difference.ts";
import { findRun, readMetrics, readPlan } from "../../runs/stored_runs.ts";

/** The command. */
export const diff: Command = {
  name: "diff",
  summary: "say what two runs differ in: settings, files, code, packages, adapter; and their scores",
  details: "One line for each part of a key that differs, with its values: first → second.",
  arguments: [
    { name: "first", description: "id of a run, its beginning, or latest" },
    { name: "second", description: "id of another" },
  ],
  options: [shared.runs, shared.cache, shared.json],
  async run(input) {
    const [a, b] = [await compared(input, 0), await compared(input, 1)];
    const facts = factLines(a.record, b.record);
    const parts = await planLines(a.plan, b.plan, cacheOf(input));
    const { print } = input.terminal;
    if (input.flag("json")) {
      const [first, second] = [a, b].map(({ record, metrics }) => ({ id: record.id, metrics }));
      return print(JSON.stringify({ first, second, parts, facts }));
    }
    print(`${a.record.name} ${a.record.id} → ${b.record.name} ${b.record.id}`);
    for (const line of parts) print(line);
    if (parts.length === 0) print("every stage has the same key and the same result");
    for (const line of facts) print(`recorded, in no key: ${line}`);
    const scores = metricsDifference(a.metrics, b.metrics);
    if (scores !== undefined) print(`\n${scores}`);
  },
};

async function compared(input: CommandInput, at: number): Promise<ComparedRun> {
  const record = await findRun(input.positional[at]!, runsOf(input));
  return { record, plan: await readPlan(record), metrics: await readMetrics(record) };
}
