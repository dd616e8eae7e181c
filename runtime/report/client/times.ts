/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Times as the reader's clock shows them. @module */

/** Writes each `<time>` of a page in the reader's zone and manner. */
export function localTimes(page: Document): void {
  for (const element of page.querySelectorAll("time")) {
    element.title = element.dateTime;
    element.textContent = new Date(element.dateTime).toLocaleString(undefined, {
      dateStyle: "medium",
      timeStyle: "short",
    });
  }
}
