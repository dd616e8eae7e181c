/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What the headline says, laid over its image. @module */

/** Lays what the headline says over the image, as a picture of its own; gives what covers. */
export function overlay(article: HTMLElement): HTMLElement[] {
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
