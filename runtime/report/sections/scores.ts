/** The scores of a run: each prediction by its last and best weights, each class, and which class is taken for which. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { learnedNotes } from "../../runs/provenance.ts";
import {
  headlineName,
  headlineScore,
  predictionNames,
  type RunScores,
  shownName,
} from "../../runs/scores.ts";
import { percent } from "../../units.ts";
import type { Baseline } from "../baseline.ts";
import type { Rgb } from "../gallery.ts";
import type { RunView } from "../view.ts";
import { signed } from "./head.ts";
import { bar, section, table, whole } from "./parts.ts";

/** The section; nothing where nothing is scored. */
export function scoresSection({ scores, baseline, gallery }: RunView): Markup | false {
  if (scores === undefined) return false;
  const { protocol, benchmarks = [], learnedFrom, perClass = [] } = scores;
  const names = perClass.map(({ name }) => name);
  const matrix = confusionOf(scores, names.length);
  return section(
    "scores",
    "Scores",
    markup`<p class="quiet">Percent of the validation images${
      protocol !== undefined && markup`, ${protocol}`
    }.</p>`,
    [...benchmarks, ...learnedNotes(learnedFrom)].map((text) => markup`<p class="note">${text}</p>`),
    predictions(scores, baseline),
    baseline && against(scores, baseline),
    names.length > 0 && classes(scores, gallery?.colors ?? [], baseline),
    matrix && confusion(matrix, names),
  );
}

function predictions(scores: RunScores, baseline: Baseline | undefined): Markup {
  const columns = [
    ["mIoU, last", (scores: RunScores) => scores.miou],
    ["mIoU, best", (scores: RunScores) => scores.best?.miou],
    ["pixel accuracy", (scores: RunScores) => scores.pixelAccuracy],
  ] as const;
  const shown = columns.filter(([, of]) => of(scores) !== undefined);
  const numbers = (scores: RunScores, name: string) =>
    shown.map(([, of]) => percent(of(scores)?.[name] ?? null));
  const headline = headlineName(scores);
  return table(
    "Scores of each prediction, percent",
    ["prediction", ...shown.map(([head]) => head)],
    [
      ...predictionNames(scores).map((name) => [
        name === headline
          ? markup`${shownName(name)} <small class="quiet">headline</small>`
          : shownName(name),
        ...numbers(scores, name),
      ]),
      ...(baseline ? [["labels alone", ...numbers(baseline.scores, headlineName(baseline.scores))]] : []),
    ],
  );
}

function against(scores: RunScores, { id, scores: alone }: Baseline): Markup {
  const own = headlineScore(scores), other = headlineScore(alone);
  return markup`<p>Labels alone, on the same data and seed (run ${id}), come to <strong>${
    percent(other ?? null)
  }</strong>${
    typeof own === "number" && typeof other === "number" &&
    markup`: the gain is <strong>${signed(own - other)}</strong> points`
  }.</p>`;
}

function classes(
  { perClass = [], best }: RunScores,
  colors: readonly Rgb[],
  baseline: Baseline | undefined,
): Markup {
  const byName = (scores: Pick<RunScores, "perClass"> = {}) =>
    new Map(scores.perClass?.map(({ name, iou }) => [name, iou]));
  const bests = byName(best), alone = byName(baseline?.scores);
  const notes = [
    bests.size > 0 && "; a mark where the best weights come to",
    alone.size > 0 && "; behind it, how many points it is over labels alone",
  ].filter((note) => note !== false);
  return markup`<h3>Classes</h3>
<p class="quiet">IoU by the last weights, percent${notes}.</p>
<ul class="bars">${
    perClass.map(({ name, iou }, i) => {
      const mark = bests.get(name), other = alone.get(name);
      return markup`<li><span class="name">${swatch(colors[i])}${name}</span>${
        bar(iou ?? 0, mark ?? undefined)
      }<span class="number">${percent(iou)}${
        typeof other === "number" && iou !== null &&
        markup` <small class="quiet">${signed(iou - other)}</small>`
      }</span></li>
`;
    })
  }</ul>`;
}

/** A class's color, as masks have it. */
export function swatch(color: Rgb | undefined): Markup | false {
  return color !== undefined &&
    markup`<svg class="swatch" aria-hidden="true" viewBox="0 0 1 1"><rect width="1" height="1" fill="rgb(${
      color.join(",")
    })"/></svg>`;
}

/** Counts of pixels by truth and prediction, if the scores have them for these classes. */
function confusionOf(scores: RunScores, classes: number): readonly (readonly number[])[] | undefined {
  const { confusion } = scores as { readonly confusion?: unknown };
  const isRow = (row: unknown): row is number[] =>
    Array.isArray(row) && row.length === classes &&
    row.every((count) => Number.isFinite(count) && count >= 0);
  return classes > 0 && Array.isArray(confusion) && confusion.length === classes && confusion.every(isRow)
    ? confusion
    : undefined;
}

/** Shades of a cell: as many as the style has. */
const SHADES = 20;
/** Most classes of a matrix that can be looked at. */
const MOST_CLASSES = 40;

/** The classes that are most often taken for others, or others for them, in their order. */
function mostConfused(matrix: readonly (readonly number[])[]): number[] {
  const wrong = matrix.map((row, i) =>
    row.reduce((sum, count, j) => i === j ? sum : sum + count + matrix[j]![i]!, 0)
  );
  return [...wrong.keys()].sort((a, b) => wrong[b]! - wrong[a]! || a - b).slice(0, MOST_CLASSES)
    .sort((a, b) => a - b);
}

function confusion(matrix: readonly (readonly number[])[], names: readonly string[]): Markup {
  const caption = "What each class is taken for, percent of its pixels";
  const chosen = mostConfused(matrix);
  return markup`<h3>What is taken for what</h3>
${
    chosen.length < names.length &&
    markup`<p class="note">Of ${names.length} classes the ${MOST_CLASSES} that are most often taken for others, or others for them.</p>`
  }
<p class="quiet">Rows are the truth, columns what the headline's last weights say; percent of a row. <span id="confusion-value">Point at a cell for its pixels, or step through the cells by the arrow keys.</span></p>
<div class="scroll" id="confusion" tabindex="0" role="region" aria-label="${caption}">
<table class="confusion">
<thead><tr><th scope="col">truth</th>${
    chosen.map((i) => markup`<th scope="col"><span>${names[i]}</span></th>`)
  }</tr></thead>
<tbody>${
    chosen.map((truth) => {
      const row = matrix[truth]!;
      const all = row.reduce((sum, count) => sum + count, 0);
      return markup`<tr><th scope="row">${names[truth]}</th>${
        chosen.map((predicted) => {
          const count = row[predicted]!;
          const share = all === 0 ? 0 : count / all;
          const shade = Math.round(SHADES * share);
          const kind = truth === predicted ? "right" : "wrong";
          const title = `${names[truth]} taken for ${names[predicted]}: ${whole(count)} pixels, ${
            (100 * share).toFixed(2)
          } %`;
          return markup`<td class="${kind} s${shade}" title="${title}">${
            all === 0 ? "–" : share >= 0.005 ? Math.round(100 * share) : ""
          }</td>`;
        })
      }</tr>
`;
    })
  }</tbody>
</table>
</div>`;
}
