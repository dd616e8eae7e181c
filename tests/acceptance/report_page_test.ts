/// <reference lib="dom" />
/** A run's page in a real browser: on a screen and a phone, light and dark, from another folder, without a network. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { reportPage } from "../../runtime/report/page.ts";
import type { RunView } from "../../runtime/report/view.ts";
import { doneRun, hostileRun, runningRun } from "../runtime/report/run_views.ts";
import { accessibilityFindings, lacksBrowser, open, type View, withBrowser } from "../support/browser.ts";
import { testUnless } from "../support/skip.ts";

/** Where screenshots are kept to look at, if anywhere. */
const kept = Deno.env.get("CROSSVIEW_SCREENSHOTS");
const views: readonly Required<Pick<View, "width" | "height" | "scheme">>[] = [
  { width: 1280, height: 900, scheme: "light" },
  { width: 1280, height: 900, scheme: "dark" },
  { width: 390, height: 844, scheme: "light" },
  { width: 390, height: 844, scheme: "dark" },
];

/** Opens a page from a folder of its own. */
async function withPage(run: RunView, body: (file: URL) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "elsewhere " });
  try {
    const file = join(folder, "report.html");
    await Deno.writeTextFile(file, reportPage(run));
    await body(pathToFileURL(file));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testUnless(
  lacksBrowser,
  "pages open in every view without a complaint, a finding or a sideways scroll",
  async () => {
    const now = Date.now();
    const runs = {
      done: doneRun,
      hostile: hostileRun(),
      running: runningRun(new Date(now), new Date(now + 120_000)),
      stopped: runningRun(new Date(now - 600_000), new Date(now - 480_000)),
    };
    await withBrowser(async (browser) => {
      for (const [name, run] of Object.entries(runs)) {
        await withPage(run, async (file) => {
          for (const view of views) {
            const { page, complaints } = await open(browser, file, view);
            const what = `${name}, ${view.width}, ${view.scheme}`;
            if (kept !== undefined) {
              await page.screenshot({
                path: join(kept, `${name}-${view.width}-${view.scheme}.png`) as `${string}.png`,
                fullPage: true,
              });
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
