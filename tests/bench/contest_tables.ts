/** What came out of a contest, in Markdown. */
import { type ContestResult, disagreement, timesAsFast, type WorkResult } from "./contest.ts";
import { figure, median, table } from "./report.ts";

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

function workTable({ title, gigaflop, counted, samples }: WorkResult): string {
  const own = samples.find(({ name }) => name === "Crossview");
  const rows = samples.map((one) => {
    const { name, adapter, milliseconds, check } = one;
    const isOther = own !== undefined && one !== own;
    const time = median(milliseconds);
    return [
      name,
      adapter,
      figure(time),
      `${figure(Math.min(...milliseconds))} to ${figure(Math.max(...milliseconds))}`,
      figure(gigaflop / time * 1e3),
      isOther ? `${figure(timesAsFast(own.milliseconds, milliseconds))}×` : "–",
      isOther && own.check.length > 0 ? disagreement(own.check, check).toExponential(0) : "–",
    ];
  });
  const header = ["contestant", "on", "ms", "least to most", "GFLOP/s", "Crossview's speed", "differs"];
  return `### ${title}: ${figure(gigaflop)} GFLOP, ${counted}\n\n${table(header, rows)}`;
}
