/** One run of an experiment: planned, run, and written to its folder. @module */
import {
  canonicalJson,
  endTogether,
  Events,
  follow,
  type Graph,
  InterruptedError,
  messageOf,
  namedOutputs,
  type Override,
  type Pipeline,
  type Plan,
  plan,
  pull,
  type RemoteCache,
  run,
  settledPlan,
  sha256,
  upTo,
} from "../../pipeline/mod.ts";
import { benchmarksOf } from "./benchmarks.ts";
import { type RunScores, withOrigin } from "./scores.ts";
import { copyPictures, findMetrics, linkWeights, outputsOf } from "./outputs.ts";
import { adaptersOf, gpuOfRun, learnedFromOf } from "./provenance.ts";
import { changedSettings } from "./changed_settings.ts";
import { findLabeled, writeRanking } from "./ranking.ts";
import { LiveReport, writeCurves, writeReport } from "../report/report.ts";
import { RunFolder, runId } from "./run_folder.ts";
import { setText } from "./set_text.ts";
import { announceAdapter, type Session } from "../session.ts";
import { Board, boardName } from "../tensorboard/board.ts";
import { trainingCurves } from "./training_curves.ts";
import { writeUnlabeled } from "./unlabeled.ts";
import { bytes } from "../units.ts";
import { type TrainingCost, TrainingMeter } from "./training_cost.ts";

/** What to run. */
export interface RunRequest {
  readonly pipeline: Pipeline;
  /** What the pipeline was loaded by: a name in `configs/`, or the absolute path of a file; none if a program made it. */
  readonly experiment?: string;
  /** The method that stands in the place of the experiment's, for a comparison. */
  readonly method?: string;
  /** The stage beyond which nothing is run. */
  readonly until?: string;
  readonly overrides: readonly Override[];
  readonly seed: number;
}

/** A run that ended well. */
export interface FinishedRun {
  /** Its folder. */
  readonly folder: string;
  readonly id: string;
  readonly seed: number;
  /** Wall seconds of this run. */
  readonly seconds: number;
  /** Stages that were executed; the others were in the cache. */
  readonly ran: number;
  /** The scores, if the pipeline returns any. */
  readonly metrics: RunScores | undefined;
  /** Its trainings: key, and what each took if it was not in the cache. */
  readonly trainings: readonly { readonly key: string; readonly cost: TrainingCost | undefined }[];
}

/** Digest of what a plan is made of: equal for equal code, configs, sources and seed, whatever the cache holds. */
function settingsDigest({ nodes }: Plan): string {
  const settings = nodes.map(({ id, parts }) => [
    id,
    Object.fromEntries(Object.entries(parts).filter(([name]) => !name.startsWith("input."))),
  ]);
  return sha256(canonicalJson(settings));
}

/** The experiment's graph, and what of it is run. */
function graphOf(
  { pipeline, overrides, until }: RunRequest,
): { readonly whole: Graph; readonly graph: Graph } {
  const whole = pipeline.build(overrides);
  return { whole, graph: until === undefined ? whole : upTo(whole, until) };
}

/**
 * Runs an experiment once. In a team the first process does, and the others take their share of what is shared.
 *
 * @throws What planning, the GPU or a stage throws; {@linkcode TeamError} where the process that leads has failed.
 */
export async function runExperiment(request: RunRequest, session: Session): Promise<FinishedRun> {
  const { team, cache } = session;
  if (team === undefined) return await runAlone(request, session);
  if (team.rank > 0) {
    const resources = { gpu: () => session.gpu.resource() };
    return await follow(graphOf(request).graph, {
      team,
      cache,
      seed: request.seed,
      resources,
    }) as FinishedRun;
  }
  let finished: FinishedRun | undefined;
  try {
    return finished = await runAlone(request, session);
  } finally {
    await endTogether(team, finished);
  }
}

/**
 * Runs an experiment once. Nothing is written before plan and adapter are in order; a run that fails before any stage has
 * finished leaves no folder.
 *
 * @throws What planning, the GPU or a stage throws.
 */
