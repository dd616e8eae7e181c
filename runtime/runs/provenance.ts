/** Where results were made: the stages of one run may come from several adapters, as caches are shared and outlive machines. @module */

/** Facts recorded with a result, by name. */
export type Facts = Readonly<Record<string, string>>;

/** What is read of a stage of a run: its facts are those of the execution that made its result, whenever and wherever. */
export interface MadeNode {
  readonly id: string;
  readonly facts?: Facts;
}

/** The facts of the adapter that made a result, without their prefix; undefined if none was used. */
export function gpuOf(facts: Facts = {}): Facts | undefined {
  const found = Object.entries(facts).filter(([name]) => name.startsWith("gpu."))
    .map(([name, value]) => [name.slice("gpu.".length), value]);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** An adapter by all that its bits depend on: name, driver, size of its subgroups, and a way of sharing that was told. */
export function adapterName({ adapter = "unknown", driver, subgroups, sharing }: Facts): string {
  return [
    adapter,
    driver && `driver ${driver}`,
    subgroups && `subgroups of ${subgroups}`,
    sharing && `sharing ${sharing}`,
  ].filter(Boolean).join(", ");
}

/** Stands between two adapters of one stage: it was stopped on the first and went on from its checkpoint on the second. */
const moved = " → ";

/** The adapter that made a result, or two if its training moved; undefined if none was used. */
export function madeOn(facts: Facts = {}): string | undefined {
  const gpu = gpuOf(facts);
  if (gpu === undefined) return undefined;
  const before = /^at step \d+ of \d+, from (.+)$/.exec(facts.resumed ?? "")?.[1];
  return before === undefined ? adapterName(gpu) : `${before}${moved}${adapterName(gpu)}`;
}

/** Whether results come from more than one adapter. */
function areSeveral(names: ReadonlySet<string>): boolean {
  return names.size > 1 || [...names].some((name) => name.includes(moved));
}

/** Stage → the adapter that made its result; stages that used none are not in it. */
export function adaptersOf(nodes: readonly MadeNode[]): Record<string, string> {
  return Object.fromEntries(nodes.flatMap(({ id, facts }) => {
    const name = madeOn(facts);
    return name === undefined ? [] : [[id, name]];
  }));
}

/** Stage → what its training learned from, where that is less than its method would. */
export function learnedFromOf(nodes: readonly MadeNode[]): Record<string, string> {
  return Object.fromEntries(nodes.flatMap(({ id, facts = {} }) => {
    const what = facts["learned from"];
    return what === undefined ? [] : [[id, what]];
  }));
}

/** What stands beside scores of a training that learned from less than its method would. */
export function learnedNotes(learnedFrom: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(learnedFrom).map(([id, what]) => `${id} learned from ${what}`);
}

/**
 * The adapter of a run: the one that made all of its results, or `"mixed"` with what the weights were trained on, which is what
 * a score tells about.
 *
 * @param trained Ids of the nodes that made weights.
 * @returns Undefined if no stage used one.
 */
export function gpuOfRun(nodes: readonly MadeNode[], trained: readonly string[]): Facts | undefined {
  const made = adaptersOf(nodes);
  if (!areSeveral(new Set(Object.values(made)))) {
    return nodes.map(({ facts }) => gpuOf(facts)).find((gpu) => gpu !== undefined);
  }
  const trainers = [...new Set(trained.flatMap((id) => made[id] ?? []))];
  return { adapter: "mixed", ...(trainers.length === 0 ? {} : { training: trainers.join("; ") }) };
}

/** What stands above whatever shows results of several adapters; undefined if they are of one. */
export function mixedNotice(adapters: Readonly<Record<string, string>>): string | undefined {
  const stages = new Map<string, string[]>();
  for (const [id, name] of Object.entries(adapters)) stages.set(name, [...stages.get(name) ?? [], id]);
  if (!areSeveral(new Set(stages.keys()))) return undefined;
  const parts = [...stages].map(([name, ids]) => `${ids.join(", ")} on ${name}`);
  return `mixed: these results were made on several adapters: ${parts.join("; ")}`;
}

/** As {@linkcode mixedNotice}, of several runs: their scores tell seeds or methods apart, and adapters, too. */
export function mixedRunsNotice(
  runs: readonly { readonly adapters?: Readonly<Record<string, string>> }[],
): string | undefined {
  const names = new Set(runs.flatMap(({ adapters = {} }) => Object.values(adapters)));
  if (!areSeveral(names)) return undefined;
  return `mixed: these runs were made on several adapters: ${[...names].join("; ")}`;
}
