/** `export snakemake`: experiments as jobs of a cluster's engine. @module */
import { resolve } from "node:path";
import { DeviceError } from "../../../kernels/errors.ts";
import { type Graph, messageOf, type Override, plan, UserError } from "../../../pipeline/mod.ts";
import { Gpu } from "../../../runtime/gpu/gpu.ts";
import { plannedMemory } from "../../../runtime/gpu/training_memory.ts";
import { origin } from "../../../runtime/host/place.ts";
import { setText } from "../../../runtime/runs/set_text.ts";
import {
  type ExperimentJob,
  experimentJob,
  type ExportedRun,
  stageJobs,
} from "../../../runtime/snakemake/jobs.ts";
import { snakefile } from "../../../runtime/snakemake/snakefile.ts";
import { trainingNodes } from "../../../stages/known_training.ts";
import { defaultExperiment, isExperimentPath, lastingName, typedPath } from "../../experiment/experiment.ts";
import { loadExperiment } from "../../experiment/load_experiment.ts";
import { methodsOption, methodWays, namedMethods } from "../../runs/method_ways.ts";
import { sweepWays, type Way } from "../../runs/ways.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import {
  cacheOf,
  experimentsArgument,
  overrides,
  runsOf,
  seedsOf,
  setHelp,
  shared,
} from "../../terminal/options.ts";
import { sweepOf, sweepOption } from "../../terminal/sweeps.ts";
import { notesOnly } from "../../terminal/terminal.ts";
import { refuseExisting, writeNew } from "./new_file.ts";

/** The command. */
export const snakemake: Command = {
  name: "snakemake",
  summary: "write a Snakefile: a job for each result of experiments that is not in the cache",
  details:
    `Snakemake runs it here or on a cluster, by plain commands: train, or compare where --methods are named, --until a
stage. What runs share is one job. The last jobs do what would have been typed, with all results in the cache.
Without --seeds they are those of these commands: 0, or 0..2 where methods are compared. Nothing is run, and
Snakemake need not be there. docs/scaling.md has the rest.

  export snakemake shapes-12 --methods supervised,ccvc --seeds 0..2
  snakemake --cores 2

${setHelp}`,
  arguments: [experimentsArgument],
  options: [
    shared.set,
    shared.seed,
    shared.seeds,
    {
      ...methodsOption,
      description: "methods to compare; without them the experiments are trained as they are",
    },
    sweepOption,
    shared.cache,
    shared.runs,
    {
      name: "out",
      short: "o",
      value: "file",
      description: "the file to write, - for stdout (default: Snakefile)",
    },
  ],
  async run(input) {
    const given = input.text("out") ?? "Snakefile";
    const out = given === "-" ? undefined : typedPath(given);
    if (out !== undefined) await refuseExisting(out);
    const names = input.positional.length === 0 ? [defaultExperiment] : input.positional;
    const terminal = notesOnly(input.terminal);
    const memory = new Memory(
      new Gpu(terminal, { cache: cacheOf(input).root, mayInstall: false }),
      terminal.note,
    );
    const runs: ExportedRun[] = [], experiments: ExperimentJob[] = [];
    try {
      for (const name of new Set(names.map(lastingName))) {
        const { name: pipeline, command, planned } = await planExperiment(name, input, memory);
        runs.push(...planned);
        experiments.push(experimentJob(pipeline, command, planned));
      }
    } finally {
      await memory.close();
    }
    const stages = stageJobs(runs);
    const text = snakefile({
      stages,
      experiments,
      program: origin === "clone" ? ["deno", "task"] : ["crossview"],
      folder: Deno.cwd(),
      adapter: memory.adapter,
    });
    if (out === undefined) return input.terminal.print(text.trimEnd());
    await writeNew(out, new TextEncoder().encode(text));
    const jobs = stages.length + experiments.length;
    input.terminal.print(`${jobs} ${jobs === 1 ? "job" : "jobs"}, ${stages.length} of stages → ${given}`);
  },
};

