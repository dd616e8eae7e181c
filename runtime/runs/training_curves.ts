/** The curves of a finished run's trainings, whether they ran in it or were in the cache. @module */
import type { Cache, RunNode } from "../../pipeline/mod.ts";
import type { TrainingHistory } from "../../stages/training/history.ts";
import { type CurveRecorder, type Curves, isCurves, withHistory } from "../report/curves.ts";
import type { FoundOutput } from "./outputs.ts";

/**
 * Curves by stage: what was heard of the training, in this run or in the one that made the result, with what its history has
 * beyond that.
 */
export async function trainingCurves(
  nodes: readonly RunNode[],
  outputs: readonly FoundOutput[],
  recorder: CurveRecorder,
  cache: Cache,
): Promise<Record<string, Curves>> {
  const found: Record<string, Curves> = {};
  for (const node of nodes) {
    const heard = recorder.of(node.id) ?? await kept(node, cache);
    const history = outputs.find(({ node: id, kind }) => id === node.id && kind === "training-history");
    const curves = history === undefined
      ? heard
      : withHistory(heard, await history.read() as TrainingHistory);
    if (curves !== undefined) found[node.id] = curves;
  }
  return found;
}

/** The curves that the cache keeps with a result; undefined where it keeps none, or they are damaged. */
async function kept({ course }: RunNode, cache: Cache): Promise<Curves | undefined> {
  if (course === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await cache.read(course)));
    return isCurves(value) ? value : undefined;
  } catch {
    return undefined; // Curves are for looking at: the result is whole without them.
  }
}
