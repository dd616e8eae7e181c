/** Numbers and tables as people read them. @module */

export { bytes, duration, percent } from "../../runtime/units.ts";

/** A table with aligned columns; a column of numbers is right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const numeric = head.map((_, column) =>
    column > 0 && rows.every((row) => /^([+−-]?\d.*|n\/a)?$/.test(row[column] ?? ""))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/**
 * A text as a terminal may have it: what a file or a server says must not move the cursor, color the screen or hide itself, so
 * control characters but line feeds and tabs, and marks that turn the direction of writing, are written as JSON escapes them.
 */
export function printable(text: string): string {
  return text.replaceAll(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text of many characters with its middle left out; what is wrong stands at its beginning, the way out at its end. */
export function shortened(text: string, most = 2000): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 4);
  return `${text.slice(0, most - end)} … ${text.length - most} characters … ${text.slice(-end)}`;
}
