/** What stands above a comparison: what its runs do not have in common, and how far they came. @module */
import { learnedNotes, mixedRunsNotice } from "../runs/provenance.ts";
import { type ComparedRun, dataOf, scoredOn } from "./compared_run.ts";
import type { ComparedWay } from "./ways.ts";

/** Notes, the gravest first. */
export function notesOf(ways: readonly ComparedWay[]): string[] {
  const runs = ways.flatMap(({ runs }) => runs), scored = runs.filter(({ scores }) => scores !== undefined);
  return [
    apart(
      scored,
      scoredOn,
      "The runs were scored on different images, and no differences are taken between those",
    ),
    apart(
      scored,
      ({ scores }) => scores!.protocol ?? "none",
      "The runs were scored under different protocols, and no differences are taken between those",
      true,
    ),
    apart(runs, dataOf, "The runs learned from different data"),
    mixedRunsNotice(scored.map(({ scores }) => scores!)),
    ...runs.map(stateNote),
    ...seedNotes(ways),
    ...ways.flatMap(({ name, runs }) =>
      [...new Set(runs.flatMap(({ scores }) => learnedNotes(scores?.learnedFrom)))].map((note) =>
        `${name}: ${note}`
      )
    ),
    ...sameResults(runs),
  ].filter((note) => note !== undefined);
}

/** Says which runs differ in something; nothing where none do. Of runs of which it is not known, that is said. */
function apart(
  runs: readonly ComparedRun[],
  of: (run: ComparedRun) => string | undefined,
  what: string,
  isShown = false,
): string | undefined {
  const groups = [...Map.groupBy(runs, of)];
  if (groups.length < 2) return undefined;
  const parts = groups.map(([value, runs]) => {
    const ids = idsOf(runs);
    return value === undefined ? `not known of ${ids}` : isShown ? `${value}: ${ids}` : ids;
  });
  return `${what}: ${parts.join("; ")}.`;
}

/** Most ids that a note lists. */
const MOST_IDS = 6;

function idsOf(runs: readonly ComparedRun[]): string {
  const ids = runs.slice(0, MOST_IDS).map(({ run: { id } }) => id);
  const more = runs.length - ids.length;
  return ids.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function stateNote({ run: { id, state, error }, scores }: ComparedRun): string | undefined {
  const what = scores === undefined ? ", and counts in no mean" : "";
  if (state === "running") return `${id} is running: what is here is how far it came${what}.`;
  if (state === "stopped") return `${id} stopped without a word: what is here is how far it came${what}.`;
  if (state !== "done") {
    return `${id} ${state === "failed" ? "failed" : "was interrupted"}${what}${error ? `: ${error}` : "."}`;
  }
  return scores === undefined ? `${id} has no scores.` : undefined;
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
  return [...results.values()].filter(({ length }) => length > 1)
    .map((same) => `${idsOf(same)} have the same results, to the byte.`);
}
