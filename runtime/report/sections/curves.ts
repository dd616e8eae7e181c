/** The curves of a run's trainings: figures that the page's script draws, and their numbers for who reads. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { namesIn } from "../readings.ts";
import { shownName } from "../../runs/scores.ts";
import { percent } from "../../units.ts";
import type { Curves } from "../curves.ts";
import type { RunView } from "../view.ts";
import { details, section, table, whole } from "./parts.ts";

/** Most rows of a table of losses. */
const MOST_ROWS = 24;

/** The section; nothing where nothing was trained. */
export function curvesSection({ curves }: RunView): Markup | false {
  const trainings = Object.entries(curves).filter(([, { readings, evaluations }]) =>
    readings.length + evaluations.length > 0
  );
  if (trainings.length === 0) return false;
  return section(
    "curves",
    "Curves",
    curveControls(),
    markup`<noscript><p class="note">Curves are drawn by this page's script; the tables below have their numbers.</p></noscript>`,
    trainings.map(([id, training]) => curvesOf(id, training, trainings.length > 1)),
  );
}

/** What is chosen for all charts of a page. */
export function curveControls(): Markup {
  return markup`<form class="controls" id="curve-controls" hidden>
<label><input type="checkbox" name="log"> log scale of losses</label>
<label>smoothing <input type="range" name="smoothing" min="0" max="0.98" step="0.02" value="0"> <output name="smoothed">0.00</output></label>
<p class="quiet">Point at a curve for its values, or step through it by the arrow keys; draw over a part to see it large, double-click for all.</p>
</form>`;
}

function curvesOf(id: string, { readings, evaluations }: Curves, isOneOfSeveral: boolean): Markup {
  const has = (value: "rate" | "imagesPerSecond") => readings.some((reading) => reading[value] !== undefined);
  const figures = [
    ["losses", "Losses", "mean since the reading before, before their weights", readings.length > 0],
    [
      "shares",
      "Shares of pixels",
      "percent of the unlabeled pixels, mean since the reading before",
      namesIn(readings, "shares").length > 0,
    ],
    ["miou", "mIoU on the validation images", "percent, over epochs", evaluations.length > 0],
    ["rate", "Learning rate", "of the base, over steps", has("rate")],
    ["speed", "Images per second", "between two readings", has("imagesPerSecond")],
  ] as const;
  return markup`${isOneOfSeveral && markup`<h3>${id}</h3>`}
<div class="charts">${
    figures.filter(([, , , isThere]) => isThere).map(([kind, heading, unit]) =>
      markup`<figure data-chart="${kind}" data-training="${id}">
<figcaption><strong>${heading}</strong> <span class="quiet">${unit}</span></figcaption>
</figure>
`
    )
  }</div>
${readings.length > 0 && lossTable(readings)}
${evaluations.length > 0 && scoreTable(evaluations)}`;
}

/** As `confident 1`, of what is told as `confident1`. */
function shownShare(name: string): string {
  return name.replaceAll("_", " ").replace(/(\d+)$/, " $1");
}

function lossTable(readings: Curves["readings"]): Markup {
  const names = namesIn(readings, "losses"), shares = namesIn(readings, "shares");
  const every = Math.ceil(readings.length / MOST_ROWS);
  const rows = readings.filter((_, i) => i % every === 0 || i === readings.length - 1);
  const number = (value: number | undefined) =>
    value === undefined ? "" : String(Number(value.toPrecision(4)));
  const caption = `${shares.length > 0 ? "Losses and shares" : "Losses"} in numbers${
    every > 1 ? `, one reading in ${every}` : ""
  }`;
  return details(
    caption,
    table(
      caption,
      ["step", ...names, ...shares.map((name) => `${shownShare(name)}, %`), "learning rate", "images/s"],
      rows.map(({ step, losses, shares: told, rate, imagesPerSecond }) => [
        whole(step),
        ...names.map((name) => number(losses[name])),
        ...shares.map((name) => told?.[name] === undefined ? "" : (100 * told[name]).toFixed(1)),
        number(rate),
        number(imagesPerSecond),
      ]),
    ),
  );
}

function scoreTable(evaluations: Curves["evaluations"]): Markup {
  const names = [...new Set(evaluations.flatMap(({ miou }) => Object.keys(miou)))];
  return details(
    "mIoU in numbers",
    table(
      "mIoU on the validation images, percent",
      ["epoch", ...names.map(shownName), "protocol"],
      evaluations.map(({ epoch, miou, protocol }) => [
        whole(epoch),
        ...names.map((name) => percent(miou[name] ?? null)),
        protocol,
      ]),
    ),
  );
}
