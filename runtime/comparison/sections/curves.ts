/** The curves of the runs over one another, in figures that the page's script draws. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { curveControls } from "../../report/sections/curves.ts";
import { section } from "../../report/sections/parts.ts";
import { type ComparedChart, MOST_DRAWN } from "../curves.ts";
import type { ComparedWay } from "../ways.ts";

/** The section; nothing where nothing was trained, or nothing is known of it. */
export function curvesSection(
  charts: readonly ComparedChart[],
  ways: readonly ComparedWay[],
): Markup | false {
  if (charts.length === 0) return false;
  const untold = ways.flatMap(({ runs }) => runs).filter(({ curves }) => Object.keys(curves).length === 0);
  return section(
    "curves",
    "Curves",
    curveControls(),
    markup`<noscript><p class="note">Curves are drawn by this page's script.</p></noscript>`,
    ways.some(({ runs }) => runs.length > 1) &&
      markup`<p class="quiet">A way's curve is the mean of its runs, which lie faintly behind it; it ends where the first of them ends.</p>`,
    ways.length > MOST_DRAWN &&
      markup`<p class="note">The curves are those of the first ${MOST_DRAWN} of ${ways.length} ways.</p>`,
    untold.length > 0 &&
      markup`<p class="note">No curves are kept of ${untold.map(({ run: { id } }) => id).join(", ")}.</p>`,
    markup`<div class="charts">${
      charts.map(({ heading, unit }, i) =>
        markup`<figure data-chart="${i}">
<figcaption><strong>${heading}</strong> <span class="quiet">${unit}</span></figcaption>
</figure>
`
      )
    }</div>`,
  );
}
