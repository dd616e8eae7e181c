import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { inLanes, type Lanes, mapOrdered } from "../../../pipeline/run/lanes.ts";

const items = [0, 1, 2, 3, 4, 5];

/** Work that takes so many turns of the event loop, and counts what is under way. */
function counted(turns: readonly number[]) {
  const counts = { running: 0, most: 0, begun: 0 };
  const work = async (value: number) => {
    counts.begun++;
    counts.most = Math.max(counts.most, ++counts.running);
    for (let turn = 0; turn < turns[value]!; turn++) await new Promise((next) => setTimeout(next));
    counts.running--;
    return value * 10;
  };
  return { counts, work };
}

Deno.test("results come in order, with no more under way than the width", async () => {
  for (const lanes of [{ width: 3 }, { width: 3, ahead: 3 }, { width: 5, ahead: 3 }] satisfies Lanes[]) {
    const { counts, work } = counted([5, 1, 3, 0, 2, 4]);
    deepStrictEqual(await Array.fromAsync(mapOrdered(lanes, items, work)), [0, 10, 20, 30, 40, 50]);
    equal(counts.most, 3);
  }
  deepStrictEqual(await inLanes(2, [], () => Promise.resolve(1)), []);
});

Deno.test("a slow item holds up no other, unless what is done would wait for it", async () => {
  const { counts, work } = counted([20, 1, 1, 1, 1, 1]);
  const results = mapOrdered({ width: 2 }, items, work);
  await results.next();
  equal(counts.begun, 6);
  await results.return();
  const bounded = counted([20, 1, 1, 1, 1, 1]);
  const first = mapOrdered({ width: 2, ahead: 2 }, items, bounded.work);
  await first.next();
  // The one that was waited for, and two behind it.
  equal(bounded.counts.begun, 3);
  await first.return();
  equal(bounded.counts.running, 0);
});

Deno.test("the first error in order is thrown, and nothing is left unhandled or under way", async () => {
  let begun = 0, ended = 0;
  const work = async (value: number) => {
    begun++;
    await new Promise((next) => setTimeout(next, value === 0 ? 5 : value));
    ended++;
    if (value === 1 || value === 2) throw new Error(`no ${value}`);
    return value;
  };
  const seen: number[] = [];
  await rejects(async () => {
    for await (const value of mapOrdered({ width: 3 }, items, work)) seen.push(value);
  }, /no 1/);
  deepStrictEqual(seen, [0]);
  equal(ended, begun);
  equal(begun, 3);
});
