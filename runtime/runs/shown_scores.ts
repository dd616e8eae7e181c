/** What of a run's scores pages can show: a pipeline of one's own may mean something else by the same names. @module */
import { anything, list, object, record, type Shape, text } from "../../pipeline/files/untrusted.ts";
import { isRunScores, type RunScores } from "./scores.ts";

const score: Shape = (value) => value === null || Number.isFinite(value) ? undefined : "is no score";
const perClass = list(object({ name: text, iou: score }, [], "more members"));
const loose = (members: Readonly<Record<string, Shape>>, optional: readonly string[] = []) =>
  object(members, optional, "more members");

/** Members that may be there, and their shapes. */
const shapes: Readonly<Record<string, Shape>> = {
  protocol: text,
  pixelAccuracy: record(score),
  perClass,
  best: loose({ miou: record(score), perClass }, ["perClass"]),
  benchmarks: list(text),
  learnedFrom: record(text),
  adapters: record(text),
};

/** Scores without the members that have another shape than they should; undefined where there are none. */
export function shownScores(metrics: unknown): RunScores | undefined {
  if (!isRunScores(metrics)) return undefined;
  return Object.fromEntries(
    Object.entries(metrics).filter(([name, value]) => (shapes[name] ?? anything)(value) === undefined),
  ) as unknown as RunScores;
}
