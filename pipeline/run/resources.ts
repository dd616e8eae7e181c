/** Named resources: things of which a machine has one (the GPU), opened at first use and held by one stage at a time. @module */

/** An opened resource. */
export interface OpenResource {
  /** What a stage gets. */
  readonly handle: unknown;
  /** Facts to record with results, e.g. adapter and driver. */
  describe(): Record<string, string>;
  /** Gives it back at the end of the run. */
  close(): Promise<void> | void;
}

/** How to open resources, by name. */
export type ResourceOpeners = Readonly<Record<string, () => Promise<OpenResource>>>;

/** The resources of one run. */
export class Resources {
  readonly #openers: ResourceOpeners;
  readonly #opened = new Map<string, Promise<OpenResource>>();
  readonly #queues = new Map<string, Promise<void>>();

  /** @param openers How to open them. */
  constructor(openers: ResourceOpeners) {
    this.#openers = openers;
  }

  /** Whether there is a resource of this name. */
  has(name: string): boolean {
    return Object.hasOwn(this.#openers, name);
  }

  /**
   * Waits until the names are free and holds them.
   * @returns A function that gives them back.
   */
  async acquire(names: readonly string[]): Promise<() => void> {
    const releases: (() => void)[] = [];
    // In sorted order, so that two stages never hold what the other waits for.
    for (const name of [...new Set(names)].sort()) {
      const before = this.#queues.get(name) ?? Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#queues.set(name, promise);
      await before;
      releases.push(resolve);
    }
    return () => releases.forEach((release) => release());
  }

  /** The resource, opened at the first call; a failed opening is tried again at the next. */
  open(name: string): Promise<OpenResource> {
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const opening = this.#openers[name]!();
    this.#opened.set(name, opening);
    opening.catch(() => this.#opened.delete(name));
    return opening;
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    for (const opening of this.#opened.values()) await (await opening).close();
    this.#opened.clear();
  }
}
