/** The run that learned from the labels alone, on the same data: what a score is held against. @module */
import { join } from "node:path";
import type { Plan } from "../../pipeline/mod.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import { headlineScore, type RunScores } from "../runs/scores.ts";

/** The method that learns from the labels alone. */
const ALONE = "supervised";

/** A supervised run of the same data and seed. */
export interface Baseline {
  /** Id of the run. */
  readonly id: string;
  /** Mean IoU of its headline after the last step, percent. */
  readonly miou: number;
}

/** The methods that trained in a run, by its plan. */
function methodsOf(plan: Plan | undefined): string[] {
  return (plan?.nodes ?? []).flatMap(({ config }) => {
    const method = (config as { readonly method?: { readonly name?: unknown } } | null)?.method;
    return typeof method?.name === "string" ? [method.name] : [];
  });
}

/** Keys of the stages that come before every training: equal keys are equal images, labels and views. */
function dataOf(plan: Plan | undefined): string {
  return (plan?.nodes ?? []).filter(({ stage }) => stage === "load" || stage === "augment")
    .map(({ id, key }) => `${id} ${key}`).sort().join("\n");
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
    const plan2 = await json(join(folder, "plan.json")) as Plan | undefined;
    const methods = methodsOf(plan2);
    if (methods.length === 0 || methods.some((name) => name !== ALONE) || dataOf(plan2) !== dataOf(plan)) {
      continue;
    }
    const miou = headlineScore({ headline: other.headline, miou: other.miou ?? {} });
    if (typeof miou === "number") found = { id, miou, started: other.started };
  }
  return found && { id: found.id, miou: found.miou };
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