/** An experiment's runs, and what would be typed for all of them. */
async function planExperiment(experiment: string, input: CommandInput, memory: Memory) {
  const cache = cacheOf(input), set = overrides(input);
  const folders = ["--cache", cache.root, "--runs", resolve(runsOf(input))];
  const methods = namedMethods(input)?.map(lastingMethod);
  // Those of the commands that are exported.
  const seeds = seedsOf(input, methods === undefined ? [0] : [0, 1, 2]), points = sweepOf(input);
  if (methods !== undefined && points.length > 0) {
    throw new UsageError("Cannot take --methods and --sweep together; export one after the other.");
  }
  const pipeline = await loadExperiment(experiment), own = pipeline.build(set);
  const ways = methods === undefined
    ? sweepWays(pipeline, set, points)
    : await methodWays(experiment, methods, set);
  const settings = (graph: Graph, set: readonly Override[]) =>
    set.flatMap((override) => ["--set", setText(graph, override)]);
  const start = (method: string | undefined) =>
    method === undefined ? ["train", experiment] : ["compare", experiment, "--methods", method];
  const planned: ExportedRun[] = [];
  for (const seed of seeds) {
    for (const [i, way] of ways.entries()) {
      const graph = way.pipeline.build(way.overrides);
      const found = await plan(graph, { cache, seed, why: false });
      const trainings = trainingNodes(graph).map(({ id }) => id);
      const trains = found.nodes.some(({ id, state }) => state !== "hit" && trainings.includes(id));
      planned.push({
        plan: found,
        command: [
          ...start(methods?.[i]),
          "--seeds",
          String(seed),
          ...methods === undefined ? settings(graph, way.overrides) : settings(own, set),
          ...folders,
        ],
        deviceBytes: trains ? await memory.of(way, graph, seed) : new Map(),
      });
    }
  }
  const swept = input.texts("sweep").flatMap((text) => ["--sweep", text]);
  const command = [
    ...start(methods?.join(",")),
    "--seeds",
    seeds.join(","),
    ...settings(own, set),
    ...swept,
    ...folders,
  ];
  return { name: pipeline.name, command, planned };
}

/** A method as it is named from anywhere. */
function lastingMethod(given: string): string {
  if (!isExperimentPath(given)) return given;
  const path = typedPath(given);
  if (!path.includes(",")) return path;
  throw new UsageError(
    `Cannot name "${path}" after --methods, whose names end at commas: move it elsewhere.`,
  );
}

/** What trainings will hold on the adapter that is here; without one nothing is known. */
class Memory {
  /** The adapter, once it was asked. */
  adapter: string | undefined;
  #isAbsent = false;
  readonly #known = new Map<Way, ReadonlyMap<string, number>>();

  constructor(readonly gpu: Gpu, readonly note: (line: string) => void) {}

  /** Id of a training → bytes. They are the same with each seed. */
  async of(way: Way, graph: Graph, seed: number): Promise<ReadonlyMap<string, number>> {
    const known = this.#known.get(way) ?? await this.#plan(graph, seed);
    this.#known.set(way, known);
    return known;
  }

  async #plan(graph: Graph, seed: number): Promise<ReadonlyMap<string, number>> {
    if (this.#isAbsent) return new Map();
    try {
      const device = await this.gpu.open();
      this.adapter = device.facts.name;
      return new Map(
        plannedMemory(device, graph, seed).flatMap(({ id, memory }) =>
          memory ? [[id, memory.peakBytes]] : []
        ),
      );
    } catch (error) {
      if (!(error instanceof DeviceError || error instanceof UserError)) throw error;
      this.#isAbsent = error instanceof DeviceError;
      this.note(`note: the Snakefile does not say what memory "${graph.name}" takes: ${messageOf(error)}`);
      return new Map();
    }
  }

  async close(): Promise<void> {
    await this.gpu.close();
  }
}
