/** HTML in which text cannot become markup: what is put into a template is escaped, whatever it says. @module */

/** HTML that is written as it is. */
export class Markup {
  /** @param text The HTML. */
  constructor(readonly text: string) {}
}

/** What may stand in a template: text, numbers, HTML, lists of them; nothing is written for `undefined` and `false`. */
export type Insert = string | number | Markup | undefined | false | readonly Insert[];

/**
 * Makes HTML.
 *
 * @example
 * ```ts
 * import { markup } from "./markup.ts";
 *
 * markup`<td>${"<img onerror>"}</td>`.text; // "<td>&lt;img onerror&gt;</td>"
 * ```
 */
export function markup(parts: readonly string[], ...inserts: readonly Insert[]): Markup {
  return new Markup(parts.map((part, i) => i === 0 ? part : textOf(inserts[i - 1]) + part).join(""));
}

function textOf(insert: Insert): string {
  if (insert === undefined || insert === false) return "";
  if (insert instanceof Markup) return insert.text;
  if (typeof insert === "object") return insert.map(textOf).join("");
  return visible(String(insert)).replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Text whose control characters, and those that turn the direction of what follows, are seen and do nothing. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (sign) => {
    if (sign === "\n" || sign === "\t") return sign;
    const code = sign.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  }).replaceAll(/[\p{Bidi_Control}\p{Cs}\u2028\u2029]/gu, "\ufffd");
}
