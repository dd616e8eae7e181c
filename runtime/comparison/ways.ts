/** Runs put together by what they are runs of: those of one way to train differ in their seeds alone. @module */
import { canonicalJson } from "../../pipeline/mod.ts";
import { adaptersOf } from "../runs/provenance.ts";
import { type ComparedRun, methodsOf } from "./compared_run.ts";
import { differences, shownValue } from "./differences.ts";

/** A way to train, and its runs: one a seed, in the order of the seeds. */
export interface ComparedWay {
  /** How the page names it. */
  readonly name: string;
  readonly runs: readonly ComparedRun[];
}

/** Longest name that is made of settings. */
const LONGEST = 80;

/** Runs that are there twice: of the same way and seed, with the same results. */
export interface Doubled {
  readonly kept: ComparedRun;
  readonly left: ComparedRun;
}

/** Puts runs together by code, settings and data, in the order in which the ways first come. */
export function waysOf(runs: readonly ComparedRun[]): { ways: ComparedWay[]; doubled: Doubled[] } {
  const doubled: Doubled[] = [];
  const groups = split(runs, [
    settingsOf,
    ({ run: { nodes = [] } }) => canonicalJson(adaptersOf(nodes)),
    ({ run: { name, id } }) => `${name}/${id}`,
  ], doubled);
  for (const group of groups) group.sort((a, b) => a.run.seed - b.run.seed);
  const names = namesOf(groups);
  return { ways: groups.map((runs, i) => ({ name: names[i]!, runs })), doubled };
}

/** Splits runs by the first of what tells them apart, and groups that have one seed with several results by the next. */
function split(
  runs: readonly ComparedRun[],
  [first, ...others]: readonly ((run: ComparedRun) => string)[],
  doubled: Doubled[],
): ComparedRun[][] {
  return [...Map.groupBy(runs, first!).values()].flatMap((group) => {
    const seeds = [...Map.groupBy(group, ({ run: { seed } }) => seed).values()];
    const isOne = seeds.every((same) => new Set(same.map(resultOf)).size === 1);
    if (!isOne && others.length > 0) return split(group, others, doubled);
    return [seeds.map((same) => {
      const [kept, ...left] = same.toSorted((a, b) => a.run.started < b.run.started ? 1 : -1);
      doubled.push(...left.map((run) => ({ kept: kept!, left: run })));
      return kept!;
    })];
  });
}

/** All that a run's numbers depend on but its seed, its adapter and its data's contents. */
function settingsOf({ run, plan }: ComparedRun): string {
  if (plan === undefined) return `${run.name}/${run.id}`;
  const settings = plan.nodes.map(({ id, parts }) => [
    id,
    Object.fromEntries(
      Object.entries(parts).filter(([name]) => name !== "seed" && !name.startsWith("input.")),
    ),
  ]);
  return canonicalJson([run.name, settings]);
}

/** What a run came to, by content; one that is not done is like no other. */
function resultOf({ run, plan }: ComparedRun): string {
  const outputs = plan?.nodes.map(({ id, outputs }) => [id, outputs ?? null]) ?? [];
  return run.state === "done" && plan !== undefined ? JSON.stringify(outputs) : `${run.name}/${run.id}`;
}

/** Names by what the ways differ in: experiment, method, settings; where that tells no two apart, by a run's id. */
function namesOf(groups: readonly (readonly ComparedRun[])[]): string[] {
  const firsts = groups.map(([first]) => first!);
  const experiments = firsts.map(({ run: { name } }) => name);
  const methods = firsts.map((first) => methodsOf(first).join(" + "));
  const differ = (values: readonly string[]) => new Set(values).size > 1;
  // What a method has instead of another's options is said by its name.
  const settings = differences(firsts).settings.filter(({ name }) =>
    !differ(methods) || !name.includes(".method.")
  );
  const names = firsts.map(({ run: { id } }, i) => {
    const told = settings.flatMap(({ name, values }) =>
      values[i] === undefined ? [] : [`${name}=${shownValue(values[i])}`]
    ).join(" ");
    const parts = [
      differ(experiments) && experiments[i],
      differ(methods) && methods[i],
      told.length <= LONGEST && told,
    ].filter((part) => part !== false && part !== "");
    return parts.join(", ") || (groups.length === 1 ? experiments[i]! : id);
  });
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}, ${firsts[i]!.run.id}`
  );
}
