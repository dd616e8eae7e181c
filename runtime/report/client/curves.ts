/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The charts of a run's page: which there are, and what is chosen of them. @module */
import type { CurveColumns, PageData } from "../page.ts";
import { Chart, type ChartData, type Curve } from "./chart.ts";
import { remember, remembered } from "./small.ts";

/** What a figure shows of a training. */
function dataOf(kind: string, columns: CurveColumns): ChartData {
  const { step, epoch, losses, shares, miou, rate, speed } = columns;
  const percent = (value: number) => `${value.toFixed(2)} %`;
  const digits = (value: number) => String(Number(value.toPrecision(4)));
  const steps = { x: step, xName: "step", format: digits, spansGaps: true };
  switch (kind) {
    case "losses":
      return { ...steps, curves: named(losses), isSmoothed: true, mayBeLog: true };
    case "shares":
      return { ...steps, curves: named(percents(shares)), format: percent, isSmoothed: true };
    case "miou":
      return { x: epoch, xName: "epoch", curves: named(miou), format: percent, hasPoints: true };
    case "rate":
      return { ...steps, curves: named({ "learning rate": rate }) };
    default:
      return { ...steps, curves: named({ "images/s": speed }), isSmoothed: true };
  }
}

/** Shares, in [0, 1], as percent. */
function percents(shares: CurveColumns["shares"]): Record<string, Curve["values"]> {
  return Object.fromEntries(
    Object.entries(shares).map(([name, values]) => [
      name.replaceAll("_", " "),
      values.map((value) => value === null ? null : 100 * value),
    ]),
  );
}

/** Curves by the names that people read: `branch 1`. */
function named(curves: Readonly<Record<string, Curve["values"]>>): Curve[] {
  return Object.entries(curves).map(([name, values]) => ({ name: name.replace(/(\d+)$/, " $1"), values }));
}

/** Draws every figure. */
export function drawCurves(curves: PageData["curves"]): void {
  const charts: Chart[] = [];
  for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) {
    const columns = curves[figure.dataset["training"]!];
    if (columns !== undefined) charts.push(new Chart(figure, dataOf(figure.dataset["chart"]!, columns)));
  }
  drawTogether(charts);
}

/** Draws charts as is chosen for all of them, and again when the scheme or a choice changes. */
export function drawTogether(charts: readonly Chart[]): void {
  const form = document.querySelector<HTMLFormElement>("#curve-controls");
  if (charts.length === 0 || form === null) return;
  form.hidden = false;
  const log = form.elements.namedItem("log") as HTMLInputElement;
  const smoothing = form.elements.namedItem("smoothing") as HTMLInputElement;
  const output = form.elements.namedItem("smoothed") as HTMLOutputElement;
  const chosen = remembered();
  log.checked = chosen["log"] === "yes";
  smoothing.value = chosen["smoothing"] ?? "0";
  const draw = () => {
    output.textContent = Number(smoothing.value).toFixed(2);
    for (const chart of charts) chart.draw({ isLog: log.checked, smoothing: Number(smoothing.value) });
  };
  form.addEventListener("input", () => {
    remember("log", log.checked ? "yes" : "no");
    remember("smoothing", smoothing.value);
    draw();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
}
