/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The page's elements: what is shown of a result, and how its points are read. @module */
import type { ClassList } from "../../../stages/datasets/classes.ts";
import type { LabeledPicture, RgbaImage } from "./labeler.ts";
import { areasOf, shown, type Way } from "./result.ts";

/** A labeled picture as the page shows it. */
export interface ShownResult {
  readonly image: RgbaImage;
  readonly labeled: LabeledPicture;
  /** Under the picture: its size, the time it took, what was seen otherwise. */
  readonly caption: string;
}

/** What the event `labeled` of the document tells other scripts, and tests. */
export type LabeledEvent = LabeledPicture & { readonly image: RgbaImage };

/**
 * Finds an element of the page.
 * @throws {Error} If there is none, or one of another kind.
 */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`Cannot find ${kind.name} "${id}" in the page`);
}

/** What the page shows. */
export class View {
  readonly #canvas = element("picture", HTMLCanvasElement);
  readonly #point = element("point", HTMLOutputElement);
  readonly #way = element("way", HTMLSelectElement);
  #result: ShownResult | undefined;
  #at: { x: number; y: number } | undefined;

  constructor(private readonly classes: ClassList) {
    this.#way.addEventListener("change", () => this.#draw());
    this.#canvas.addEventListener("pointermove", (event) => this.#readAt(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#readAt(event));
    this.#canvas.addEventListener("keydown", (event) => this.#step(event));
    this.#canvas.addEventListener("blur", () => this.#leave());
    this.#canvas.addEventListener("pointerleave", () => this.#leave());
  }

  /** Shows a result in the place of the last one. */
  show(result: ShownResult): void {
    this.#result = result;
    this.#at = undefined;
    this.#point.textContent = "";
    element("result", HTMLElement).hidden = false;
    element("caption", HTMLElement).textContent = result.caption;
    this.#draw();
    this.#list();
  }

  #draw(): void {
    if (this.#result === undefined) return;
    const { image, labeled } = this.#result;
    if (this.#canvas.width !== image.width || this.#canvas.height !== image.height) {
      this.#canvas.width = image.width;
      this.#canvas.height = image.height;
    }
    const context = this.#canvas.getContext("2d")!;
    context.putImageData(shown(this.#way.value as Way, image, labeled, this.classes), 0, 0);
    if (this.#at === undefined) return;
    const { x, y } = this.#at, arm = Math.max(4, Math.round(Math.max(image.width, image.height) / 60));
    for (const [style, width] of [["#000", 3], ["#fff", 1]] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x + 0.5 - arm, y + 0.5);
      context.lineTo(x + 0.5 + arm, y + 0.5);
      context.moveTo(x + 0.5, y + 0.5 - arm);
      context.lineTo(x + 0.5, y + 0.5 + arm);
      context.stroke();
    }
  }

  #list(): void {
    const { names, colors } = this.classes, { labeled } = this.#result!;
    const areas = areasOf(labeled, names.length);
    const rows = areas.map(({ label, pixels, share, confidence }) => {
      const row = document.createElement("tr"), swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.backgroundColor = `rgb(${colors[label]!.join()})`;
      const name = document.createElement("th");
      name.scope = "row";
      name.append(swatch, names[label]!);
      const cells = [percent(share), pixels.toLocaleString("en-US"), percent(confidence)].map((text) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        return cell;
      });
      row.append(name, ...cells);
      return row;
    });
    element("areas", HTMLTableSectionElement).replaceChildren(...rows);
    const found = new Set(areas.map(({ label }) => label)), absent = names.filter((_, i) => !found.has(i));
    element("absent", HTMLElement).textContent = absent.length === 0
      ? ""
      : `Not in the picture: ${absent.join(", ")}.`;
  }

  #readAt({ offsetX, offsetY }: PointerEvent): void {
    const { clientWidth, clientHeight, width, height } = this.#canvas;
    this.#point.textContent = this.#pointText(
      Math.floor(offsetX / clientWidth * width),
      Math.floor(offsetY / clientHeight * height),
    );
  }

  #step(event: KeyboardEvent): void {
    if (this.#result === undefined) return;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const;
    const step = Object.hasOwn(steps, event.key) ? steps[event.key as keyof typeof steps] : undefined;
    if (step === undefined) return;
    event.preventDefault();
    const { width, height } = this.#result.image;
    const stride = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(width, height) / 40));
    const from = this.#at ?? { x: Math.floor(width / 2), y: Math.floor(height / 2) };
    const within = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
    this.#at = { x: within(from.x + step[0] * stride, width), y: within(from.y + step[1] * stride, height) };
    this.#point.textContent = this.#pointText(this.#at.x, this.#at.y);
    this.#draw();
  }

  #leave(): void {
    this.#point.textContent = "";
    if (this.#at === undefined) return;
    this.#at = undefined;
    this.#draw();
  }

  #pointText(x: number, y: number): string {
    if (this.#result === undefined) return "";
    const { image: { width, height }, labeled: { labels, confidence } } = this.#result;
    if (x < 0 || y < 0 || x >= width || y >= height) return "";
    const i = y * width + x;
    return `${this.classes.names[labels[i]!]}, ${
      (100 * confidence[i]!).toFixed(0)
    } % (column ${x}, row ${y})`;
  }
}

/** A share as people read it; one that is there is not nothing. */
function percent(share: number): string {
  return share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}
