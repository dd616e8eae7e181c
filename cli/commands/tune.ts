/** `tune`: times the ways to compute an experiment's convolutions, and remembers the fastest of each. @module */
import { blueprint } from "../../kernels/program/blueprint.ts";
import type { Device } from "../../kernels/device.ts";
import { DeviceError, KernelError, ShapeError } from "../../kernels/errors.ts";
import type { Dispatch } from "../../kernels/graph.ts";
import { type Measured, tune as measure } from "../../kernels/tuning/tuner.ts";
import type { Tuning } from "../../kernels/tuning/tuning.ts";
import { type Graph, UserError } from "../../pipeline/mod.ts";
import { captureTraining, ofMember } from "../../stages/training/capture.ts";
import type { Command, OptionSpec } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { graphOf } from "../experiment/planning.ts";
import { factsOf, Gpu } from "../../runtime/gpu/gpu.ts";
import { cacheOf, experimentArgument, shared } from "../terminal/options.ts";
import { Progress } from "../terminal/progress.ts";
import { notesOnly } from "../terminal/terminal.ts";
import { duration, table } from "../terminal/text.ts";
import { knownTraining, trainingNodes } from "../../stages/known_training.ts";
import { TuningFile, tuningLine } from "../../runtime/gpu/tuning_file.ts";

const againOption: OptionSpec = {
  name: "again",
  description: "measure the shapes that are remembered, too, and remember them anew",
};
const mostRounds = 1000;
const roundsOption: OptionSpec = {
  name: "rounds",
  value: "n",
  description: "times that each way is run; medians count (default: 7)",
};

/** The command. */
export const tune: Command = {
  name: "tune",
  summary: "time the ways to compute an experiment's convolutions on this adapter, and remember the fastest",
  details:
    `Commands that compute on the same adapter, driver and kernels with the same cache take them from then on, and record it
as a fact of the run. Results do not depend on it: all ways give the same bytes. Nothing is tuned unless this command is given.
Shapes of several experiments are remembered side by side, each as soon as it is measured; those that are remembered are not
measured again unless asked for.`,
  arguments: [experimentArgument],
  options: [shared.set, roundsOption, againOption, shared.cache, shared.json],
  async run(input) {
    const rounds = input.integer("rounds") ?? 7;
    if (rounds < 1 || rounds > mostRounds) {
      throw new UsageError(`Cannot time ${rounds} rounds: --rounds takes 1 to ${mostRounds}`);
    }
    const graph = await graphOf(input);
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const cache = cacheOf(input);
    const gpu = new Gpu(terminal, { cache: cache.root });
    try {
      const started = performance.now();
      const facts = await gpu.announce();
      const device = await gpu.open();
      const all = trainingDispatches(device, graph);
      const dispatches = input.flag("again") ? all : unknown(all, device.tuning);
      const tuning = new Map(device.tuning);
      const file = new TuningFile(cache.root, await factsOf(device.facts));
      const progress = new Progress(terminal);
      const measured = await measure(device, dispatches, {
        rounds,
        clock: () => performance.now(),
        onProgress: (done, total) =>
          progress.on({ type: "progress", node: "tune", data: { done, total, unit: "shapes" } }),
        onMeasured: async ({ bucket, chosen }) => {
          await cache.claim();
          await file.write(tuning.set(bucket, chosen));
        },
      });
      terminal.live("");
      if (json) {
        input.terminal.print(JSON.stringify({ pipeline: graph.name, gpu: facts, file: file.path, measured }));
        return;
      }
      terminal.print(
        measured.length > 0
          ? `\n${measuredText(measured)}`
          : "all shapes are remembered (--again measures them again)",
      );
      const seconds = (performance.now() - started) / 1000;
      terminal.print(`\ndone in ${duration(seconds)}; remembered: ${tuningLine(tuning)} in ${file.path}`);
    } finally {
      await gpu.close();
    }
  },
};

/** Launches of shapes that nothing is remembered of. A name counts that the largest of a shape bears; smaller ones may not. */
function unknown(dispatches: readonly Dispatch[], tuning: Tuning): readonly Dispatch[] {
  const known = dispatches.filter(({ choice }) =>
    choice?.candidates.some(({ name }) => name === tuning.get(choice.bucket))
  );
  const buckets = new Set(known.map(({ choice }) => choice!.bucket));
  return dispatches.filter(({ choice }) => choice && !buckets.has(choice.bucket));
}

/** What the steps of a graph's trainings launch. A later round of self-training has the shapes of the first. */
function trainingDispatches(device: Device, graph: Graph): readonly Dispatch[] {
  const nodes = trainingNodes(graph);
  if (nodes.length === 0) {
    throw new UserError(`Cannot tune for "${graph.name}": it trains nothing. Name an experiment that trains`);
  }
  const known = nodes.map((node) => knownTraining(node, 0)).filter((training) => "settings" in training);
  if (known.length === 0) {
    throw new UserError(
      `Cannot tune for "${graph.name}": the classes it learns come from no stage "load", and are not known before it has ` +
        "run. Tune for an experiment with the same backbone, crop and batch that loads its data",
    );
  }
  return known.flatMap(({ id, settings }) => {
    if (settings.precision === "f16" && !device.facts.features.includes("shader-f16")) {
      throw new UserError(
        `Cannot tune "${id}" in f16: "${device.facts.name}" does not grant shader-f16. Set ${id}.precision=f32`,
      );
    }
    try {
      const { phases } = captureTraining(blueprint(device), ofMember(settings));
      return Object.values(phases).flatMap(({ programs }) =>
        programs.flatMap(({ graph }) => graph.dispatches)
      );
    } catch (error) {
      const isLimit = error instanceof ShapeError || error instanceof DeviceError ||
        error instanceof KernelError;
      if (!isLimit) throw error;
      throw new UserError(
        `Cannot tune "${id}": ${error.message}. What fits tells "plan EXPERIMENT --memory"`,
        { cause: error },
      );
    }
  });
}

/** What was found, as people read it: the shapes that another way is faster for, and what it comes to. */
export function measuredText(measured: readonly Measured[]): string {
  const shown = (milliseconds: number) => milliseconds.toPrecision(3);
  const time = ({ times }: Measured, name: string) => times.find((time) => time.name === name)!.median;
  const changed = measured.filter(({ chosen, times }) => chosen !== times[0]!.name);
  const rows = changed.map((one) => [
    one.bucket,
    String(one.launches),
    one.times[0]!.name,
    shown(one.times[0]!.median),
    one.chosen,
    shown(time(one, one.chosen)),
  ]);
  const sum = (name: (one: Measured) => string) =>
    measured.reduce((total, one) => total + one.launches * time(one, name(one)), 0);
  const before = sum(({ times }) => times[0]!.name), after = sum(({ chosen }) => chosen);
  return [
    ...(rows.length > 0 ? [`${table(["shape", "launches", "as ever", "ms", "now", "ms"], rows)}\n`] : []),
    `${measured.length} shapes measured, ${changed.length} of them faster in another way; all launches together some ` +
    `${shown(before)} ms as ever, ${shown(after)} ms now`,
  ].join("\n");
}
