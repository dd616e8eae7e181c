/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Pictures of a comparison: sorted as is chosen, labels laid over their image. @module */
import { sort } from "../../report/client/gallery.ts";
import { remember, remembered } from "../../report/client/small.ts";

/** Lets the pictures be sorted, and the images shine through their labels. */
export function pictures(): void {
  const form = document.querySelector<HTMLFormElement>("#comparison-controls");
  const articles = [...document.querySelectorAll<HTMLElement>(".gallery article")];
  if (form === null || articles.length === 0) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  const covers = articles.flatMap(overlays);
  const strength = form.elements.namedItem("strength") as HTMLInputElement;
  const strong = form.elements.namedItem("strong") as HTMLOutputElement;
  const order = form.elements.namedItem("order") as HTMLSelectElement;
  const chosen = remembered();
  strength.value = chosen["strength"] ?? strength.value;
  if ([...order.options].some(({ value }) => value === chosen["order"])) order.value = chosen["order"]!;
  const show = () => {
    strong.textContent = `${Math.round(100 * Number(strength.value))} %`;
    for (const cover of covers) cover.style.opacity = strength.value;
  };
  strength.addEventListener("input", () => {
    remember("strength", strength.value);
    show();
  });
  order.addEventListener("change", () => {
    remember("order", order.value);
    sort(articles, order.value);
  });
  show();
  sort(articles, order.value);
}

/** Puts the image below each picture of labels; gives what covers it. */
function overlays(article: HTMLElement): HTMLElement[] {
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
