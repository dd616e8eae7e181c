/** The page that holds runs against one another, put together. @module */
import { type Markup, markup } from "../pages/markup.ts";
import { page } from "../pages/page.ts";
import client from "./client.json" with { type: "json" };
import { chartsOf } from "./curves.ts";
import { notesOf } from "./notes.ts";
import { wayScores } from "./scores.ts";
import { curvesSection } from "./sections/curves.ts";
import { head } from "./sections/head.ts";
import { picturesSection } from "./sections/pictures.ts";
import { runsSection } from "./sections/runs.ts";
import { scoresSection } from "./sections/scores.ts";
import { settingsSection } from "./sections/settings.ts";
import type { Comparison, ComparisonData } from "./view.ts";

/** The page. Whatever the runs' files say is shown as text. */
export function comparisonPage(comparison: Comparison): string {
  const { title, ways, reference } = comparison;
  const scores = wayScores(ways, reference), charts = chartsOf(ways);
  const sections: (readonly [id: string, name: string, content: Markup | false])[] = [
    ["scores", "Scores", scoresSection(scores, reference)],
    ["curves", "Curves", curvesSection(charts, ways)],
    ["pictures", "Pictures", picturesSection(comparison.pictures)],
    ["settings", "Settings", settingsSection(ways)],
    ["runs", "Runs", runsSection(ways)],
  ];
  const shown = sections.filter(([, , content]) => content !== false);
  const data: ComparisonData = { ways: ways.map(({ name }) => name), charts };
  return page({
    title: `${title}: comparison`,
    client,
    data,
    body: markup`<div class="page">
${head(comparison, notesOf(ways))}
<nav aria-label="Sections">${shown.map(([id, name]) => markup`<a href="#${id}">${name}</a>`)}</nav>
<main>
${shown.map(([, , content]) => content)}
</main>
</div>`,
  });
}
