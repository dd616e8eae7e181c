/** Problems as lines, those of one kind together: a thousand files with one fault are one line. @module */

/** How many kinds are shown. */
const shown = 20;

/**
 * The lines.
 *
 * @param name What each is called: `problem`.
 */
export function problemLines(problems: readonly string[], name = "problem"): string[] {
  const kinds = [...Map.groupBy(problems, kindOf).values()];
  const lines = kinds.slice(0, shown).map((same) =>
    same.length === 1 ? `${name}: ${same[0]}` : `${name}, ${same.length} times: ${same[0]}`
  );
  const rest = kinds.length - shown;
  return rest > 0 ? [...lines, `and ${rest} more kinds of ${name} (--json lists all)`] : lines;
}

/** A message without what differs from file to file: what is quoted, and numbers. */
function kindOf(problem: string): string {
  return problem.replaceAll(/"[^"]*"/g, '""').replaceAll(/\d+/g, "0");
}
