/** `runs`: the runs that were written, one by one. @module */
import { join } from "node:path";
import { didYouMean } from "../../pipeline/mod.ts";
import type { Command, CommandInput } from "../command.ts";
import { UsageError } from "../errors.ts";
import { adapterLine } from "../gpu.ts";
import { isMetrics, metricsText } from "../metrics.ts";
import { jsonOption, runsOf, runsOption } from "../options.ts";
import { type StoredRun, storedRuns } from "../run_folder.ts";
import { duration, table } from "../text.ts";

const show: Command = {
  name: "show",
  summary: "show one run: settings, scores, stages",
  arguments: [{ name: "id", description: "id of the run, its beginning, or latest" }],
  options: [runsOption, jsonOption],
  async run(input) {
    const found = await findRun(input.positional[0]!, input);
    const metrics = await readJson(join(found.path, "metrics.json"));
    const { print } = input.terminal;
    if (input.flag("json")) return print(JSON.stringify({ ...found, metrics }));
    const { name, id, state, seed, started, seconds, set, gpu, error, nodes = [], path } = found;
    print(`${name} ${id}: ${state}${error === undefined ? "" : ` (${error})`}`);
    print(`started ${started}${seconds === undefined ? "" : `, took ${duration(seconds)}`}, seed ${seed}`);
    if (set.length > 0) print(`set: ${set.join(" ")}`);
    if (gpu !== undefined) print(adapterLine(gpu));
    if (nodes.length > 0) {
      const rows = nodes.map((node) => [node.id, node.state, duration(node.seconds), node.key.slice(0, 12)]);
      print(`\n${table(["stage", "state", "time", "key"], rows)}`);
    }
    if (isMetrics(metrics)) print(`\n${metricsText(metrics)}`);
    print(`\n${path}`);
  },
};

/** The command. */
export const runs: Command = {
  name: "runs",
  summary: "list the runs, or show one",
  options: [runsOption, jsonOption],
  commands: [show],
  async run(input) {
    const found = await storedRuns(runsOf(input));
    if (input.flag("json")) return input.terminal.print(JSON.stringify(found));
    if (found.length === 0) return input.terminal.print(`no runs in "${runsOf(input)}"`);
    const rows = found.map(({ name, id, seed, miou, gpu, seconds, state }) => [
      name,
      id,
      String(seed),
      miou?.average.toFixed(2) ?? "",
      seconds === undefined ? "" : duration(seconds),
      state,
      gpu?.adapter ?? "",
    ]);
    input.terminal.print(table(["name", "id", "seed", "mIoU", "time", "state", "adapter"], rows));
  },
};

/**
 * Finds a run.
 * @throws {UsageError} If there is none, or the beginning of an id fits several.
 */
export async function findRun(given: string, input: CommandInput): Promise<StoredRun> {
  const all = await storedRuns(runsOf(input));
  const latest = all.at(-1);
  if (given === "latest" && latest !== undefined) return latest;
  const fits = all.filter(({ id, name }) => id.startsWith(given) || `${name}/${id}` === given);
  const exact = fits.filter(({ id, name }) => id === given || `${name}/${id}` === given);
  const found = exact.length > 0 ? exact : fits;
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const ids = found.map(({ name, id }) => `${name}/${id}`).join(", ");
    throw new UsageError(`"${given}" fits several runs: ${ids}. Give more of the id.`);
  }
  const known = all.map(({ id }) => id);
  throw new UsageError(
    `Cannot find the run "${given}" in "${runsOf(input)}". ${
      known.length === 0 ? "There is none." : didYouMean(given, known)
    }`,
  );
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
