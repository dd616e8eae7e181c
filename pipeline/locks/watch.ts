/** Watching that something does not move: the only proof of a silence that needs no clock but one's own. @module */

/** For how long something was seen not to move. */
export class Watch {
  #last: string | undefined;
  #looked = 0;
  #quiet = 0;
  #hasMoved = false;

  /**
   * Nothing was looked at yet.
   *
   * @param mostBetween Milliseconds between two looks that count at most: a process that was stopped itself has not watched
   *   meanwhile, and others may have been stopped with it.
   */
  constructor(readonly mostBetween: number) {}

  /** Whether it was seen to move. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /**
   * Takes a look.
   *
   * @param name What it is: another one is quiet since now.
   * @param beat What moves while it lives.
   * @returns Milliseconds, by this process's own clock.
   */
  quietFor(name: string, beat: number): number {
    const seen = `${name} ${beat}`, now = performance.now();
    if (seen === this.#last) this.#quiet += Math.min(now - this.#looked, this.mostBetween);
    else {
      this.#hasMoved = this.#last !== undefined;
      this.#quiet = 0;
    }
    this.#last = seen;
    this.#looked = now;
    return this.#quiet;
  }
}
