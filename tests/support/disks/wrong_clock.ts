/** A host whose clock is wrong; the clock of its disk is right. @module */

/** Runs `body` while this process's clock is so many days ahead. */
export async function withWrongClock(days: number, body: () => Promise<void>): Promise<void> {
  const right = Date;
  const shift = days * 86_400_000;
  globalThis.Date = class extends right {
    constructor(...given: unknown[]) {
      super(...(given.length === 0 ? [right.now() + shift] : given) as [number]);
    }
    static override now(): number {
      return right.now() + shift;
    }
  } as DateConstructor;
  try {
    await body();
  } finally {
    globalThis.Date = right;
  }
}
