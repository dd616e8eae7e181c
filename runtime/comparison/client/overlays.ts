/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Labels of a comparison, laid over their image. @module */

/** Puts the image below each picture of labels; gives what covers it. */
export function overlays(article: HTMLElement): HTMLElement[] {
  const image = article.querySelector<HTMLImageElement>('[data-picture="image"] img');
  if (image === null) return [];
  return [...article.querySelectorAll<HTMLImageElement>("[data-labels] img")].map((cover) => {
    const stack = document.createElement("div"), below = image.cloneNode() as HTMLImageElement;
    below.alt = "";
    stack.className = "stack";
    cover.replaceWith(stack);
    cover.className = "cover";
    stack.append(below, cover);
    return cover;
  });
}
