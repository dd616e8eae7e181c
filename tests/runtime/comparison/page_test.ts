/** The page of a comparison, as text; how it looks and works is tested in a browser. @module */
import assert from "node:assert/strict";
import { chartsOf } from "../../../runtime/comparison/curves.ts";
import { comparisonPage } from "../../../runtime/comparison/page.ts";
import { comparisonOf, hostileComparison, runOf } from "./runs.ts";

Deno.test("the page has scores, differences, settings and runs where no script runs", () => {
  const html = comparisonPage(comparisonOf([
    { name: "supervised", runs: [40, 44].map((miou, seed) => runOf({ seed, miou, method: "supervised" })) },
    { name: "ccvc", runs: [50, 52].map((miou, seed) => runOf({ seed, miou, config: { threshold: 0.9 } })) },
  ]));
  const text = html.replaceAll(/<script[^]*?<\/script>|<style[^]*?<\/style>|<[^>]*>/g, " ").replaceAll(
    /\s+/g,
    " ",
  );
  assert.match(text, /ccvc average 51\.00 ± 1\.41 \+9\.00 ± 1\.41 52\.00 ± 1\.41 50\.00 52\.00/);
  assert.match(text, /co-train\.method\.name supervised ccvc/);
  assert.match(text, /co-train\.threshold – 0\.9/);
  assert.match(html, /default-src &#39;none&#39;|default-src 'none'/);
  assert.doesNotMatch(html, /https?:\/\/(?!www\.w3\.org)/);
});

Deno.test("a single seed has no spread", () => {
  const ways = [40, 50].map((miou, i) => ({ name: `way ${i}`, runs: [runOf({ miou, config: { i } })] }));
  const html = comparisonPage(comparisonOf(ways));
  assert.match(html, /<strong>50\.00<\/strong><\/td><td>\+10\.00<\/td><td>51\.00<\/td>/);
  assert.doesNotMatch(html, /<(td|strong)>[^<]*±/);
});

Deno.test("one way's seeds make a page, and runs without scores, too", () => {
  const seeds = comparisonPage(
    comparisonOf([{ name: "shapes-12", runs: [0, 1].map((seed) => runOf({ seed })) }]),
  );
  assert.match(seeds, /The runs differ in their seeds alone/);
  const bare = comparisonPage(comparisonOf([0, 1].map((seed) => ({
    name: `way ${seed}`,
    runs: [{ ...runOf({ seed, miou: null, record: { state: "running" } }), curves: {}, plan: undefined }],
  }))));
  assert.doesNotMatch(bare, /id="(scores|curves)"/);
  assert.match(bare, /Nothing is known of the settings of way 0, way 1/);
});

Deno.test("names are text, whatever they say", () => {
  const html = comparisonPage(hostileComparison());
  assert.doesNotMatch(
    html.replace(/<script type="application\/json"[^]*?<\/script>/, ""),
    /<img src=x|<svg onload|\p{Bidi_Control}/u,
  );
  assert.equal(html.match(/<\/script>/g)!.length, 2);
});

Deno.test("of a thousand runs the page stays small, and says what is left out", () => {
  const readings = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ step: i + 1, epoch: 1, losses: { a: 1 / (i + 1), b: 2 } }));
  const ways = Array.from({ length: 200 }, (_, i) => ({
    name: `way ${i}`,
    runs: [0, 1, 2, 3, 4].map((seed) => {
      const run = runOf({ seed, config: { i } });
      return { ...run, curves: { "co-train": { readings: readings(3000), evaluations: [] } } };
    }),
  }));
  const html = comparisonPage(comparisonOf(ways));
  assert.ok(html.length < 5e6, `${html.length}`);
  assert.match(html, /first 12 of 200 ways/);
  const lines = chartsOf(ways).map(({ lines }) => lines.length);
  assert.deepEqual(lines, [60, 60]);
});

Deno.test("a loss that more ways have comes first, and a chart is named by its training where there are several", () => {
  const way = (name: string, losses: readonly string[], ids: readonly string[]) => ({
    name,
    runs: [{
      ...runOf(),
      curves: Object.fromEntries(ids.map((id) => [id, {
        readings: [1, 2].map((step) => ({
          step,
          epoch: 1,
          losses: Object.fromEntries(losses.map((loss) => [loss, step])),
        })),
        evaluations: [],
      }])),
    }],
  });
  const headings = (...ways: ReturnType<typeof way>[]) => chartsOf(ways).map(({ heading }) => heading);
  assert.deepEqual(headings(way("a", ["own", "both"], ["t"]), way("b", ["both"], ["t"])), [
    "Loss both",
    "Loss own",
  ]);
  assert.deepEqual(headings(way("a", ["l"], ["round-1", "round-2"])), ["Loss l, round-1", "Loss l, round-2"]);
});
