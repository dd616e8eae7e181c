/// <reference lib="dom" />
/** One chart: curves over steps or epochs, drawn by uPlot, read by pointer and by keys. @module */
import uPlot from "uplot";
import { visible } from "../../pages/markup.ts";
import { smoothed } from "./smoothing.ts";

/** Values over a row of steps, null where there is none. */
type Values = readonly (number | null)[];

/** A curve by its name. */
export interface Curve {
  readonly name: string;
  readonly values: Values;
  /** Position of its color; by default its own. */
  readonly color?: number;
  /** Curves that it is the mean of, which are drawn faintly behind it. */
  readonly behind?: readonly Values[];
}

/** What a chart shows. */
export interface ChartData {
  /** Rising. */
  readonly x: readonly number[];
  readonly xName: string;
  readonly curves: readonly Curve[];
  readonly format: (value: number) => string;
  /** Whether the choice of smoothing is for it, and that of a log scale. */
  readonly isSmoothed?: boolean;
  readonly mayBeLog?: boolean;
  readonly hasPoints?: boolean;
  /** Whether a curve goes on where it has no value. */
  readonly spansGaps?: boolean;
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
  readonly #hidden = new Set<Curve>();
  readonly #area: HTMLElement;
  readonly #values = new Map<Curve, HTMLOutputElement>();
  readonly #where: HTMLOutputElement;
  #plot: uPlot | undefined;
  #look: Look = { isLog: false, smoothing: 0 };
  #at: number | undefined;

  constructor(readonly figure: HTMLElement, readonly data: ChartData) {
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

  /** A row of numbers for the steps, and for each curve what is faint behind it, and what is drawn. */
  #columns(): uPlot.AlignedData {
    const rows = this.data.curves.flatMap((curve) => [...this.#behind(curve), this.#drawn(curve.values)]);
    return [[...this.data.x], ...rows] as uPlot.AlignedData;
  }

  /** Behind a mean its curves, smoothed alike; behind a smooth curve what was read. */
  #behind({ values, behind }: Curve): Values[] {
    if (behind !== undefined) return behind.map((values) => this.#drawn(values));
    return this.#smoothing > 0 ? [this.#shown(values)] : [];
  }

  #drawn(values: Values): Values {
    const shown = this.#shown(values);
    return this.#smoothing > 0 ? smoothed(shown, this.#smoothing) : shown;
  }

  /** What a scale has a place for. */
  #shown(values: Values): Values {
    return this.#isLog ? values.map((value) => value !== null && value <= 0 ? null : value) : values;
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
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
        ...this.data.curves.flatMap((curve, i) => {
          const stroke = color(`--curve-${colorOf(curve, i)}`);
          const common = {
            show: !this.#hidden.has(curve),
            stroke,
            // More curves than colors are told apart by dashes.
            ...((curve.color ?? i) >= COLORS && { dash: [6, 4] }),
            spanGaps: this.data.spansGaps === true,
          };
          const faint = { ...common, width: 1, alpha: 0.28, points: { show: single } };
          const points = { show: single || this.data.hasPoints === true, size: 6, fill: stroke };
          const behind = this.#behind(curve);
          return [...behind.map(() => faint), { ...common, points, width: behind.length > 0 ? 2 : 1.75 }];
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
    this.data.curves.forEach((curve, i) => {
      const label = document.createElement("label"),
        box = document.createElement("input"),
        value = document.createElement("output");
      const mark = document.createElement("span"), text = document.createElement("span");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        if (box.checked) this.#hidden.delete(curve);
        else this.#hidden.add(curve);
        this.draw(this.#look);
      });
      mark.className = `mark c${colorOf(curve, i)}`;
      text.textContent = visible(curve.name);
      this.#values.set(curve, value);
      label.append(box, mark, text, value);
      list.append(label);
    });
    return list;
  }

  /** Says the values at the cursor, or the last ones. */
  #tell(): void {
    const { x, xName, format } = this.data;
    const at = this.#at ?? x.length - 1;
    const said: string[] = [`${xName} ${x[at]!.toLocaleString("en-US")}`];
    this.#where.textContent = said[0]!;
    for (const [curve, output] of this.#values) {
      const value = curve.values[at] ?? null;
      output.textContent = value === null ? "–" : format(value);
      if (!this.#hidden.has(curve)) said.push(`${visible(curve.name)} ${output.textContent}`);
    }
    this.#area.setAttribute("aria-valuenow", String(x[at]));
    this.#area.setAttribute("aria-valuetext", said.join(", "));
  }
}

/** The number of a curve's color, from 1. */
function colorOf({ color }: Curve, position: number): number {
  return (color ?? position) % COLORS + 1;
}
