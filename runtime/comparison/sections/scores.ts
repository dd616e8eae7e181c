/** The scores of the ways: means and spreads over seeds, seed by seed, and what they are ahead. @module */
import { type Insert, type Markup, markup } from "../../pages/markup.ts";
import { details, section, table, whole } from "../../report/sections/parts.ts";
import { shownName } from "../../runs/scores.ts";
import { differenceText, type Spread, spreadText } from "../../runs/spread.ts";
import { bytes, percent } from "../../units.ts";
import type { WayScores } from "../scores.ts";
import { wayMark } from "./mark.ts";

/** The section; nothing where no run has scores. */
export function scoresSection(scores: readonly WayScores[], reference: number): Markup | false {
  if (scores.every(({ spread }) => spread === undefined)) return false;
  const seeds = [...new Set(scores.flatMap(({ seeds }) => [...seeds.keys()]))].sort((a, b) => a - b);
  const protocols = new Set(
    scores.flatMap(({ way: { runs } }) => runs.flatMap(({ scores }) => scores?.protocol ?? [])),
  );
  const isHeld = scores.some(({ difference }) => difference !== undefined);
  const hasBest = scores.some(({ best }) => best !== undefined);
  const hasCost = scores.some(({ cost }) => cost !== undefined);
  return section(
    "scores",
    "Scores",
    markup`<p class="quiet">mIoU of each way's headline, percent of the validation images${
      protocols.size === 1 && markup`, ${[...protocols]}`
    }; mean ± standard deviation over seeds (of the sample, n − 1).</p>`,
    table(
      "mIoU by way, percent",
      [
        "way",
        "prediction",
        "mean",
        ...isHeld ? [`− ${scores[reference]!.way.name}`] : [],
        ...hasBest ? ["best weights"] : [],
        ...seeds.map((seed) => `seed ${seed}`),
        ...hasCost ? ["images seen", "seconds a step", "device memory"] : [],
      ],
      scores.map((each, i): Insert[] => [
        markup`${wayMark(i)}${each.way.name}`,
        each.headline === undefined ? "–" : shownName(each.headline),
        markup`<strong>${spreadOf(each.spread, each.seeds.size)}</strong>`,
        ...isHeld ? [differenceOf(each, seeds.length)] : [],
        ...hasBest ? [spreadOf(each.best, each.seeds.size)] : [],
        ...seeds.map((seed) => each.seeds.has(seed) ? percent(each.seeds.get(seed)!) : "–"),
        ...hasCost
          ? [
            each.cost ? whole(each.cost.images) : "–",
            each.cost?.stepSeconds?.toPrecision(3) ?? "–",
            each.cost ? bytes(each.cost.peakBytes) : "–",
          ]
          : [],
      ]),
    ),
    classTable(scores),
    predictionTable(scores),
  );
}

/** A single seed has no spread. */
function spreadOf(spread: Spread | undefined, seeds: number): string {
  return spread === undefined ? "–" : seeds > 1 ? spreadText(spread) : percent(spread.mean);
}

function differenceOf({ difference }: WayScores, seeds: number): string {
  if (difference === undefined) return "";
  const whole = differenceText(difference), text = difference.seeds > 1 ? whole : whole.replace(/ ±.*/, "");
  return difference.seeds === seeds ? text : `${text} (${difference.seeds} of ${seeds} seeds)`;
}

function classTable(scores: readonly WayScores[]): Markup | false {
  const classes = [...new Set(scores.flatMap(({ classes }) => [...classes.keys()]))];
  return classes.length > 0 && details(
    "Classes",
    table(
      "IoU of each class by the headline, percent",
      ["class", ...scores.map(({ way: { name } }) => name)],
      classes.map((
        name,
      ) => [name, ...scores.map(({ classes, seeds }) => spreadOf(classes.get(name), seeds.size))]),
    ),
  );
}

function predictionTable(scores: readonly WayScores[]): Markup {
  return details(
    "Each prediction",
    table(
      "mIoU of each prediction, percent",
      ["way", "prediction", "mean"],
      scores.flatMap(({ way: { name }, predictions, seeds }) =>
        Object.entries(predictions).map((
          [prediction, spread],
        ) => [name, shownName(prediction), spreadOf(spread, seeds.size)])
      ),
    ),
  );
}
