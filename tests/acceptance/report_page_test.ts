/// <reference lib="dom" />
/** A run's page in a real browser. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { reportPage } from "../../runtime/runs/report.ts";
import { accessibilityFindings, lacksBrowser, open, withBrowser } from "../support/browser.ts";
import { testUnless } from "../support/skip.ts";

testUnless(lacksBrowser, "a run's page opens without a complaint", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "report.html");
    const run = {
      name: "shapes-12",
      id: "20260131-235959-3fa9c1d2",
      seed: 3,
      set: [],
      state: "done",
      started: "2026-01-31T23:59:59.000Z",
    } as const;
    await Deno.writeTextFile(file, reportPage(run, undefined, []));
    await withBrowser(async (browser) => {
      const { page, complaints } = await open(browser, pathToFileURL(file));
      assert.match(await page.evaluate(() => document.body.innerText), /shapes-12 20260131/);
      assert.deepEqual(await accessibilityFindings(page), []);
      assert.deepEqual(complaints, []);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
