/// <reference lib="dom" />
/** A run's page in a real browser: on a screen and a phone, light and dark, from another folder, without a network. @module */
import assert from "node:assert/strict";
import { reportPage } from "../../../runtime/report/page.ts";
import { doneRun, hostileRun, runningRun } from "../../runtime/report/run_views.ts";
import { holdInEveryView, lacksBrowser, open, withBrowser, withPage } from "../../support/browser.ts";
import { testUnless } from "../../support/skip.ts";

testUnless(
  lacksBrowser,
  "pages open in every view without a complaint, a finding or a sideways scroll",
  async () => {
    const now = Date.now();
    await holdInEveryView({
      done: reportPage(doneRun),
      hostile: reportPage(hostileRun()),
      running: reportPage(runningRun(new Date(now), new Date(now + 120_000))),
      stopped: reportPage(runningRun(new Date(now - 600_000), new Date(now - 480_000))),
    });
  },
);

testUnless(lacksBrowser, "all of a page is reached by keys: curves, cells, orders, strength", async () => {
  const pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
  const image = (name: string, iou: number, conflict: number) => ({
    name,
    pictures: ["image", "average"].map((name) => ({ name, label: name, url: pixel })),
    over: "average",
    miou: { average: iou },
    conflict,
  });
  const images = [image("a", 30, 0.1), image("b", 10, 0.3), image("c", 20, 0.2)];
  const gallery = { colors: [[0, 0, 0] as const], left: 0, unreadable: 0, images };
  await withBrowser(async (browser) => {
    await withPage(reportPage({ ...doneRun, gallery }), async (file) => {
      const { page, complaints } = await open(browser, file);
      const losses = "[data-chart=losses] .plot";
      const said = () => page.$eval(losses, (element) => element.getAttribute("aria-valuetext"));
      const reached = new Set<string>();
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        reached.add(
          await page.evaluate(() => {
            const { tagName, id, role, name } = document.activeElement as HTMLInputElement;
            return name || id || role || tagName;
          }),
        );
      }
      for (const wanted of ["log", "smoothing", "slider", "confusion", "order", "strength", "SUMMARY", "A"]) {
        assert.ok(reached.has(wanted), `${wanted} of ${[...reached]}`);
      }
      await page.focus(losses);
      const last = await said();
      await page.keyboard.press("Home");
      assert.match((await said())!, /^step 2, ce 1 2, con1_mix 0\.6$/);
      await page.keyboard.press("ArrowRight");
      assert.match((await said())!, /^step 4, /);
      await page.keyboard.press("End");
      assert.equal(await said(), last);
      await page.focus("#confusion");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      const cell = await page.$eval("#confusion-value", ({ textContent }) => textContent);
      assert.equal(cell, "ring taken for background: 400 pixels, 80.00 %");
      const order = () =>
        page.$$eval(".gallery h4", (names) => names.map(({ textContent }) => textContent).join(""));
      assert.equal(await order(), "abc");
      for (
        const [choice, wanted] of [["iou", "bca"], ["-iou", "acb"], ["-conflict", "bca"], [
          "",
          "abc",
        ]] as const
      ) {
        await page.select("select[name=order]", choice);
        assert.equal(await order(), wanted, choice);
      }
      assert.equal((await page.$$(".stack canvas")).length, 3);
      await page.focus("input[name=strength]");
      await page.keyboard.press("Home");
      const opacity = await page.$eval(
        ".stack canvas",
        (canvas) => (canvas as HTMLCanvasElement).style.opacity,
      );
      assert.equal(opacity, "0");
      // A choice outlives a reload, as it must on a page of a run that goes on.
      await page.select("select[name=order]", "iou");
      await page.focus("input[name=log]");
      await page.keyboard.press("Space");
      await page.reload();
      assert.ok(await page.$eval("input[name=log]", (box) => (box as HTMLInputElement).checked));
      assert.equal(await order(), "bca");
      assert.equal(
        await page.$eval("input[name=strength]", (range) => (range as HTMLInputElement).value),
        "0",
      );
      assert.equal(await page.$eval("output[name=strong]", ({ textContent }) => textContent), "0 %");
      assert.deepEqual(complaints, []);
    });
  });
});
