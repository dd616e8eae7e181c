import assert from "node:assert/strict";
import { type Freshness, Renewal } from "../../../runtime/report/renewal.ts";

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("a page is written at the start, after news, and as a sign of life; each tells when the next one comes", async () => {
  const written: Freshness[] = [];
  const renewal = new Renewal((freshness) => Promise.resolve(void written.push(freshness)), {
    least: 0.05,
    quiet: 0.4,
    share: 0.5,
  });
  await renewal.start();
  assert.equal(written.length, 1);
  renewal.news();
  await wait(200);
  assert.equal(written.length, 2);
  await wait(600);
  assert.ok(written.length >= 3, String(written.length));
  for (const { written: at, promised, every } of written) {
    assert.ok(Math.abs(Date.parse(promised) - Date.parse(at) - 4000 * every) <= 1);
  }
  await renewal.stop();
  const { length } = written;
  renewal.news();
  await wait(600);
  assert.equal(written.length, length);
});

Deno.test("writing takes no more than its share of the time, however much news there is", async () => {
  const begun = performance.now();
  let spent = 0;
  const renewal = new Renewal(async () => {
    const start = performance.now();
    while (performance.now() - start < 10);
    spent += performance.now() - start;
    await wait(1);
  }, { least: 0, quiet: 0.1, share: 0.1 });
  await renewal.start();
  while (performance.now() - begun < 2000) {
    renewal.news();
    await wait(5);
  }
  await renewal.stop();
  const share = spent / (performance.now() - begun);
  assert.ok(share > 0.01 && share < 0.13, String(share));
});

Deno.test("what is promised is held, also where a writing takes much longer than those before", async () => {
  const promises: number[] = [], times: number[] = [];
  const renewal = new Renewal((freshness) => {
    const start = performance.now();
    times.push(Date.now());
    while (performance.now() - start < (times.length === 2 ? 100 : 1));
    promises.push(Date.parse(freshness.promised));
    return Promise.resolve();
  }, { least: 0.01, quiet: 0.05, share: 0.1 });
  await renewal.start();
  await wait(2500);
  await renewal.stop();
  assert.ok(times.length > 2, times.join());
  for (const [i, promised] of promises.slice(0, -1).entries()) assert.ok(times[i + 1]! < promised, String(i));
});

Deno.test("a page that cannot be written stops nothing", async () => {
  let tries = 0;
  const renewal = new Renewal(() => {
    tries++;
    return Promise.reject(new Error("no room"));
  }, { least: 0.02, quiet: 0.05, share: 1 });
  await renewal.start();
  await wait(300);
  await renewal.stop();
  assert.ok(tries > 1);
});
