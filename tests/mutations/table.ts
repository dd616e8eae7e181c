/** The table of README.md. @module */
import type { Faults } from "./fault.ts";

/** Every fault, with the cases that see it. */
export function tableOf(all: readonly Faults[]): string {
  return all.map(({ method, cases, faults }) => {
    const rows = faults.map(({ why, file, caught, unseen }, i) =>
      `| ${i + 1} | ${why} | \`${file}\` | ${caught.join(", ") || `none: ${unseen}`} |`
    );
    return [
      `### ${method}`,
      "",
      `Cases: ${cases.join(", ")}.`,
      "",
      "| | fault | file | seen by |",
      "| - | - | - | - |",
      ...rows,
    ].join("\n");
  }).join("\n\n");
}
