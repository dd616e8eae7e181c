/** A parity report as people read it. @module */
import type { ParityReport } from "../../stages/parity/compare.ts";
import type { Quantity, QuantityKind } from "../../stages/parity/quantity.ts";
import { table } from "../terminal/text.ts";

/** Kinds that have a row for each of hundreds of tensors. */
const many: readonly QuantityKind[] = [
  "gradient norm",
  "gradient samples",
  "running statistics",
  "parameters",
  "update norm",
];
/** Rows shown of each of those, besides all that are out. */
const shownOfMany = 8;

/**
 * The quantities as a table, worst first, with a verdict below.
 *
 * @param options `all`: a row for every tensor's gradient, not only the worst.
 */
export function parityText(report: ParityReport, { all }: { all: boolean }): string {
  const { quantities, reading, off, unread } = report;
  const left = new Map<QuantityKind, number>();
  const shown = quantities.filter(({ kind, within, remark }) => {
    if (all || !within || remark !== undefined || !many.includes(kind)) return true;
    left.set(kind, (left.get(kind) ?? 0) + 1);
    return left.get(kind)! <= shownOfMany;
  });
  const rows = shown.map((quantity) => [
    quantity.name,
    quantity.kind,
    scientific(quantity.error),
    scientific(quantity.tolerance),
    quantity.within ? "within" : "OUT",
    quantity.remark ?? values(quantity),
  ]);
  const notes = [...left].filter(([, count]) => count > shownOfMany)
    .map(([kind, count]) =>
      `${count - shownOfMany} more of kind "${kind}" are within, with smaller errors (--all shows them).`
    );
  if (reading.remark !== undefined) notes.push(reading.remark);
  if (off.length > 0) notes.push(`Switched off by the case, so not compared: ${off.join(", ")}.`);
  for (const [name, why] of Object.entries(unread)) notes.push(`Not compared: ${name} (${why}).`);
  const out = quantities.filter(({ within }) => !within).length;
  const verdict = out === 0
    ? `All ${quantities.length} quantities are within their tolerances.`
    : `${out} of ${quantities.length} quantities are out of their tolerances.`;
  const head = ["quantity", "kind", "error", "tolerance", "verdict", "found / expected"];
  return [table(head, rows), "", ...notes, verdict].join("\n");
}

function scientific(value: number): string {
  return value === 0 ? "0" : value.toExponential(2);
}

function values({ expected, found }: Quantity): string {
  if (expected === undefined || found === undefined) return "";
  return `${Number(found.toPrecision(9))} / ${Number(expected.toPrecision(9))}`;
}
