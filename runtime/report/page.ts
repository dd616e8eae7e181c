/** A run's page, put together. @module */
import { type Markup, markup } from "../pages/markup.ts";
import { page } from "../pages/page.ts";
import client from "./client.json" with { type: "json" };
import type { Curves } from "./curves.ts";
import { namesIn, thinned } from "./readings.ts";
import { curvesSection } from "./sections/curves.ts";
import { gallerySection } from "./sections/gallery.ts";
import { head } from "./sections/head.ts";
import { nextSection } from "./sections/next.ts";
import { scoresSection } from "./sections/scores.ts";
import { repeatSection, settingsSection, stagesSection } from "./sections/stages.ts";
import type { RunView } from "./view.ts";

/** What the page's script reads. */
export interface PageData {
  readonly state: string;
  /** While the run goes on. */
  readonly freshness?: RunView["freshness"];
  /** By stage. */
  readonly curves: Readonly<Record<string, CurveColumns>>;
}

/** Curves as columns: a row is a reading. */
export interface CurveColumns {
  readonly step: readonly number[];
  readonly rate: readonly (number | null)[];
  readonly speed: readonly (number | null)[];
  readonly losses: Readonly<Record<string, readonly (number | null)[]>>;
  readonly shares: Readonly<Record<string, readonly (number | null)[]>>;
  readonly epoch: readonly number[];
  readonly miou: Readonly<Record<string, readonly (number | null)[]>>;
}

/** Most numbers of curves: a page has 5 MB at most. */
const MOST_NUMBERS = 150_000;

/** Curves of so few readings that all trainings together have {@linkcode MOST_NUMBERS} at most. */
function drawable(curves: RunView["curves"]): RunView["curves"] {
  const trainings = Object.entries(curves);
  return Object.fromEntries(trainings.map(([id, { readings, ...training }]) => {
    const width = 3 + namesIn(readings, "losses").length + namesIn(readings, "shares").length;
    const most = Math.max(50, Math.floor(MOST_NUMBERS / trainings.length / width));
    return [id, { ...training, readings: thinned(readings, most) }];
  }));
}

/** The page. Whatever a run's files say is shown as text. */
export function reportPage(given: RunView): string {
  const view = { ...given, curves: drawable(given.curves) };
  const { run: { name, id, state }, curves, freshness } = view;
  const sections: (readonly [id: string, name: string, content: Markup | false])[] = [
    ["scores", "Scores", scoresSection(view)],
    ["curves", "Curves", curvesSection(view)],
    ["pictures", "Pictures", gallerySection(view)],
    ["next", "Label next", nextSection(view)],
    ["settings", "Settings", settingsSection(view)],
    ["stages", "Stages", stagesSection(view)],
    ["repeat", "Repeat it", repeatSection(view)],
  ];
  const shown = sections.filter(([, , content]) => content !== false);
  const data: PageData = {
    state,
    ...(freshness && { freshness }),
    curves: Object.fromEntries(Object.entries(curves).map(([id, curves]) => [id, columns(curves)])),
  };
  return page({
    title: `${name} ${id}`,
    client,
    data,
    body: markup`<div class="page">
${head(view)}
<nav aria-label="Sections">${shown.map(([id, name]) => markup`<a href="#${id}">${name}</a>`)}</nav>
<main>
${shown.map(([, , content]) => content)}
</main>
</div>`,
  });
}

function columns({ readings, evaluations }: Curves): CurveColumns {
  const scores = [...new Set(evaluations.flatMap(({ miou }) => Object.keys(miou)))];
  const named = (group: "losses" | "shares") =>
    Object.fromEntries(
      namesIn(readings, group).map((
        name,
      ) => [name, readings.map((reading) => reading[group]?.[name] ?? null)]),
    );
  return {
    step: readings.map(({ step }) => step),
    rate: readings.map(({ rate = null }) => rate),
    speed: readings.map(({ imagesPerSecond = null }) => imagesPerSecond),
    losses: named("losses"),
    shares: named("shares"),
    epoch: evaluations.map(({ epoch }) => epoch),
    miou: Object.fromEntries(scores.map((name) => [name, evaluations.map(({ miou }) => miou[name] ?? null)])),
  };
}
