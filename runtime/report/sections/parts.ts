/** Parts that sections of a page share. @module */
import { type Insert, type Markup, markup } from "../../pages/markup.ts";

/** A section with its heading, which the navigation leads to. */
export function section(id: string, heading: string, ...content: readonly Insert[]): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${content}
</section>`;
}

/** A table that scrolls within itself where the window is narrow. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Insert[])[],
): Markup {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
<table>
<thead><tr>${head.map((cell) => markup`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${
    rows.map(([first, ...cells]) =>
      markup`<tr><th scope="row">${first}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>
`
    )
  }</tbody>
</table>
</div>`;
}

/** What is looked at now and then: closed until it is asked for. */
export function details(summary: Insert, ...content: readonly Insert[]): Markup {
  return markup`<details><summary>${summary}</summary>
${content}
</details>`;
}

/** A moment, ISO 8601, which the page's script writes in the reader's own zone. */
export function moment(time: string): Markup {
  return markup`<time datetime="${time}">${time.replace("T", " ").replace(/\.\d+Z$/, " UTC")}</time>`;
}

/** Whole numbers with commas. */
export function whole(count: number): string {
  return count.toLocaleString("en-US");
}

/**
 * A bar.
 *
 * @param value Percent of its width.
 * @param mark Where a line is drawn across it, percent.
 */
export function bar(value: number, mark?: number): Markup {
  return markup`<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="3"/><rect class="value" width="${
    value.toFixed(2)
  }%" height="100%" rx="3"/>${
    mark !== undefined &&
    markup`<rect class="best" x="${Math.min(99.5, mark).toFixed(2)}%" width="3" height="100%"/>`
  }</svg>`;
}
