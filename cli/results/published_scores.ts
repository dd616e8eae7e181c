/** Whether the digits of a published result are those that were made: digests and means, computed again from what it holds. @module */
import { canonicalJson, type GraphNode, jsonArtifactDigest, sha256 } from "../../pipeline/mod.ts";
import { evaluationStage } from "../../stages/evaluate.ts";
import { score } from "../../stages/evaluation/metrics.ts";
import type { PublishedNode, PublishedResult, PublishedScores } from "./published_result.ts";
import type { RecordedOutput } from "../../runtime/runs/run_folder.ts";

/** The digest of all of a published result but its own `check`. */
export function checkOf({ check: _, ...body }: Omit<PublishedResult, "check"> & { check?: string }): string {
  return sha256(canonicalJson(body));
}

/** Members of metrics.json that the run adds to what a stage made, unless the stage made them. */
const added = ["benchmarks", "adapters", "learnedFrom"];

/**
 * The artifact among a run's outputs that its metrics.json shows, and its value.
 *
 * @returns Undefined if none has these bytes: the file was edited, or its kind is no plain JSON.
 */
export function findScores(
  metrics: unknown,
  outputs: readonly Pick<RecordedOutput, "kind" | "version" | "node" | "output" | "digest">[],
): { readonly scores: PublishedScores; readonly metrics: unknown } | undefined {
  for (const value of [metrics, ...added.map((name) => without(metrics, [name])), without(metrics, added)]) {
    for (const { kind, version = 1, node, output, digest } of outputs) {
      if (kind === "metrics" && digestOf(value, version) === digest) {
        return { scores: { node, output, version }, metrics: value };
      }
    }
  }
  return undefined;
}

/** Where a result of format 1 has its scores from: it does not say, and its outputs tell no kind. */
export function scoresOfFirst(
  metrics: unknown,
  nodes: readonly PublishedNode[],
): PublishedScores | undefined {
  const outputs = nodes.flatMap(({ id, outputs }) =>
    Object.entries(outputs).map(([output, digest]) => ({ kind: "metrics", node: id, output, digest }))
  );
  return findScores(metrics, outputs)?.scores;
}

/** What of a result's scores is not what its own digests and counts give, one line each. */
export function scoreEdits(result: PublishedResult, nodes: readonly GraphNode[]): string[] {
  const { metrics, scores } = result;
  if (scores === undefined) {
    return ["metrics: the digest of these scores is no output of the published result"];
  }
  const { node, output, version } = scores;
  const recorded = result.nodes.find(({ id }) => id === node)?.outputs[output];
  const found = digestOf(metrics, version);
  const edits = found === recorded ? [] : [
    `${node}.${output}: ${recorded?.slice(0, 12) ?? "none"} → ${
      found?.slice(0, 12) ?? "none"
    }: other scores than were made`,
  ];
  // What another stage means by these members is its own affair.
  const isOurs = nodes.find(({ id }) => id === node)?.stage.module === evaluationStage([]).definition.module;
  return isOurs ? [...edits, ...meanEdits(metrics).map((line) => `${node}.${output}.${line}`)] : edits;
}

interface CountedScores {
  readonly headline?: string;
  readonly confusion: readonly (readonly number[])[];
  readonly miou: Readonly<Record<string, number | null>>;
  readonly pixelAccuracy: Readonly<Record<string, number | null>>;
  readonly perClass: readonly { readonly name: string; readonly iou: number | null }[];
}

/** Means of the headline that do not follow from the counts of pixels. */
function meanEdits(metrics: unknown): string[] {
  const { confusion, headline = "average", ...last } = metrics as CountedScores & {
    readonly last?: Omit<CountedScores, "confusion">;
  };
  try {
    // Where no class is left out, either none is absent or those that are count 0.
    const absent = last.perClass.some(({ iou }) => iou === null) ? "left out" : "zero";
    const made = score({ classes: confusion.length, matrix: confusion.flat() }, absent);
    return ([["", last], ["last.", last.last]] as const).flatMap(([prefix, given]) => {
      const pairs: [string, number | null, number | null | undefined][] = [
        [`miou.${headline}`, made.miou, given?.miou[headline]],
        [`pixelAccuracy.${headline}`, made.pixelAccuracy, given?.pixelAccuracy[headline]],
        ...made.iou.map((iou, at): [string, number | null, number | null | undefined] => {
          const found = given?.perClass[at];
          return [`perClass.${found?.name ?? at}`, iou, found?.iou];
        }),
      ];
      return pairs.filter(([, right, found]) => !Object.is(right, found))
        .map(([name, right, found]) => `${prefix}${name}: ${found}, and its confusion matrix gives ${right}`);
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return ["confusion: it is no matrix with its means"];
  }
}

function digestOf(value: unknown, version: number): string | undefined {
  try {
    return jsonArtifactDigest("metrics", version, value);
  } catch (error) {
    // Text that is no Unicode, or nesting without end: nothing that a stage made.
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function without(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
