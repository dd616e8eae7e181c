/** What a run's results come from, by the graph of its plan: methods, data, images that it was scored on. @module */
import type { Plan } from "../../pipeline/mod.ts";
import type { RunRecord } from "./run_folder.ts";

/** The method that others are held against: labels alone. */
export const baseline = "supervised";

/** A run with its plan; where that is absent, nothing is known of what it comes from. */
export interface PlannedRun {
  readonly run: Pick<RunRecord, "outputs">;
  readonly plan?: Plan | undefined;
}

/** The method of a stage that trains by one. */
function methodOf({ config }: Plan["nodes"][number]): string | undefined {
  const { method } = (config ?? {}) as { readonly method?: { readonly name?: unknown } | null };
  return typeof method?.name === "string" ? method.name : undefined;
}

/** The methods by which a run trains, each once. */
export function methodsOf({ plan }: Pick<PlannedRun, "plan">): string[] {
  return [...new Set((plan?.nodes ?? []).map(methodOf).filter((name) => name !== undefined))];
}

/** Whether a run learns by {@linkcode baseline} and no other method. */
export function isBaseline(run: Pick<PlannedRun, "plan">): boolean {
  return `${methodsOf(run)}` === baseline;
}

/** The stages that take no other's results. */
function firstNodes({ nodes, edges }: Plan): Plan["nodes"] {
  return nodes.filter(({ id }) => edges.every(({ to }) => to !== id));
}

/**
 * Ids of the stages that no training came before: they give data and views, whatever they are called. Where none trains by a
 * method, it is not known which do, and these are the first ones.
 */
function givers(plan: Plan): ReadonlySet<string> {
  const trained = new Set(plan.nodes.filter((node) => methodOf(node) !== undefined).map(({ id }) => id));
  if (trained.size === 0) return new Set(firstNodes(plan).map(({ id }) => id));
  // A set that grows while it is gone through is gone through to its end.
  for (const id of trained) for (const { from, to } of plan.edges) if (from === id) trained.add(to);
  return new Set(plan.nodes.map(({ id }) => id).filter((id) => !trained.has(id)));
}

/** The contents that stages take of those that give data and views, by input; undefined where one is not known. */
function takenBy(takers: Plan["nodes"], plan: Plan): readonly string[] | undefined {
  const given = givers(plan);
  const taken = takers.flatMap(({ id, parts }) =>
    plan.edges.filter(({ from, to }) => to === id && given.has(from))
      .map(({ input }) => ({ input, digest: parts[`input.${input}`] }))
  );
  if (taken.some(({ digest }) => digest === undefined)) return undefined;
  return [...new Set(taken.map(({ input, digest }) => `${input} ${digest}`))].sort();
}

/** What tells the data of runs apart: the contents that its first stages give; undefined where that is not known. */
export function dataOf({ plan }: Pick<PlannedRun, "plan">): string | undefined {
  const sources = plan && firstNodes(plan);
  if (sources === undefined || sources.some(({ outputs }) => outputs === undefined)) return undefined;
  return JSON.stringify(sources.map(({ outputs }) => Object.entries(outputs!).sort()));
}

/** What tells apart what runs learned from: images, labels and views; undefined where that is not known. */
export function learnedFrom({ plan }: Pick<PlannedRun, "plan">): string | undefined {
  const taken = plan && takenBy(plan.nodes.filter((node) => methodOf(node) !== undefined), plan);
  return taken === undefined || taken.length === 0 ? undefined : taken.join("\n");
}

/**
 * What tells apart the images that runs were scored on: what the scoring stage takes, its networks aside; where it takes them of no
 * stage that gives data, all of the data; undefined where that is not known.
 */
export function scoredOn({ plan, run: { outputs = [] } }: PlannedRun): string | undefined {
  const scorer = plan?.nodes.find(({ id }) =>
    id === outputs.findLast(({ kind }) => kind === "metrics")?.node
  );
  if (plan === undefined || scorer === undefined) return undefined;
  const taken = takenBy([scorer], plan);
  return taken?.length === 0 ? dataOf({ plan }) : taken?.join("\n");
}
