/** How fast a count grows, from when its values arrived. @module */

interface Arrival {
  readonly at: number;
  readonly count: number;
}

/** Estimates a rate over the last seconds: stages hold no clock, so only arrivals tell. */
export class Rate {
  readonly #arrivals: Arrival[] = [];

  /** @param window Seconds that count. */
  constructor(readonly window: number = 60) {}

  /** Notes a count (never falling) at a time in seconds. */
  add(count: number, at: number): void {
    this.#arrivals.push({ at, count });
    while (this.#arrivals.length > 2 && this.#arrivals[1]!.at < at - this.window) this.#arrivals.shift();
  }

  /** Counts a second; undefined until two arrivals tell. */
  get perSecond(): number | undefined {
    const first = this.#arrivals[0], last = this.#arrivals.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return (last.count - first.count) / (last.at - first.at);
  }
}
