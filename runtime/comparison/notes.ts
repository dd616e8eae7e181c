/** What stands above a comparison: what its runs do not have in common, and how far they came. @module */
import { dataOf, scoredOn } from "../runs/lineage.ts";
import { learnedNotes, mixedRunsNotice } from "../runs/provenance.ts";
import type { ComparedRun } from "./compared_run.ts";
import type { ComparedWay } from "./ways.ts";

/** Notes, the gravest first. */
export function notesOf(ways: readonly ComparedWay[]): string[] {
  const runs = ways.flatMap(({ runs }) => runs), scored = runs.filter(({ scores }) => scores !== undefined);
  const protocol = ({ scores }: ComparedRun) => scores!.protocol ?? "one that is not said";
  return [
    ...apart(scored, scoredOn, {
      differ: "The runs were scored on different images, and no differences are taken between those",
      unknown: "It is not known on which images these were scored, and no differences are taken to them",
    }),
    ...apart(scored, protocol, {
      differ: "The runs were scored under different protocols, and no differences are taken between those",
      isShown: true,
    }),
    ...apart(runs, dataOf, {
      differ: "The runs learned from different data",
      unknown: "It is not known from which data these learned",
    }),
    ...[mixedRunsNotice(scored.map(({ scores }) => scores!))].filter((note) => note !== undefined),
    ...stateNotes(runs),
    ...seedNotes(ways),
    ...ways.flatMap(({ name, runs }) =>
      [...new Set(runs.flatMap(({ scores }) => learnedNotes(scores?.learnedFrom)))].map((note) =>
        `${name}: ${note}`
      )
    ),
    ...sameResults(runs),
  ];
}

/** Says which runs differ in something, and of which it is not known. */
function apart(
  runs: readonly ComparedRun[],
  of: (run: ComparedRun) => string | undefined,
  { differ, unknown = "", isShown = false }: {
    readonly differ: string;
    readonly unknown?: string;
    readonly isShown?: boolean;
  },
): string[] {
  const groups = Map.groupBy(runs, of), unsaid = groups.get(undefined) ?? [];
  groups.delete(undefined);
  const parts = [...groups].map(([value, runs]) => isShown ? `${value}: ${idsOf(runs)}` : idsOf(runs));
  return [
    ...groups.size > 1 ? [`${differ}: ${parts.join("; ")}.`] : [],
    ...unsaid.length > 0 ? [`${unknown}: ${idsOf(unsaid)}.`] : [],
  ];
}

/** Most ids that a note lists. */
const MOST_IDS = 6;

function idsOf(runs: readonly ComparedRun[]): string {
  const ids = runs.slice(0, MOST_IDS).map(({ run: { id } }) => id);
  const more = runs.length - ids.length;
  return ids.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** What is to be known of runs that are not done, or have no scores; the same of several at once. */
function stateNotes(runs: readonly ComparedRun[]): string[] {
  return [...Map.groupBy(runs, stateOf)].flatMap(([state, runs]) =>
    state === undefined ? [] : [`${idsOf(runs)}: ${state}.`]
  );
}

function stateOf({ run: { state, error }, scores }: ComparedRun): string | undefined {
  const words = {
    running: "running; what is here is how far it came",
    stopped: "stopped without a word; what is here is how far it came",
    interrupted: "interrupted; what is here is how far it came",
    failed: `failed (${error?.replace(/\.$/, "") ?? "it is not said why"})`,
    done: scores === undefined ? "without scores" : undefined,
  }[state];
  return scores === undefined && state !== "done" ? `${words}; in no mean` : words;
}

/** Where ways have other seeds, their means are not of the same draws. */
function seedNotes(ways: readonly ComparedWay[]): string[] {
  const seeds = new Set(ways.map(({ runs }) => runs.map(({ run: { seed } }) => seed).join(", ")));
  return seeds.size < 2 ? [] : [
    `The ways have different seeds (${[...seeds].join("; ")}): differences are over those that both have.`,
  ];
}

/** Runs of one seed that came to the same bytes. */
function sameResults(runs: readonly ComparedRun[]): string[] {
  const results = Map.groupBy(
    runs,
    ({ run: { id, name, state }, plan }) =>
      state === "done" && plan?.nodes.every(({ outputs }) => outputs !== undefined)
        ? JSON.stringify(plan.nodes.map(({ id, outputs }) => [id, outputs]))
        : `${name}/${id}`,
  );
  const same = [...results.values()].filter(({ length }) => length > 1).map(idsOf);
  return same.length === 0 ? [] : [`The same results, to the byte: ${same.join("; ")}.`];
}
