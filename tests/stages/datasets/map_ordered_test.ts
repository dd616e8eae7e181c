import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { mapOrdered } from "../../../stages/datasets/map_ordered.ts";

Deno.test("results come in order, with no more calls under way than the limit", async () => {
  let running = 0, most = 0;
  const results: number[] = [];
  const turns = [5, 1, 3, 0, 2, 4];
  const work = async (value: number) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < turns[value]!; turn++) await Promise.resolve();
    running--;
    return value * 10;
  };
  for await (const result of mapOrdered([0, 1, 2, 3, 4, 5], 3, work)) results.push(result);
  deepStrictEqual(results, [0, 10, 20, 30, 40, 50]);
  ok(most === 3, `${most} at once`);
});

Deno.test("the first failure in order is thrown, and nothing is left unhandled", async () => {
  const work = (value: number) =>
    value === 1 || value === 2 ? Promise.reject(new Error(`no ${value}`)) : Promise.resolve(value);
  const seen: number[] = [];
  await rejects(async () => {
    for await (const value of mapOrdered([0, 1, 2, 3], 4, work)) seen.push(value);
  }, /no 1/);
  deepStrictEqual(seen, [0]);
});
