/// <reference lib="dom" />
/** The page of a comparison in a real browser: on a screen and a phone, light and dark, by pointer and by keys. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { comparisonPage } from "../../../runtime/comparison/page.ts";
import type { Comparison } from "../../../runtime/comparison/view.ts";
import { comparisonOf, hostileComparison, runOf } from "../../runtime/comparison/runs.ts";
import {
  accessibilityFindings,
  kept,
  lacksBrowser,
  open,
  views,
  withBrowser,
} from "../../support/browser.ts";
import { testUnless } from "../../support/skip.ts";

const methods = comparisonOf([
  { name: "supervised", runs: [40, 44, 41].map((miou, seed) => runOf({ seed, miou, method: "supervised" })) },
  { name: "ccvc", runs: [50, 52, 57].map((miou, seed) => runOf({ seed, miou })) },
]);

/** Opens a page from a folder of its own. */
async function withPage(comparison: Comparison, body: (file: URL) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "elsewhere " });
  try {
    const file = join(folder, "comparison.html");
    await Deno.writeTextFile(file, comparisonPage(comparison));
    await body(pathToFileURL(file));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testUnless(
  lacksBrowser,
  "comparisons open in every view without a complaint, a finding or a sideways scroll",
  async () => {
    const many = comparisonOf(
      Array.from({ length: 12 }, (_, i) => ({ name: `way ${i}`, runs: [runOf({ config: { i } })] })),
    );
    await withBrowser(async (browser) => {
      for (const [name, comparison] of Object.entries({ methods, many, hostile: hostileComparison() })) {
        await withPage(comparison, async (file) => {
          for (const view of views) {
            const { page, complaints } = await open(browser, file, view);
            const what = `${name}, ${view.width}, ${view.scheme}`;
            if (kept !== undefined) {
              const path = join(kept, `comparison-${name}-${view.width}-${view.scheme}.png`);
              await page.screenshot({ path: path as `${string}.png`, fullPage: true });
            }
            assert.deepEqual(await accessibilityFindings(page), [], what);
            assert.deepEqual(complaints, [], what);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), view.width, what);
            assert.notEqual(await page.title(), "broken", what);
            await page.close();
          }
        });
      }
    });
  },
);

testUnless(
  lacksBrowser,
  "values are read by keys, ways are taken out, images sorted and laid under their labels",
  async () => {
    await withBrowser((browser) =>
      withPage(methods, async (file) => {
        const { page, complaints } = await open(browser, file);
        const said = () =>
          page.evaluate(() => document.querySelector(".plot")!.getAttribute("aria-valuetext"));
        assert.equal(await said(), "epoch 4, supervised 44.00 %, ccvc 44.00 %");
        await page.focus(".plot");
        await page.keyboard.press("Home");
        await page.keyboard.press("ArrowRight");
        assert.equal(await said(), "epoch 2, supervised 22.00 %, ccvc 22.00 %");
        await page.click(".keys label:nth-of-type(1) input");
        await page.focus(".plot");
        await page.keyboard.press("Home");
        assert.equal(await said(), "epoch 1, ccvc 11.00 %");

        const order = () =>
          page.evaluate(() =>
            [...document.querySelectorAll(".gallery article")].map((article) => article.ariaLabel)
          );
        assert.deepEqual(await order(), ["scene-1", "scene-2"]);
        await page.select("select[name=order]", "-iou");
        assert.deepEqual(await order(), ["scene-1", "scene-2"]);
        await page.select("select[name=order]", "iou");
        assert.deepEqual(await order(), ["scene-2", "scene-1"]);
        const covers = () =>
          page.evaluate(() =>
            [...document.querySelectorAll<HTMLElement>(".cover")].map(({ style }) => style.opacity)
          );
        assert.deepEqual(await covers(), ["1", "1", "1", "1"]);
        await page.focus("input[name=strength]");
        await page.keyboard.press("Home");
        assert.deepEqual(await covers(), ["0", "0", "0", "0"]);
        assert.deepEqual(complaints, []);
      })
    );
  },
);

testUnless(lacksBrowser, "a comparison of 300 long runs opens in 2 seconds", async () => {
  const readings = Array.from(
    { length: 3000 },
    (_, i) => ({ step: 30 * i + 1, epoch: 1, losses: { a: 1 / (i + 1), b: Math.sin(i) } }),
  );
  const ways = Array.from({ length: 100 }, (_, i) => ({
    name: `way ${i}`,
    runs: [0, 1, 2].map((seed) => ({
      ...runOf({ seed, config: { i } }),
      curves: { "co-train": { readings, evaluations: [] } },
    })),
  }));
  await withBrowser((browser) =>
    withPage(comparisonOf(ways), async (file) => {
      // The browser's own start is none of the page's.
      await (await open(browser, "data:text/html,<title>ready</title>")).page.close();
      const started = performance.now();
      const { page } = await open(browser, file);
      await page.waitForSelector(".plot canvas");
      const seconds = (performance.now() - started) / 1000;
      const { size } = await Deno.stat(file);
      console.log(`${size} bytes, opened in ${seconds.toFixed(2)} s`);
      assert.ok(seconds < 2);
    })
  );
});
