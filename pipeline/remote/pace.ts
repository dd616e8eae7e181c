/** How fast a server must be: a request that does not move, or far too slowly for its size, is ended. @module */

/** Fewer bytes in a second than this, over the time of patience, are none. */
const slowest = 20_000;
/** Bytes in a second that the whole of a file must come to, but for three times the patience. */
const steady = 100_000;
/** Parts of the time of patience after which it is looked at again. */
const looks = 4;

/** A server's answer that is no success, or none at all. Its message goes on from the server's name. */
export class HttpFailure extends Error {
  /**
   * @param message What the server does, e.g. `answers 500 for ac/…`.
   * @param status Status of the answer, if there was one.
   */
  constructor(message: string, readonly status?: number) {
    super(message);
  }
}

/** Watches one request. */
export class Pace {
  readonly #controller = new AbortController();
  /** Aborted by whoever gave a signal, and when the request is too slow. */
  readonly signal: AbortSignal;
  /** Fails then, too: not all that is given a signal heeds it. */
  readonly aborted: Promise<never>;
  readonly #started = performance.now();
  readonly #forget: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Bytes of the last looks, the present one last. */
  readonly #recent = [0];
  #bytes = 0;

  /**
   * Begins now.
   *
   * @param patience Milliseconds in which at least 20 kB/s must have moved, whenever they are taken.
   * @param size Bytes that are expected: the request may take three times the patience, and what they take at 100 kB/s.
   * @param given Ends it, too.
   * @param tell Told at the end how many milliseconds it took beyond what its bytes account for, and a 20th of the patience.
   */
  constructor(
    readonly patience: number,
    readonly size: number,
    readonly given: AbortSignal | undefined,
    readonly tell: (waited: number) => void,
  ) {
    const { signal } = this.#controller;
    this.signal = given ? AbortSignal.any([given, signal]) : signal;
    const { promise, reject } = Promise.withResolvers<never>();
    this.aborted = promise;
    promise.catch(() => {});
    this.signal.addEventListener("abort", reject);
    this.#forget = () => this.signal.removeEventListener("abort", reject);
    this.#timer = setInterval(() => this.#look(), patience / looks);
  }

  /** So many bytes went through. */
  moved(bytes: number): void {
    this.#bytes += bytes;
    this.#recent[this.#recent.length - 1]! += bytes;
  }

  #look(): void {
    const { patience, size } = this;
    if (this.#recent.length === looks) {
      const sum = this.#recent.reduce((all, bytes) => all + bytes, 0);
      if (sum === 0) return this.#abort(`nothing for ${patience / 1000} s`);
      if (sum < slowest * patience / 1000) return this.#abort(`less than ${slowest / 1000} kB/s`);
      if (performance.now() - this.#started > 3 * patience + size / steady * 1000) {
        return this.#abort(`less than ${steady / 1000} kB/s on the whole`);
      }
      this.#recent.shift();
    }
    this.#recent.push(0);
  }

  #abort(why: string): void {
    this.#controller.abort(new HttpFailure(`does not answer in time (${why})`));
  }

  /** Throws what ended the request from this side. */
  throwIfDone(): void {
    this.given?.throwIfAborted();
    this.#controller.signal.throwIfAborted();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    // A signal that outlives many requests would hold them all.
    this.#forget();
    const accounted = this.patience / 20 + this.#bytes / slowest * 1000;
    this.tell(Math.max(0, performance.now() - this.#started - accounted));
  }
}
