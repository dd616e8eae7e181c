/** `runs`: the runs that were written, one by one. @module */
import { artifactReader, didYouMean, UserError } from "../../../pipeline/mod.ts";
import type { Command } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { typedPath } from "../../experiment/experiment.ts";
import { exportNew } from "../../../runtime/runs/outputs.ts";
import { adapterLine } from "../../../runtime/gpu/gpu.ts";
import { metricsText } from "../../runs/metrics.ts";
import { headlineScore, isRunScores } from "../../../runtime/runs/scores.ts";
import { cacheOf, runsOf, shared } from "../../terminal/options.ts";
import { adaptersOf, madeOn, mixedNotice } from "../../../runtime/runs/provenance.ts";
import { findRun, readMetrics, storedRuns } from "../../runs/stored_runs.ts";
import { duration, percent, table } from "../../terminal/text.ts";
import { diff } from "./runs_diff.ts";
import { publish } from "./runs_publish.ts";

const show: Command = {
  name: "show",
  summary: "show one run: settings, scores, stages",
  arguments: [{ name: "id", description: "id of the run, its beginning, or latest" }],
  options: [shared.runs, shared.json],
  async run(input) {
    const found = await findRun(input.positional[0]!, runsOf(input));
    const metrics = await readMetrics(found);
    const { print } = input.terminal;
    if (input.flag("json")) return print(JSON.stringify({ ...found, metrics }));
    const { name, id, state, seed, started, seconds, set, gpu, facts, error, nodes = [], path } = found;
    print(`${name} ${id}: ${state}${error === undefined ? "" : ` (${error})`}`);
    print(`started ${started}${seconds === undefined ? "" : `, took ${duration(seconds)}`}, seed ${seed}`);
    if (set.length > 0) print(`set: ${set.join(" ")}`);
    const mixed = mixedNotice(adaptersOf(nodes));
    if (mixed !== undefined) print(mixed);
    else if (gpu !== undefined) print(adapterLine(gpu));
    print(factsLine(facts));
    if (nodes.length > 0) {
      const rows = nodes.map(({ id, state, seconds, facts, key }) => {
        return [id, state, duration(seconds), madeOn(facts) ?? "", key.slice(0, 12)];
      });
      print(`\n${table(["stage", "state", "time", "adapter", "key"], rows)}`);
    }
    if (isRunScores(metrics)) print(`\n${metricsText({ ...metrics, adapters: {} })}`);
    print(`\n${path}`);
  },
};

/** What a run can be made again with. */
function factsLine({ deno, system, commit, commitIs, lock }: Readonly<Record<string, string>> = {}): string {
  const changed = commitIs === "changed" ? ", with changes" : "";
  return `Deno ${deno ?? "unknown"}, ${system ?? "unknown system"}; commit ${
    commit ?? "unknown"
  }${changed}; ` +
    `lock ${lock?.slice(0, 12) ?? "unknown"}`;
}

const exporting: Command = {
  name: "export",
  summary: "copy the files of one of a run's outputs (pseudo-labels, say) from the cache to a folder",
  arguments: [
    { name: "id", description: "id of the run, its beginning, or latest" },
    { name: "output", description: "name of the output, as run.json lists it, e.g. labels.labels" },
    { name: "folder", description: "where to; must not be there yet" },
  ],
  options: [shared.runs, shared.cache],
  async run(input) {
    const [id, name, folder] = input.positional as [string, string, string];
    const { outputs = [], nodes = [], id: found } = await findRun(id, runsOf(input));
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined) {
      const guess = didYouMean(name, outputs.map((candidate) => candidate.name));
      throw new UsageError(`Run "${found}" has no output "${name}". ${guess}`);
    }
    const cache = cacheOf(input);
    const key = nodes.find((node) => node.id === output.node)?.key ?? "";
    const artifact = (await cache.peek(key))?.outputs[output.output];
    if (artifact?.digest !== output.digest) {
      throw new UserError(
        `Cannot export "${name}" of run "${found}": it is no longer in the cache "${cache.root}". Train again to make it.`,
      );
    }
    const files = artifactReader(cache, artifact);
    await exportNew(files, typedPath(folder));
    input.terminal.print(`${files.names().length} files → ${folder}`);
  },
};

/** The command. */
export const runs: Command = {
  name: "runs",
  summary: "list the runs, show one, compare two, export or publish what one made",
  options: [shared.runs, shared.json],
  commands: [show, diff, exporting, publish],
  async run(input) {
    const found = await storedRuns(runsOf(input));
    if (input.flag("json")) return input.terminal.print(JSON.stringify(found));
    if (found.length === 0) return input.terminal.print(`no runs in "${runsOf(input)}"`);
    const rows = found.map(({ name, id, seed, miou, headline, protocol, gpu, seconds, state, until }) => [
      name,
      id,
      String(seed),
      scoreText(miou && headlineScore({ miou, headline })),
      protocol ?? "",
      seconds === undefined ? "" : duration(seconds),
      until === undefined ? state : `${state}, until ${until}`,
      gpu?.training === undefined ? gpu?.adapter ?? "" : `${gpu.adapter}; trained on ${gpu.training}`,
    ]);
    input.terminal.print(table(["name", "id", "seed", "mIoU", "protocol", "time", "state", "adapter"], rows));
  },
};

/** A score in a row; nothing of a run that has none. */
function scoreText(score: number | null | undefined): string {
  return score === undefined ? "" : percent(score);
}
