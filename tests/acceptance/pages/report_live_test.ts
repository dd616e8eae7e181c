/// <reference lib="dom" />
/** A run's page while the run goes on, after it was killed, after it was taken from the cache, and after 100,000 steps. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CurveRecorder } from "../../../runtime/report/curves.ts";
import { reportPage } from "../../../runtime/report/page.ts";
import { writeReport } from "../../../runtime/report/report.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { fixture, Place } from "../../cli/support.ts";
import { doneRun, runningRun } from "../../runtime/report/run_views.ts";
import { lacksBrowser, open, openTimed, withBrowser, withPage } from "../../support/browser.ts";
import { lacksSystem, testUnless } from "../../support/skip.ts";
import { uniform } from "../../support/uniform.ts";

const tiny = fixture("tiny");

/** Runs `body` in a place of its own. */
async function inPlace(body: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-" }));
  try {
    await body(new Place(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The folders of a place's runs, the latest last. */
function runsOf({ runs }: Place): string[] {
  const folders = [...Deno.readDirSync(join(runs, "tiny"))].map(({ name }) => join(runs, "tiny", name));
  return folders.sort((a, b) => started(a) < started(b) ? -1 : 1);
}

function started(folder: string): string {
  return JSON.parse(Deno.readTextFileSync(join(folder, "run.json"))).started;
}

/** What a page shows. */
const shownText = () => document.body.innerText;

testUnless(
  lacksBrowser ?? lacksSystem("linux"),
  "a run's page is there from its start; killed, it says so, by itself and as `report` writes it",
  async () => {
    await inPlace(async (place) => {
      const child = place.spawn(["train", tiny, "--set", "co-train.hang=true"], {}, ["setsid"]);
      const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      while (!/page: (.+)\n/.test(said) || !said.includes("epoch 2/2")) {
        const { value, done } = await lines.read();
        assert.ok(!done, said);
        said += value;
      }
      const file = /page: (.+)\n/.exec(said)![1]!;
      await withBrowser(async (browser) => {
        const { page, complaints } = await open(browser, pathToFileURL(file));
        assert.match(await page.evaluate(shownText), /running\n[^]*renews itself while the run goes on/);
        // Its process and what it had started are gone without a word.
        const group = JSON.parse(await Deno.readTextFile(join(file, "..", "run.json")));
        assert.equal(group.state, "running");
        await new Deno.Command("kill", { args: ["-KILL", "--", `-${child.pid}`] }).output();
        await lines.cancel();
        await child.status;
        const later = await open(browser, pathToFileURL(file), {
          before: () => {
            const now = Date.now.bind(Date);
            Date.now = () => now() + 10 * 60_000;
          },
        });
        assert.match(
          await later.page.evaluate(shownText),
          /stopped, it seems\n[^]*should have been written again/,
        );
        assert.deepEqual([...complaints, ...later.complaints], []);
        const { status, out } = await place.command("report", "latest", "--runs", place.runs);
        assert.deepEqual([status, out], [0, [file]]);
        const again = await open(browser, pathToFileURL(file));
        assert.match(await again.page.evaluate(shownText), /stopped\n[^]*goes on from its last checkpoint/);
      });
    });
  },
);

testUnless(lacksBrowser, "a run out of the cache has the curves of the run that trained", async () => {
  await inPlace(async (place) => {
    for (let i = 0; i < 2; i++) {
      const { status, notes } = await place.command("train", tiny, "--set", "co-train.epochs=40");
      assert.equal(status, 0, notes);
    }
    const [first, second] = runsOf(place).map((folder) => ({
      states: JSON.parse(Deno.readTextFileSync(join(folder, "run.json"))).nodes.map((
        { state }: { state: string },
      ) => state),
      curves: Deno.readTextFileSync(join(folder, "curves.json")),
      file: join(folder, "report.html"),
    }));
    assert.ok(second!.states.every((state: string) => state === "hit"));
    assert.equal(second!.curves, first!.curves);
    await withBrowser(async (browser) => {
      const drawn = async (file: string) => {
        const { page, complaints } = await open(browser, pathToFileURL(file));
        const values = await page.$$eval(
          ".plot",
          (plots) => plots.map((plot) => plot.getAttribute("aria-valuetext")),
        );
        assert.deepEqual(complaints, []);
        return values;
      };
      const values = await drawn(second!.file);
      assert.ok(values.length >= 2 && values.some((value) => value?.includes("ce 1 0.025")), values.join());
      assert.deepEqual(values, await drawn(first!.file));
    });
  });
});

testUnless(
  lacksBrowser,
  "a page of 100,000 steps opens within 2 s, and writing it costs under a hundredth of such a run",
  async () => {
    let clock = 0;
    const recorder = new CurveRecorder(() => clock), data = { phase: "method", steps: 100_000, epochs: 100 };
    const hear = (told: Record<string, unknown>) =>
      recorder.on({ type: "progress", node: "co-train", data: told });
    const begun = performance.now();
    hear({ kind: "memory", peakBytes: 1 });
    for (let step = 1; step <= 100_000; step++) {
      clock += 0.1;
      const losses = {
        ce1: step === 54_321 ? 77 : 1 + Math.sin(step) / 9,
        ce2: Math.cos(step / 50),
        con1: 1 / step,
      };
      hear({
        ...data,
        kind: "step",
        step,
        epoch: Math.ceil(step / 1000),
        images: 8 * step,
        rate: 0.1 - step / 1e6,
        losses,
      });
      if (step % 1000 === 0) {
        hear({
          kind: "evaluation",
          epoch: step / 1000,
          epochs: 100,
          protocol: "original",
          miou: { branch1: step / 2000, branch2: 50 },
        });
      }
    }
    const heard = (performance.now() - begun) / 1000;
    const start = performance.now();
    await withPage(reportPage({ ...doneRun, curves: recorder.curves() }), async (file) => {
      const writing = (performance.now() - start) / 1000;
      // 10,000 s of training, in which the page is written each 30 s.
      const cost = (heard + 334 * writing) / clock;
      assert.ok(cost < 0.01, `${heard} s of hearing, ${writing} s of a writing`);
      await withBrowser(async (browser) => {
        const { page, complaints, seconds } = await openTimed(browser, file, ".plot canvas");
        console.log(
          `    heard in ${heard.toFixed(2)} s, written in ${writing.toFixed(3)} s, opened in ${
            seconds.toFixed(2)
          } s, ${(await Deno.stat(file)).size} bytes`,
        );
        assert.ok(seconds < 2, `${seconds} s`);
        assert.deepEqual(complaints, []);
        // The spike of a single step is drawn, and can be gone to.
        const highest = await page.evaluate(() => {
          const { curves } = JSON.parse(document.getElementById("data")!.textContent!);
          return Math.max(...curves["co-train"].losses.ce1);
        });
        assert.equal(highest, 77);
      });
    });
  },
);

testUnless(lacksBrowser, "large pictures make no large file, and what is left out is said", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const width = 1600, height = 1200, palette = Uint8Array.from({ length: 768 }, (_, i) => (i * 89) % 256);
    const noise = Uint8Array.from(uniform(1, width * height * 3, 0, 256));
    const labels = Uint8Array.from(uniform(2, width * height, 0, 8));
    const photograph = encodeRgbPng(noise, width, height),
      mask = encodePalettePng(labels, width, height, palette);
    const count = 24;
    for (let i = 0; i < count; i++) {
      const path = join(folder, "pictures", `image-${String(i).padStart(2, "0")}`);
      await Deno.mkdir(path, { recursive: true });
      await Deno.writeFile(join(path, "image.png"), photograph);
      for (const name of ["truth", "branch1", "branch2", "average"]) {
        await Deno.writeFile(join(path, `${name}.png`), mask);
      }
    }
    const file = await writeReport(folder, doneRun.run, doneRun.scores);
    assert.ok((await Deno.stat(file)).size < 5_000_000);
    await withBrowser(async (browser) => {
      const { page, complaints } = await open(browser, pathToFileURL(file));
      const shown = await page.$$eval(".gallery article", (articles) => articles.length);
      const said = /(\d+) images are left out/.exec(await page.evaluate(shownText))![1];
      assert.ok(shown > 2);
      assert.equal(shown + Number(said), count);
      assert.ok(await page.$$eval("img", (images) => images.every(({ naturalWidth }) => naturalWidth > 0)));
      assert.deepEqual(complaints, []);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testUnless(
  lacksBrowser,
  "a page of a run that goes on loads itself again, unless that is paused",
  async () => {
    const now = Date.now(), view = runningRun(new Date(now), new Date(now + 600_000));
    const running = reportPage({ ...view, freshness: { ...view.freshness!, every: 1 } });
    await withPage(running, (file) =>
      withBrowser(async (browser) => {
        const { page, complaints } = await open(browser, file);
        await page.click("#pause");
        await Deno.writeTextFile(file, reportPage(doneRun));
        await new Promise((resolve) => setTimeout(resolve, 7000));
        assert.match(await page.evaluate(shownText), /running\n/);
        await page.click("#pause");
        await page.waitForFunction(() => /done\s+in 1 min 01 s/.test(document.body.innerText), {
          timeout: 20_000,
        });
        assert.equal(await page.$("#pause"), null);
        assert.deepEqual(complaints, []);
      }));
  },
);
