/// <reference lib="dom" />
/** The page of a comparison in a real browser: on a screen and a phone, light and dark, by pointer and by keys. @module */
import assert from "node:assert/strict";
import { comparisonPage } from "../../../runtime/comparison/page.ts";
import { comparisonOf, hostileComparison, runOf } from "../../runtime/comparison/runs.ts";
import {
  holdInEveryView,
  lacksBrowser,
  open,
  openTimed,
  withBrowser,
  withPage,
} from "../../support/browser.ts";
import { testUnless } from "../../support/skip.ts";

const methods = comparisonOf([
  { name: "supervised", runs: [40, 44, 41].map((miou, seed) => runOf({ seed, miou, method: "supervised" })) },
  { name: "ccvc", runs: [50, 52, 57].map((miou, seed) => runOf({ seed, miou })) },
]);

testUnless(
  lacksBrowser,
  "comparisons open in every view without a complaint, a finding or a sideways scroll",
  async () => {
    const many = comparisonOf(
      Array.from({ length: 12 }, (_, i) => ({ name: `way ${i}`, runs: [runOf({ config: { i } })] })),
    );
    await holdInEveryView({
      comparison: comparisonPage(methods),
      "comparison-many": comparisonPage(many),
      "comparison-hostile": comparisonPage(hostileComparison()),
    });
  },
);

testUnless(
  lacksBrowser,
  "values are read by keys, ways are taken out, images sorted and laid under their labels",
  async () => {
    await withBrowser((browser) =>
      withPage(comparisonPage(methods), async (file) => {
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
    withPage(comparisonPage(comparisonOf(ways)), async (file) => {
      const { seconds } = await openTimed(browser, file, ".plot canvas");
      const { size } = await Deno.stat(file);
      console.log(`${size} bytes, opened in ${seconds.toFixed(2)} s`);
      assert.ok(seconds < 2);
    })
  );
});