async function runAlone(request: RunRequest, session: Session): Promise<FinishedRun> {
  const { pipeline, experiment, method, until, overrides, seed } = request;
  const { cache, remote, signal } = session;
  const started = new Date();
  const { whole, graph } = graphOf(request);
  if (remote !== undefined) await pullFirst(graph, remote, seed, session);
  const planned = await plan(graph, { cache, seed });
  const gpu = await announceAdapter([planned], session);
  const changed = changedSettings(pipeline, whole);
  const settings = settingsDigest(planned), set = overrides.map((override) => setText(whole, override));
  using board = session.tensorboard === undefined ? undefined : Board.open(
    session.tensorboard,
    boardName({ name: graph.name, method, set, seed, settings, gpu }),
    (line) => session.output.note(line),
  );
  const folder = await RunFolder.create(session.runs, {
    name: graph.name,
    id: runId(started, settings),
    ...(experiment === undefined ? {} : { experiment }),
    ...(method === undefined ? {} : { method }),
    ...(until === undefined ? {} : { until }),
    seed,
    set,
    ...(changed === undefined ? {} : { changed }),
    started: started.toISOString(),
    ...(gpu === undefined ? {} : { gpu }),
    facts: session.facts,
  });
  const report = new LiveReport(folder, planned);
  let settled = 0;
  try {
    await folder.json("plan.json", planned);
    await report.start();
    session.output.print(`page: ${report.file}`);
    const heard = session.watch();
    const meter = new TrainingMeter(undefined, () => session.gpu.held);
    const events = new Events();
    events.on((event) => {
      meter.on(event);
      report.on(event);
      if (event.type === "hit" || event.type === "finished") settled++;
      folder.event(event);
      board?.event(event);
      heard(event);
    });
    const result = await run(graph, {
      cache,
      seed,
      signal,
      events,
      facts: session.facts,
      checkpointEvery: session.checkpointEvery,
      team: session.team,
      remote,
      resources: { gpu: () => session.gpu.resource() },
      course: (node) => {
        const curves = report.curves.of(node);
        return curves && JSON.stringify(curves);
      },
    });
    await report.stop();
    const known = await settledPlan(planned, result.nodes, cache);
    await folder.json("plan.json", known);
    const { returned, all } = outputsOf(graph, namedOutputs(graph.outputs), result, cache);
    const found = await findMetrics(returned);
    const metrics = found && withOrigin(found, {
      benchmarks: benchmarksOf(planned.nodes),
      adapters: adaptersOf(result.nodes),
      learnedFrom: learnedFromOf(result.nodes),
    });
    const trained = [...new Set(all.filter(({ kind }) => kind === "checkpoint").map(({ node }) => node))];
    const madeOn = gpuOfRun(result.nodes, trained);
    if (metrics !== undefined) await folder.json("metrics.json", metrics);
    const curves = await trainingCurves(result.nodes, all, report.curves, cache);
    await writeCurves(folder.path, curves);
    await copyPictures(returned, folder);
    await linkWeights(all, folder);
    await board?.complete({ all, returned, curves });
    const labeled = await findLabeled(known, cache);
    if (labeled !== undefined && labeled.images.length > 0) {
      await writeUnlabeled(folder, labeled, await writeRanking(folder.path, labeled));
    }
    const seconds = (Date.now() - started.getTime()) / 1000;
    await folder.update({
      state: "done",
      seconds,
      ...(madeOn === undefined ? {} : { gpu: madeOn }),
      ...(metrics === undefined ? {} : { miou: metrics.miou, headline: metrics.headline }),
      ...(metrics?.protocol === undefined ? {} : { protocol: metrics.protocol }),
      nodes: result.nodes.map(({ outputs: _, course: __, ...node }) => {
        const training = meter.of(node.id);
        return { ...node, ...(training && { training }) };
      }),
      outputs: returned.map(({ files: _, read: __, ...output }) => output),
    });
    await writeReport(folder.path, folder.record, metrics);
    await folder.close();
    const ran = result.nodes.filter(({ state }) => state === "ran").length;
    const trainings = result.nodes.filter(({ id }) => trained.includes(id))
      .map(({ id, key }) => ({ key, cost: meter.of(id) }));
    return { folder: folder.path, id: folder.id, seed, seconds, ran, metrics, trainings };
  } catch (error) {
    await report.stop();
    await writeCurves(folder.path, report.curves.curves()).catch(() => {});
    await folder.update({
      state: error instanceof InterruptedError ? "interrupted" : "failed",
      seconds: (Date.now() - started.getTime()) / 1000,
      error: messageOf(error),
    }).catch(() => {}); // A full disk must not hide what failed.
    if (settled > 0) await writeReport(folder.path, folder.record, undefined).catch(() => {});
    await folder.close({ remove: settled === 0 }).catch(() => {});
    throw error;
  }
}

/** Brings what the remote cache has before the plan is made: where nothing is left to run, no adapter is needed. */
async function pullFirst(
  graph: Graph,
  remote: RemoteCache,
  seed: number,
  { output, signal, watch }: Session,
): Promise<void> {
  const before = remote.pulledBytes;
  const events = new Events();
  events.on(watch());
  const nodes = await pull(graph, remote, { seed, signal, events });
  const pulled = nodes.filter(({ state }) => state === "pulled").length;
  if (pulled === 0) return;
  const size = bytes(remote.pulledBytes - before);
  output.print(`${pulled} ${pulled === 1 ? "result" : "results"} from the remote cache, ${size}`);
}
