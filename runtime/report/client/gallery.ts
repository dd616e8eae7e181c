/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Pictures: sorted as is chosen, and laid over one another. @module */
import { remember, remembered } from "./small.ts";

/** Adds overlays to the galleries, and lets them be sorted. */
export function gallery(): void {
  const form = document.querySelector<HTMLFormElement>("#gallery-controls");
  const articles = [...document.querySelectorAll<HTMLElement>(".gallery article")];
  if (form === null || articles.length === 0) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  const covers = articles.flatMap(overlay);
  const size = form.elements.namedItem("size") as HTMLInputElement | null;
  const strength = form.elements.namedItem("strength") as HTMLInputElement;
  const strong = form.elements.namedItem("strong") as HTMLOutputElement;
  const order = form.elements.namedItem("order") as HTMLSelectElement;
  const chosen = remembered();
  strength.value = chosen["strength"] ?? strength.value;
  if ([...order.options].some(({ value }) => value === chosen["order"])) order.value = chosen["order"]!;
  if (size !== null) size.value = chosen["size"] ?? size.value;
  const show = () => {
    for (const article of articles) article.style.setProperty("--size", `${size?.value ?? 136}px`);
    strong.textContent = `${Math.round(100 * Number(strength.value))} %`;
    for (const cover of covers) cover.style.opacity = strength.value;
  };
  form.addEventListener("input", () => {
    remember("strength", strength.value);
    if (size !== null) remember("size", size.value);
    show();
  });
  order.addEventListener("change", () => {
    remember("order", order.value);
    sort(articles, order.value);
  });
  show();
  sort(articles, order.value);
}

/** Lays what the headline says over the image, as a picture of its own; gives what covers. */
function overlay(article: HTMLElement): HTMLElement[] {
  const pictures = article.querySelector(".pictures");
  const source = (name: string) =>
    article.querySelector<HTMLImageElement>(`[data-picture="${CSS.escape(name)}"] img`);
  const image = source("image"), cover = source(article.dataset["over"] ?? "");
  if (pictures === null || image === null || cover === null) return [];
  const figure = document.createElement("figure"),
    stack = document.createElement("div"),
    caption = document.createElement("figcaption"),
    below = image.cloneNode() as HTMLImageElement,
    above = document.createElement("canvas");
  below.alt = `overlay of ${article.getAttribute("aria-label")}`;
  above.className = "cover";
  above.setAttribute("aria-hidden", "true");
  cover.decode().then(() => paint(above, cover, article.dataset["plain"]), () => figure.remove());
  stack.className = "stack";
  caption.textContent = "overlay";
  stack.append(below, above);
  figure.append(stack, caption);
  image.closest("figure")!.after(figure);
  return [above];
}

/** Paints labels; what is of the plain color, "r,g,b", is left out, as background is. */
function paint(canvas: HTMLCanvasElement, labels: HTMLImageElement, plain: string | undefined): void {
  canvas.width = labels.naturalWidth;
  canvas.height = labels.naturalHeight;
  const context = canvas.getContext("2d")!;
  context.drawImage(labels, 0, 0);
  if (plain === undefined) return;
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height), { data } = pixels;
  const [red, green, blue] = plain.split(",").map(Number);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) data[at + 3] = 0;
  }
  context.putImageData(pixels, 0, 0);
}

/** Puts each gallery's images in an order: the name of what they have, with a minus for the largest first. */
export function sort(articles: readonly HTMLElement[], order: string): void {
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
