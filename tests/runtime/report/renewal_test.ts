import assert from "node:assert/strict";
import { type Clock, type Freshness, Renewal } from "../../../runtime/report/renewal.ts";

/** A clock that goes on as it is told. */
class TestClock implements Clock {
  #now = 0;
  #calls: { readonly at: number; readonly call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(seconds: number, call: () => void): () => void {
    const entry = { at: this.#now + seconds, call };
    this.#calls.push(entry);
    return () => this.#calls = this.#calls.filter((other) => other !== entry);
  }

  /** Work that takes so long. */
  spend(seconds: number): void {
    this.#now += seconds;
  }

  /** Lets time pass, and all that is called in it be done. */
  async pass(seconds: number): Promise<void> {
    for (const end = this.#now + seconds;;) {
      const [next] = this.#calls.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) {
        this.#now = Math.max(end, this.#now);
        return;
      }
      this.#calls = this.#calls.filter((other) => other !== next);
      this.#now = Math.max(next.at, this.#now);
      next.call();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
  }
}

/** A page whose writings take so long each, the last as long as all after it. */
function written(clock: TestClock, costs: readonly number[]) {
  const times: number[] = [], promises: Freshness[] = [];
  const renewal = new Renewal(
    (freshness) => {
      times.push(clock.now());
      promises.push(freshness);
      clock.spend(costs[Math.min(times.length, costs.length) - 1]!);
      return Promise.resolve();
    },
    undefined,
    clock,
  );
  return { renewal, times, promises };
}

Deno.test("a page is written at the start, soon after news, and each half minute as a sign of life", async () => {
  const clock = new TestClock(), { renewal, times } = written(clock, [0]);
  await renewal.start();
  await clock.pass(2);
  renewal.news();
  await clock.pass(100);
  assert.deepEqual(times, [0, 10, 40, 70, 100]);
  await clock.pass(20);
  renewal.news();
  await clock.pass(1);
  assert.equal(times.at(-1), 122);
  await renewal.stop();
  renewal.news();
  await clock.pass(1000);
  assert.equal(times.length, 6);
});

Deno.test("writing takes no more than a hundredth of the time, however much news there is", async () => {
  const clock = new TestClock(), { renewal, times } = written(clock, [2]);
  await renewal.start();
  for (let i = 0; i < 10_000; i++) {
    renewal.news();
    await clock.pass(1);
  }
  assert.ok(times.length > 40 && 2 * times.length / clock.now() < 0.0105, String(times.length));
});

Deno.test("what is promised is held, also where making the page takes much longer than before", async () => {
  const clock = new TestClock(), { renewal, times, promises } = written(clock, [0.1, 20, 0.1, 3, 60, 1]);
  await renewal.start();
  await clock.pass(20_000);
  assert.ok(times.length > 50);
  promises.slice(0, -1).forEach(({ written, promised }, i) => {
    const seconds = (Date.parse(promised) - Date.parse(written)) / 1000;
    assert.ok(times[i + 1]! - times[i]! < seconds, `${times[i + 1]! - times[i]!} of ${seconds}`);
  });
});

Deno.test("a page that cannot be written stops nothing, and is tried again", async () => {
  const clock = new TestClock();
  let tries = 0;
  const renewal = new Renewal(
    () => {
      tries++;
      return Promise.reject(new Error("no room"));
    },
    undefined,
    clock,
  );
  await renewal.start();
  await clock.pass(100);
  await renewal.stop();
  assert.equal(tries, 4);
});
