/** When a page is written again while its run goes on: soon after there is something new, and never for much of the run's time. @module */

/** How often a page is written. */
export interface RenewalPace {
  /** Least seconds between two writings. */
  readonly least: number;
  /** Seconds without news after which it is written all the same, as a sign of life. */
  readonly quiet: number;
  /** Share of the run's time that writing may take. */
  readonly share: number;
}

const PACE: RenewalPace = { least: 10, quiet: 30, share: 0.01 };
/** A run that has not been heard of for so many times the seconds between two writings has stopped. */
const PATIENCE = 4;

/** What a page says of itself while its run goes on. */
export interface Freshness {
  /** When it was written, ISO 8601. */
  readonly written: string;
  /** When it is written again, unless the run has stopped: ISO 8601, with room for a machine that is busy. */
  readonly promised: string;
  /** Seconds after which it is worth looking again. */
  readonly every: number;
}

/** What tells the time, and when it is time. */
export interface Clock {
  /** Seconds from some moment. */
  now(): number;
  /** Calls back after so many seconds; gives what calls it off. Nothing is kept alive by it. */
  after(seconds: number, call: () => void): () => void;
}

const CLOCK: Clock = {
  now: () => performance.now() / 1000,
  after(seconds, call) {
    const timer = setTimeout(call, 1000 * seconds);
    Deno.unrefTimer(timer as unknown as number);
    return () => clearTimeout(timer);
  },
};

/** Writes a page now and then. A page that cannot be written stops no run: what cannot be, is said at its end. */
export class Renewal {
  #callOff = () => {};
  #running: Promise<void> | undefined;
  #isOver = false;
  #isNew = false;
  /** Seconds for which the last writing kept the process from other work, and when it ended. */
  #cost = 0;
  /** Seconds within which the next writing was promised. */
  #promised = 0;
  #ended = -Infinity;

  /** @param write Makes the page before it first waits, then writes it. */
  constructor(
    readonly write: (freshness: Freshness) => Promise<void>,
    readonly pace: RenewalPace = PACE,
    readonly clock: Clock = CLOCK,
  ) {}

  /** There is something new: written as soon as that costs little. */
  news(): void {
    this.#isNew = true;
    this.#plan();
  }

  /** Writes it for the first time. */
  async start(): Promise<void> {
    await this.#renew();
  }

  /** Writes no more. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#callOff();
    await this.#running;
  }

  /** Seconds from the end of one writing to the next: long before what was promised is over. */
  #pause(): number {
    const { least, quiet, share } = this.pace;
    return Math.min(Math.max(this.#isNew ? least : quiet, this.#cost / share), this.#promised / 2);
  }

  #plan(): void {
    if (this.#isOver || this.#running !== undefined) return;
    this.#callOff();
    const wait = Math.max(0, this.#ended + this.#pause() - this.clock.now());
    this.#callOff = this.clock.after(wait, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    this.#isNew = false;
    const { quiet, share } = this.pace, begun = this.clock.now(), every = Math.max(quiet, this.#cost / share);
    this.#promised = PATIENCE * every;
    const time = (seconds: number) => new Date(Date.now() + 1000 * seconds).toISOString();
    const writing = this.write({ written: time(0), promised: time(this.#promised), every });
    // What follows is the disk's work.
    this.#cost = this.clock.now() - begun;
    this.#running = writing.catch(() => {}).finally(() => this.#running = undefined);
    await this.#running;
    this.#ended = this.clock.now();
    this.#plan();
  }
}
