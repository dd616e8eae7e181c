/** A run as it is compared: what lies in its folder, as far as it came. @module */
import { join } from "node:path";
import { list, object, record, type Shape, text } from "../../pipeline/files/untrusted.ts";
import { decodePlan, type Plan } from "../../pipeline/mod.ts";
import type { Curves } from "../report/curves.ts";
import { readCurves } from "../report/report.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import { isRunScores, type RunScores } from "../runs/scores.ts";

/** A run, with what tells of it. */
export interface ComparedRun {
  /** Its folder. */
  readonly path: string;
  readonly run: RunRecord;
  /** Absent where it has none, or not yet. */
  readonly scores?: RunScores | undefined;
  /** Absent where it is not there or damaged: then nothing is known of the settings. */
  readonly plan?: Plan | undefined;
  /** Of its trainings, by stage. */
  readonly curves: Readonly<Record<string, Curves>>;
}

const score: Shape = (value) => value === null || Number.isFinite(value) ? undefined : "is no number";
/** What a comparison reads of scores; a stage of one's own may have written other things under these names. */
const scoresProblem = object(
  {
    miou: record(score),
    best: object({ miou: record(score) }, [], "more members"),
    perClass: list(object({ name: text, iou: score }, [], "more members")),
    protocol: text,
    adapters: record(text),
    learnedFrom: record(text),
  },
  ["best", "perClass", "protocol", "adapters", "learnedFrom"],
  "more members",
);

/**
 * Reads a run.
 *
 * @param path Its folder.
 * @param run Its record.
 */
export async function readComparedRun(path: string, run: RunRecord): Promise<ComparedRun> {
  const scores = await read(path, "metrics.json", JSON.parse);
  return {
    path,
    run,
    scores: isRunScores(scores) && scoresProblem(scores) === undefined ? scores : undefined,
    plan: await read(path, "plan.json", (text) => decodePlan(text, "plan.json")),
    curves: await readCurves(path),
  };
}

/** A file of a run; undefined where it is not there or damaged, which a run that was killed may leave. */
async function read<T>(path: string, name: string, decode: (text: string) => T): Promise<T | undefined> {
  try {
    return decode(await Deno.readTextFile(join(path, name)));
  } catch {
    return undefined;
  }
}

/** The stages that take no other's results: the data. */
function sourceNodes({ nodes, edges }: Plan): Plan["nodes"] {
  return nodes.filter(({ id }) => edges.every(({ to }) => to !== id));
}

/** What tells the data of runs apart: the contents that its first stages give; undefined where that is not known. */
export function dataOf({ plan }: ComparedRun): string | undefined {
  const sources = plan && sourceNodes(plan);
  if (sources === undefined || sources.some(({ outputs }) => outputs === undefined)) return undefined;
  return JSON.stringify(sources.map(({ outputs }) => Object.entries(outputs!).sort()));
}

/**
 * What tells apart the images that runs were scored on: what the scoring stage takes of the first stages, and all of theirs where
 * it takes nothing of them directly; undefined where that is not known.
 */
export function scoredOn(compared: ComparedRun): string | undefined {
  const { plan, run: { outputs = [] } } = compared;
  const scorer = plan?.nodes.find(({ id }) =>
    id === outputs.findLast(({ kind }) => kind === "metrics")?.node
  );
  if (plan === undefined || scorer === undefined) return undefined;
  const sources = new Set(sourceNodes(plan).map(({ id }) => id));
  const inputs = plan.edges.filter(({ from, to }) => to === scorer.id && sources.has(from))
    .map(({ input }) => scorer.parts[`input.${input}`]);
  if (inputs.length === 0) return dataOf(compared);
  return inputs.includes(undefined) ? undefined : JSON.stringify(inputs);
}

/** The methods by which a run trains, by its plan. */
export function methodsOf({ plan }: ComparedRun): string[] {
  const names = (plan?.nodes ?? []).flatMap(({ config }) => {
    const { method } = (config ?? {}) as { readonly method?: { readonly name?: unknown } | null };
    return typeof method?.name === "string" ? [method.name] : [];
  });
  return [...new Set(names)];
}
