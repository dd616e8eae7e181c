/** How two runs differ: settings, code, files and adapter, stage by stage, and scores. @module */
import {
  type Behind,
  type Cache,
  differenceLines,
  History,
  type Plan,
  type PlanNode,
} from "../../pipeline/mod.ts";
import { isRunScores, predictionNames, type RunScores, shownName } from "../../runtime/runs/scores.ts";
import { heading } from "./metrics.ts";
import { adaptersOf, mixedNotice } from "../../runtime/runs/provenance.ts";
import type { RunRecord } from "../../runtime/runs/run_folder.ts";
import { percent, table } from "../terminal/text.ts";

/** A run with what it left in its folder. */
export interface ComparedRun {
  readonly record: RunRecord;
  readonly plan: Plan;
  /** Content of metrics.json, if there is one. */
  readonly metrics: unknown;
}

/**
 * Facts that differ, e.g. `adapter: llvmpipe → NVIDIA H100`: what is recorded of a run and is in no key. Of a run whose stages come
 * from several adapters, each stage's is held against the other's.
 */
export function factLines(a: RunRecord, b: RunRecord): string[] {
  const apart = [a, b].some(({ nodes = [] }) => mixedNotice(adaptersOf(nodes)) !== undefined);
  const stages = (nodes: RunRecord["nodes"] = []) =>
    Object.fromEntries(Object.entries(adaptersOf(nodes)).map(([id, name]) => [`adapter of ${id}`, name]));
  const facts = ({ gpu, facts, nodes }: RunRecord): Record<string, string> => ({
    ...facts,
    ...gpu,
    ...(apart ? stages(nodes) : {}),
  });
  const [before, after] = [facts(a), facts(b)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name] ?? "none"} → ${after[name] ?? "none"}`);
}

/**
 * The parts of the keys that differ, one line each, e.g. `co-train.config.epochs: 9 → 10`.
 *
 * @param cache Where the manifests of files may still lie.
 */
export async function planLines(a: Plan, b: Plan, cache: Cache): Promise<string[]> {
  const history = new History(cache);
  const before = new Map(a.nodes.map((node) => [node.id, node]));
  const after = new Map(b.nodes.map((node) => [node.id, node]));
  const lines: string[] = [];
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(id), after.get(id)];
    if (old === undefined || now === undefined) {
      lines.push(`${id}: a stage of the ${old === undefined ? "second" : "first"} run alone`);
      continue;
    }
    const behind: Behind = {
      sources: (digest) => history.sources(digest),
      input: (name) => Promise.resolve(origin(b, now, name, before, after)),
    };
    lines.push(...(await differenceLines(old, now, behind)).map((line) => `${id}.${line}`));
    if (old.key === now.key && JSON.stringify(old.outputs) !== JSON.stringify(now.outputs)) {
      lines.push(`${id}: one key, other bytes (another adapter or driver?)`);
    }
  }
  return lines;
}

/** Where an input comes from, and whether that stage had the same key in both runs. */
function origin(
  plan: Plan,
  { id }: PlanNode,
  input: string,
  before: ReadonlyMap<string, PlanNode>,
  after: ReadonlyMap<string, PlanNode>,
): string {
  const edge = plan.edges.find(({ to, input: name }) => to === id && name === input);
  if (edge === undefined) return "";
  const same = before.get(edge.from)?.key === after.get(edge.from)?.key;
  return ` (output "${edge.output}" of "${edge.from}"${same ? ", whose key is the same" : ""})`;
}

/** Scores side by side, in percent; undefined if one of the runs has none. Those of two protocols are not subtracted. */
export function metricsDifference(a: unknown, b: unknown): string | undefined {
  if (!isRunScores(a) || !isRunScores(b)) return undefined;
  const sign = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  const [before, after] = [scores(a), scores(b)];
  const comparable = a.protocol === b.protocol;
  const names = [...before.keys(), ...[...after.keys()].filter((name) => !before.has(name))];
  const rows = names.map((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    const difference = typeof old !== "number" || typeof now !== "number" ? "" : sign(now - old);
    const shown = [old, now].map((value) => value === undefined ? "" : percent(value));
    return [name, ...shown, ...(comparable ? [difference] : [])];
  });
  if (comparable) return table([heading("percent", a), "first", "second", "difference"], rows);
  const scored = table(["percent", heading("first", a), heading("second", b)], rows);
  return `${scored}\nno differences: the two were scored under different protocols`;
}

/** Every score of a run by its name. */
function scores(metrics: RunScores): Map<string, number | null> {
  const { miou, pixelAccuracy, perClass = [], best } = metrics;
  const found = new Map<string, number | null>();
  const groups = { "mIoU": miou, "best mIoU": best?.miou, "pixel accuracy": pixelAccuracy };
  for (const [name, values] of Object.entries(groups)) {
    for (const each of values === undefined ? [] : predictionNames(metrics)) {
      found.set(`${name}, ${shownName(each)}`, values![each] ?? null);
    }
  }
  for (const { name, iou } of perClass) found.set(`IoU, ${name}`, iou);
  return found;
}
