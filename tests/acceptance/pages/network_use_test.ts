/// <reference lib="dom" />
/** Networks in pages as people use them: by keyboard, by dropping and pasting, on a phone, with the camera. @module */
import assert from "node:assert/strict";
import type { ElementHandle } from "puppeteer-core";
import { numberedClasses, shapesClasses } from "../../../stages/datasets/classes.ts";
import {
  accessibilityFindings,
  holdsIn,
  lacksBrowser,
  softwareGpu,
  views,
  withBrowser,
} from "../../support/browser.ts";
import { testUnless } from "../../support/skip.ts";
import { withFolder } from "../../support/stage_run.ts";
import { shapesSet } from "../../support/training.ts";
import { openNetworkPage, scene, writePage } from "./network_page.ts";

testUnless(
  lacksBrowser,
  "a page can be used by keyboard, by dropping and pasting, on a phone and in the dark; hostile names are text",
  withFolder(async (folder) => {
    const bad = '<img src=x onerror="document.title=1">', long = "x".repeat(200);
    const { names } = shapesClasses;
    const classes = { ...shapesClasses, names: [bad, long, "\x1b[31m", ...names.slice(3)] };
    const { file } = await writePage(folder, { classes, title: bad });
    const png = scene(64, 48);
    await withBrowser(async (browser) => {
      for (const view of views) {
        const { page, choose, labeled, complaints } = await openNetworkPage(browser, file, view);
        assert.deepEqual(await accessibilityFindings(page), [], "before a picture");
        await choose("a.png", png) ?? assert.fail();
        await page.$eval("details", (details) => details.open = true);
        await holdsIn({ page, complaints }, "network", view);
        assert.equal(await page.title(), bad);
        const areas = await page.$eval("#areas", ({ textContent }) => textContent!);
        const absent = await page.$eval("#absent", ({ textContent }) => textContent!);
        for (const name of [bad, long, "␛[31m"]) assert.ok((areas + absent).includes(name));
        for (const kind of ["drop", "paste"]) {
          const said = await labeled(() =>
            page.evaluate(
              (kind, text) => {
                const files = new DataTransfer();
                files.items.add(new File([Uint8Array.fromBase64(text)], "b.png"));
                document.dispatchEvent(
                  kind === "drop"
                    ? new DragEvent("drop", { dataTransfer: files, cancelable: true })
                    : new ClipboardEvent("paste", { clipboardData: files }),
                );
              },
              kind,
              png.toBase64(),
            )
          );
          assert.equal(said?.width, 64, kind);
        }
        await page.focus("#picture");
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowDown");
        const point = () => page.$eval("#point", ({ textContent }) => textContent!);
        assert.match(await point(), /, \d+ % \(column 34, row 26\)$/);
        await page.keyboard.press("Tab");
        assert.equal(await point(), "");
        for (const way of ["classes", "confidence", "picture"]) await page.select("#way", way);
        const canvas = await page.$("#picture") as ElementHandle<HTMLCanvasElement>;
        const first = await canvas.evaluate((
          canvas,
        ) => [...canvas.getContext("2d")!.getImageData(9, 9, 1, 1).data]);
        const [r, g, b] = shapesSet([{ width: 64, height: 48 }]).image(0).subarray(3 * (9 * 64 + 9));
        assert.deepEqual(first, [r, g, b, 255]);
        assert.deepEqual(complaints, []);
        await page.close();
      }
    }, softwareGpu);
  }),
);

testUnless(
  lacksBrowser,
  "a page labels what the camera sees until it is stopped",
  withFolder(async (folder) => {
    const { file } = await writePage(folder, { classes: numberedClasses(3) });
    await withBrowser(async (browser) => {
      const { page, labeled, status, complaints } = await openNetworkPage(browser, file);
      await page.select("#longest", "256");
      for (let i = 0; i < 2; i++) {
        const said = await labeled(async () => {
          if (i === 0) await page.click("#camera");
        });
        assert.deepEqual([said?.width, said?.height], [256, 192]);
      }
      await page.click("#camera");
      await page.waitForFunction(() =>
        document.getElementById("status")!.textContent === "The camera is off."
      );
      assert.equal(await page.$eval("#camera", ({ textContent }) => textContent), "Use the camera");
      assert.equal(await status(), "The camera is off.");
      assert.deepEqual(complaints, []);
    }, [...softwareGpu, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
    await withBrowser(async (browser) => {
      const { page, status } = await openNetworkPage(browser, file);
      await page.click("#camera");
      await page.waitForFunction(() => /camera/.test(document.getElementById("status")!.textContent!));
      assert.match(await status(), /^The camera cannot be used: /);
    }, [...softwareGpu, "--deny-permission-prompts"]);
  }),
);
