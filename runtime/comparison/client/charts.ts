/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The charts of a comparison: a way's mean in its color, its runs faintly behind. @module */
import { Chart, type ChartData } from "../../report/client/chart.ts";
import { drawTogether } from "../../report/client/curves.ts";
import type { ComparedChart } from "../curves.ts";
import { aligned } from "./align.ts";

/** How values are said. */
const formats: Readonly<Record<ComparedChart["kind"], (value: number) => string>> = {
  loss: (value) => String(Number(value.toPrecision(4))),
  share: (value) => `${value.toFixed(2)} %`,
  miou: (value) => `${value.toFixed(2)} %`,
  rate: (value) => String(Number(value.toPrecision(4))),
  speed: (value) => String(Number(value.toPrecision(4))),
};

function dataOf({ kind, xName, lines }: ComparedChart, names: readonly string[]): ChartData {
  const { x, ways } = aligned(lines, kind !== "miou");
  const inOrder = [...ways].sort(([a], [b]) => a - b);
  return {
    x,
    xName,
    curves: inOrder.map(([way, { mean, runs }]) => ({
      name: names[way]!,
      color: way,
      values: mean,
      ...(runs.length > 1 && { behind: runs }),
    })),
    format: formats[kind],
    spansGaps: true,
    isSmoothed: kind === "loss" || kind === "share" || kind === "speed",
    mayBeLog: kind === "loss",
    hasPoints: kind === "miou",
  };
}

/** Draws every chart in its figure. */
export function drawComparison(charts: readonly ComparedChart[], ways: readonly string[]): void {
  const drawn: Chart[] = [];
  for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) {
    const chart = charts[Number(figure.dataset["chart"])];
    if (chart !== undefined) drawn.push(new Chart(figure, dataOf(chart, ways)));
  }
  drawTogether(drawn);
}
