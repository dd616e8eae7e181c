/// <reference lib="dom" />
/** One chart: curves over steps or epochs, drawn by uPlot, read by pointer and by keys. @module */
import uPlot from "uplot";
import { visible } from "../../pages/markup.ts";
import { smoothed } from "./smoothing.ts";

/** What a chart shows. */
export interface ChartData {
  /** Rising. */
  readonly x: readonly number[];
  readonly xName: string;
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
  readonly format: (value: number) => string;
  /** Whether the choice of smoothing is for it, and that of a log scale. */
  readonly isSmoothed?: boolean;
  readonly mayBeLog?: boolean;
  readonly hasPoints?: boolean;
}

/** What is chosen for all charts. */
export interface Look {
  readonly isLog: boolean;
  /** From 0 to below 1. */
  readonly smoothing: number;
}

const HEIGHT = 240;
const COLORS = 8;

/** A chart in its figure. */
export class Chart {
  readonly #names: readonly string[];
  readonly #hidden = new Set<string>();
  readonly #area: HTMLElement;
  readonly #values = new Map<string, HTMLOutputElement>();
  readonly #where: HTMLOutputElement;
  #plot: uPlot | undefined;
  #look: Look = { isLog: false, smoothing: 0 };
  #at: number | undefined;

  constructor(readonly figure: HTMLElement, readonly data: ChartData) {
    this.#names = Object.keys(data.series);
    this.#where = document.createElement("output");
    this.#area = this.#makeArea();
    figure.append(this.#area, this.#legend());
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#area.clientWidth, height: HEIGHT })).observe(
      this.#area,
    );
  }

  /** Draws it as is chosen. */
  draw(look: Look): void {
    this.#look = look;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#columns(), this.#area);
    this.#tell();
  }

  get #isLog(): boolean {
    return this.#look.isLog && this.data.mayBeLog === true;
  }

  get #smoothing(): number {
    return this.data.isSmoothed === true ? this.#look.smoothing : 0;
  }

  /** A row of numbers for the steps, and for each curve: as it was read, and where it is smoothed, that, too. */
  #columns(): uPlot.AlignedData {
    const { x, series } = this.data;
    const positive = (value: number | null) => value !== null && this.#isLog && value <= 0 ? null : value;
    const curves = this.#names.flatMap((name) => {
      const raw = series[name]!.map(positive);
      return this.#smoothing > 0 ? [raw, smoothed(raw, this.#smoothing)] : [raw];
    });
    return [[...x], ...curves] as uPlot.AlignedData;
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const isSmooth = this.#smoothing > 0;
    const axis = {
      stroke: color("--quiet"),
      grid: { stroke: color("--grid"), width: 1 },
      ticks: { stroke: color("--grid"), width: 1 },
    };
    const single = this.data.x.length === 1;
    return {
      width: Math.max(200, this.#area.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { size: 7 } },
      scales: { x: { time: false }, y: { distr: this.#isLog ? 3 : 1 } },
      axes: [
        {
          ...axis,
          values: (_, ticks) =>
            ticks.map((tick) => Number.isInteger(tick) ? tick.toLocaleString("en-US") : ""),
        },
        {
          ...axis,
          size: 58,
          values: (_, ticks) => ticks.map((tick) => tick === null ? "" : String(Number(tick.toPrecision(4)))),
        },
      ],
      series: [
        {},
        ...this.#names.flatMap((name, i) => {
          const stroke = color(`--curve-${i % COLORS + 1}`);
          const common = {
            show: !this.#hidden.has(name),
            stroke,
            // More curves than colors are told apart by dashes.
            ...(i >= COLORS && { dash: [6, 4] }),
            spanGaps: this.data.xName === "step",
            points: { show: single || this.data.hasPoints === true, size: 6, fill: stroke },
          };
          return isSmooth
            ? [{ ...common, width: 1, alpha: 0.28, points: { show: single } }, { ...common, width: 2 }]
            : [{ ...common, width: 1.75 }];
        }),
      ],
      hooks: {
        setCursor: [({ cursor: { idx } }) => {
          this.#at = idx ?? undefined;
          this.#tell();
        }],
      },
    };
  }

  /** The drawing, which can be walked along by keys. */
  #makeArea(): HTMLElement {
    const area = document.createElement("div");
    area.className = "plot";
    area.tabIndex = 0;
    area.setAttribute("role", "slider");
    area.setAttribute(
      "aria-label",
      `${this.figure.querySelector("strong")?.textContent}, at ${this.data.xName}`,
    );
    area.setAttribute("aria-valuemin", String(this.data.x[0]));
    area.setAttribute("aria-valuemax", String(this.data.x.at(-1)));
    area.addEventListener("keydown", (event) => {
      const last = this.data.x.length - 1, at = this.#at ?? last, far = Math.max(1, Math.round(last / 20));
      const next = ({
        ArrowLeft: at - 1,
        ArrowRight: at + 1,
        ArrowDown: at - 1,
        ArrowUp: at + 1,
        PageDown: at - far,
        PageUp: at + far,
        Home: 0,
        End: last,
      } as Readonly<Record<string, number>>)[event.key];
      if (next === undefined) return;
      event.preventDefault();
      this.#go(Math.max(0, Math.min(last, next)));
    });
    return area;
  }

  #go(at: number): void {
    const plot = this.#plot!;
    plot.setCursor({ left: plot.valToPos(this.data.x[at]!, "x"), top: 10 });
    this.#at = at;
    this.#tell();
  }

  /** Names with their colors, each of which can be taken out, and their values at the cursor. */
  #legend(): HTMLElement {
    const list = document.createElement("div");
    list.className = "keys";
    this.#where.className = "where quiet";
    list.append(this.#where);
    this.#names.forEach((name, i) => {
      const label = document.createElement("label"),
        box = document.createElement("input"),
        value = document.createElement("output");
      const mark = document.createElement("span"), text = document.createElement("span");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        if (box.checked) this.#hidden.delete(name);
        else this.#hidden.add(name);
        this.draw(this.#look);
      });
      mark.className = `mark c${i % COLORS + 1}`;
      text.textContent = visible(name.replace(/(\d+)$/, " $1"));
      this.#values.set(name, value);
      label.append(box, mark, text, value);
      list.append(label);
    });
    return list;
  }

  /** Says the values at the cursor, or the last ones. */
  #tell(): void {
    const { x, xName, series, format } = this.data;
    const at = this.#at ?? x.length - 1;
    const said: string[] = [`${xName} ${x[at]!.toLocaleString("en-US")}`];
    this.#where.textContent = said[0]!;
    for (const [name, output] of this.#values) {
      const value = series[name]![at] ?? null;
      output.textContent = value === null ? "–" : format(value);
      if (!this.#hidden.has(name)) said.push(`${visible(name)} ${output.textContent}`);
    }
    this.#area.setAttribute("aria-valuenow", String(x[at]));
    this.#area.setAttribute("aria-valuetext", said.join(", "));
  }
}
