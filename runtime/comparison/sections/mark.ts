/** The color of a way, as its curves have it. @module */
import { type Markup, markup } from "../../pages/markup.ts";

/** Colors that the style has. */
const COLORS = 8;

/** A way's color, beside its name. */
export function wayMark(position: number): Markup {
  return markup`<span class="mark way c${position % COLORS + 1}" aria-hidden="true"></span>`;
}
