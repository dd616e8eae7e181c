/** What came out of a contest, in Markdown. */
import { type ContestResult, standings, type WorkResult } from "./contest.ts";
import { figure, table } from "../report.ts";

/** A table for each work, and who was not there. */
export function contestTables({ works, absences }: ContestResult, rounds: number): string {
  const parts = [
    `Samples of half a second and more, taken by turns; medians of ${rounds}. "Crossview's speed" is how many times the time ` +
    `of Crossview the other took, the median over the rounds. All start from the same numbers; "differs" is by how much ` +
    `results are apart at the most, in parts of their size.`,
    ...works.map(workTable),
  ];
  if (absences.length > 0) {
    const lines = absences.map(({ name, work, reason, remedy }) =>
      `- ${name}${work === undefined ? "" : `, ${work}`}: ${reason}. To have it: ${remedy}`
    );
    parts.push(`Absent:\n\n${lines.join("\n")}`);
  }
  return parts.join("\n\n");
}

function workTable(work: WorkResult): string {
  const rows = standings(work).map((one) => [
    one.name,
    one.adapter,
    figure(one.median),
    `${figure(one.least)} to ${figure(one.most)}`,
    figure(one.gigaflops),
    one.crossviewSpeed === undefined ? "–" : `${figure(one.crossviewSpeed)}×`,
    one.differs === undefined ? "–" : one.differs.toExponential(0),
  ]);
  const header = ["contestant", "on", "ms", "least to most", "GFLOP/s", "Crossview's speed", "differs"];
  return `### ${work.title}: ${figure(work.gigaflop)} GFLOP, ${work.counted}\n\n${table(header, rows)}`;
}
