/** The run that learned from the labels alone, on the same data: what a score is held against. @module */
import { join } from "node:path";
import type { Plan } from "../../pipeline/mod.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import { headlineScore, type RunScores } from "../runs/scores.ts";
import { shownScores } from "./shown_scores.ts";

/** The method that learns from the labels alone. */
const ALONE = "supervised";

/** A supervised run of the same data and seed. */
export interface Baseline {
  /** Id of the run. */
  readonly id: string;
  readonly scores: RunScores;
}

/** What is read of a node of a plan, which may have come from anywhere. */
interface Known {
  readonly id?: unknown;
  readonly stage?: unknown;
  readonly key?: unknown;
  readonly config?: { readonly method?: { readonly name?: unknown } } | null;
}

function nodesOf(plan: unknown): readonly (Known | null)[] {
  const { nodes } = (plan ?? {}) as { readonly nodes?: unknown };
  return Array.isArray(nodes) ? nodes : [];
}

/** The methods that trained in a run, by its plan. */
function methodsOf(plan: unknown): string[] {
  return nodesOf(plan).flatMap((node) => {
    const name = node?.config?.method?.name;
    return typeof name === "string" ? [name] : [];
  });
}

/** Keys of the stages that come before every training: equal keys are equal images, labels and views. */
function dataOf(plan: unknown): string {
  return nodesOf(plan).filter((node) => node?.stage === "load" || node?.stage === "augment")
    .map((node) => `${node!.id} ${node!.key}`).sort().join("\n");
}

/**
 * The latest run beside this one that learned by labels alone from the same data with the same seed, and was scored alike;
 * undefined where none is known, or this one is such a run itself.
 *
 * @param path The run's folder.
 */
export async function findBaseline(
  path: string,
  run: RunRecord,
  scores: RunScores,
  plan: Plan | undefined,
): Promise<Baseline | undefined> {
  if (methodsOf(plan).every((name) => name === ALONE) || dataOf(plan) === "") return undefined;
  let found: (Baseline & { readonly started: string }) | undefined;
  for (const id of await siblings(path)) {
    const folder = join(path, "..", id);
    const other = await json(join(folder, "run.json")) as RunRecord | undefined;
    if (other?.state !== "done" || other.seed !== run.seed || other.id === run.id) continue;
    if (other.protocol !== scores.protocol || other.started <= (found?.started ?? "")) continue;
    const alone = await json(join(folder, "plan.json")), methods = methodsOf(alone);
    if (methods.length === 0 || methods.some((name) => name !== ALONE) || dataOf(alone) !== dataOf(plan)) {
      continue;
    }
    const known = shownScores(await json(join(folder, "metrics.json")));
    if (known !== undefined && typeof headlineScore(known) === "number") {
      found = { id, scores: known, started: other.started };
    }
  }
  return found && { id: found.id, scores: found.scores };
}

async function siblings(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(path, ".."))).catch(() => []);
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
}

/** What a file of a run says; undefined if it is not there or says nothing. */
async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return undefined;
  }
}
