/** Runs put together by what they are runs of: those of one way to train differ in their seeds alone. @module */
import { canonicalJson } from "../../pipeline/mod.ts";
import { methodsOf } from "../runs/lineage.ts";
import { adapterName, adaptersOf } from "../runs/provenance.ts";
import type { ComparedRun } from "./compared_run.ts";
import { differences, shownValue } from "./differences.ts";

/** A way to train, and its runs: one a seed, in the order of the seeds. */
export interface ComparedWay {
  /** How the page names it. */
  readonly name: string;
  readonly runs: readonly ComparedRun[];
}

/** Longest text of settings in a name. */
const LONGEST = 80;

/** Puts runs together by settings and code, in the order in which the ways first come. */
export function waysOf(runs: readonly ComparedRun[]): ComparedWay[] {
  const groups = split(runs, [settingsOf, adapterOf, idOf]);
  const names = namesOf(groups);
  return groups.map((runs, i) => ({
    name: names[i]!,
    runs: runs.toSorted((a, b) => a.run.seed - b.run.seed),
  }));
}

/** Splits runs by the first of what tells them apart, and groups that have two runs of one seed by the next. */
function split(
  runs: readonly ComparedRun[],
  [first, ...others]: readonly ((run: ComparedRun) => string)[],
): ComparedRun[][] {
  return [...Map.groupBy(runs, first!).values()].flatMap((group) => {
    const seeds = new Set(group.map(({ run: { seed } }) => seed));
    return seeds.size === group.length || others.length === 0 ? [group] : split(group, others);
  });
}

/** All that a run's numbers depend on but its seed, its adapter and the contents of its data. */
export function settingsOf(compared: ComparedRun): string {
  const { run, plan } = compared;
  if (plan === undefined) return idOf(compared);
  const settings = plan.nodes.map(({ id, parts }) => [
    id,
    Object.fromEntries(
      Object.entries(parts).filter(([name]) => name !== "seed" && !name.startsWith("input.")),
    ),
  ]);
  return canonicalJson([run.name, settings]);
}

function adapterOf({ run: { nodes = [], gpu } }: ComparedRun): string {
  return [...new Set(Object.values(adaptersOf(nodes)))].join(", ") ||
    (gpu === undefined ? "" : adapterName(gpu));
}

function idOf({ run: { name, id } }: ComparedRun): string {
  return `${name}/${id}`;
}

/** Names by what the ways differ in: experiment, method, settings; where these tell no two apart, adapter, commit, id. */
function namesOf(groups: readonly (readonly ComparedRun[])[]): string[] {
  const firsts = groups.map(([first]) => first!);
  const differ = (values: readonly string[]) => new Set(values).size > 1;
  const experiments = firsts.map(({ run: { name } }) => name);
  const methods = firsts.map((first) => methodsOf(first).join(" + "));
  // What a method has instead of another's options is said by its name.
  const settings = differences(firsts).settings.filter(({ name }) =>
    !differ(methods) || !name.includes(".method.")
  );
  const whole = firsts.map((_, i) =>
    settings.filter(({ values }) => values[i] !== undefined)
      .map(({ name, values }) => `${name}=${shownValue(values[i])}`).join(" ")
  );
  // Where all of them are too many, what was typed of them says most.
  const told = whole.every(({ length }) => length <= LONGEST) ? whole : typed(firsts);
  let names = firsts.map((_, i) =>
    [
      (differ(experiments) || groups.length === 1) && experiments[i],
      differ(methods) && methods[i],
      told[i]!,
    ].filter((part) => part !== false && part !== "").join(", ")
  );
  for (const facet of [adapterOf, ({ run: { facts } }: ComparedRun) => facts?.commit ?? "", idOf]) {
    const isTold = (name: string) => name !== "" && names.indexOf(name) === names.lastIndexOf(name);
    const facets = firsts.map(facet);
    names = names.map((name, i) => {
      const same = facets.filter((_, j) => names[j] === name);
      return isTold(name) || !differ(same)
        ? name
        : [name, facets[i]].filter((part) => part !== "").join(", ");
    });
  }
  return names;
}

/** The settings that were typed for each run and not for all; methods are named anyway. */
function typed(runs: readonly ComparedRun[]): string[] {
  const texts = runs.map(({ run: { set } }) =>
    set.filter((text) => !/^[\w-]+\.method=/.test(text) && !runs.every(({ run }) => run.set.includes(text)))
      .join(" ")
  );
  return texts.map((text) => text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);
}
