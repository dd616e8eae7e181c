/** The head of a comparison: what is compared, and what has to be known before it is read. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { moment } from "../../report/sections/parts.ts";
import type { Comparison } from "../view.ts";

/** The head. */
export function head({ title, made, ways }: Comparison, notes: readonly string[]): Markup {
  const runs = ways.flatMap(({ runs }) => runs).length;
  const counted = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;
  return markup`<header>
<p class="product">Crossview · a comparison</p>
<h1>${title}</h1>
<p class="quiet">${counted(ways.length, "way")} to train, ${counted(runs, "run")} · as of ${
    moment(made.toISOString())
  }</p>
${notes.map((note) => markup`<p class="note">${note}</p>`)}
</header>`;
}
