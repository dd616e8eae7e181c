/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The controls of a page's pictures: in which order they stand, how strongly labels cover them, how large they are. @module */
import { remember, remembered } from "./small.ts";

/**
 * Shows the controls of a page that has pictures, and does as they are set.
 *
 * @param overlays Lays labels over the image of an article; gives what covers it.
 */
export function controlPictures(overlays: (article: HTMLElement) => readonly HTMLElement[]): void {
  const form = document.querySelector<HTMLFormElement>("#picture-controls");
  const articles = [...document.querySelectorAll<HTMLElement>(".gallery article")];
  if (form === null || articles.length === 0) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  const covers = articles.flatMap(overlays);
  const strong = form.elements.namedItem("strong") as HTMLOutputElement;
  control(form, "order", (order) => sort(articles, order));
  control(form, "strength", (strength) => {
    strong.textContent = `${Math.round(100 * Number(strength))} %`;
    for (const cover of covers) cover.style.opacity = strength;
  });
  control(form, "size", (size) => {
    for (const article of articles) article.style.setProperty("--size", `${size}px`);
  });
}

/** Does as a control is set: as it was before the page was loaded again, and then each time; not every page has each. */
function control(form: HTMLFormElement, name: string, apply: (value: string) => void): void {
  const field = form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement | null;
  if (field === null) return;
  const { value } = field;
  field.value = remembered()[name] ?? value;
  // The page may have lost the option since.
  if (field.value === "") field.value = value;
  field.addEventListener("input", () => {
    remember(name, field.value);
    apply(field.value);
  });
  apply(field.value);
}

/** Puts each gallery's images in an order: the name of what they have, with a minus for the largest first. */
function sort(articles: readonly HTMLElement[], order: string): void {
  const name = order.replace("-", ""), sign = order.startsWith("-") ? -1 : 1;
  // An image that has no such value comes last.
  const value = ({ dataset }: HTMLElement) =>
    name === ""
      ? Number(dataset["index"])
      : dataset[name] === undefined
      ? Infinity
      : sign * Number(dataset[name]);
  for (const parent of new Set(articles.map(({ parentElement }) => parentElement!))) {
    const own = articles.filter(({ parentElement }) => parentElement === parent);
    parent.append(...own.sort((a, b) => value(a) - value(b)));
  }
}
