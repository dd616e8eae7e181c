/** What was made on another adapter is shown and published as made there. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { metricsText, seedsText, summarize } from "../../../cli/runs/metrics.ts";
import { adaptersOf, gpuOfRun, mixedNotice } from "../../../runtime/runs/provenance.ts";
import { reportPage } from "../../../runtime/report/page.ts";
import { decodeResult } from "../../../cli/results/results.ts";
import { fixture, placeTest } from "../../cli/support.ts";
import { skip } from "../../support/skip.ts";

const made = (id: string, adapter?: string, driver = "1", more: Record<string, string> = {}) => ({
  id,
  facts: adapter === undefined ? { commit: "c" } : { "gpu.adapter": adapter, "gpu.driver": driver, ...more },
});

Deno.test("a run is of one adapter only if all its stages are, by name, driver and subgroups; tuning is none of it", () => {
  const one = [made("load"), made("co-train", "A"), made("evaluate", "A", "1", { "gpu.tuning": "3 shapes" })];
  assert.deepEqual(gpuOfRun(one, ["co-train"]), { adapter: "A", driver: "1" });
  assert.equal(mixedNotice(adaptersOf(one)), undefined);
  assert.equal(gpuOfRun([made("load")], []), undefined);
  // A training that was stopped on one adapter and went on on another is of both.
  const stayed = made("co-train", "A", "1", { resumed: "at step 3 of 9" });
  assert.equal(mixedNotice(adaptersOf([stayed, made("evaluate", "A")])), undefined);
  const moved = [made("co-train", "A", "1", { resumed: "at step 3 of 9, from B" })];
  assert.deepEqual(gpuOfRun(moved, ["co-train"]), { adapter: "mixed", training: "B → A, driver 1" });
  assert.match(mixedNotice(adaptersOf(moved))!, /^mixed: .*: co-train on B → A, driver 1$/);
  const others = [
    made("evaluate", "B"),
    made("evaluate", "A", "2"),
    made("evaluate", "A", "1", { "gpu.subgroups": "32" }),
  ];
  for (const other of others) {
    const nodes = [made("load"), made("co-train", "A"), made("pseudo-label", "A"), other];
    assert.deepEqual(gpuOfRun(nodes, ["co-train"]), { adapter: "mixed", training: "A, driver 1" });
    const notice = mixedNotice(adaptersOf(nodes))!;
    assert.match(notice, /^mixed: .*: co-train, pseudo-label on A, driver 1; evaluate on [AB], driver \d/);
  }
});

Deno.test("scores of several adapters are never shown without saying so: of one run, of seeds, on the page", () => {
  const adapters = { "co-train": "A, driver 1", evaluate: "B" };
  const metrics = { miou: { branch1: 1, branch2: 2, average: 3 }, adapters };
  const alone = { ...metrics, adapters: { "co-train": "B", evaluate: "B" } };
  assert.match(metricsText(metrics), /^mixed: .*co-train on A, driver 1; evaluate on B\npercent/);
  assert.match(metricsText(alone), /^percent/);
  assert.match(
    seedsText(summarize([0, 1], [alone, metrics])),
    /^mixed: .*several adapters: B; A, driver 1\n/,
  );
  assert.match(seedsText(summarize([0, 1], [alone, alone])), /^mIoU/);
  const page = reportPage({
    curves: {},
    run: {
      name: "p",
      id: "20260131-235959-3fa9c1d2",
      seed: 0,
      set: [],
      state: "done",
      started: "2026-01-31T23:59:59.000Z",
      nodes: [made("co-train", "A & co"), made("evaluate", "B")].map((node) => ({
        ...node,
        stage: node.id,
        key: "ab".repeat(32),
        state: "hit",
        seconds: 1,
      })),
    },
  });
  assert.match(page, /<p class="note">mixed: .*co-train on A &#38; co, driver 1; evaluate on B, driver 1/);
  assert.match(
    page,
    /<th scope="row">co-train<\/th><td>in the cache<\/td><td>1\.0 s<\/td><td>A &#38; co, driver 1<\/td>/,
  );
});

placeTest("weights from another adapter's cache are shown and published as made there", async (place) => {
  const experiment = fixture("trained_and_scored");
  const narrow = await place.process(["train", experiment], { LP_NATIVE_VECTOR_WIDTH: "128" });
  assert.equal(narrow.status, 0, narrow.notes);
  // Mesa's software driver is another adapter with vectors of another width; a card is the same one again.
  if (!/llvmpipe .*128 bits/.test(narrow.out.join("\n"))) return skip("the adapter is not lavapipe");
  const trainedOn = /llvmpipe \(.*, 128 bits\)/, scoredOn = /llvmpipe \(.*, 256 bits\)/;
  const wide = { LP_NATIVE_VECTOR_WIDTH: "256" };
  const mixed = await place.process(["train", experiment, "--set", "evaluate.score=60"], wide);
  assert.equal(mixed.status, 0, mixed.notes);
  const out = mixed.out.join("\n");
  assert.match(
    out,
    /adapter: llvmpipe .*256 bits[^]*128 bits.*\(recorded with the results of co-train in the cache\)/,
  );
  assert.match(out, /^mixed: .*co-train on .*128 bits.*; evaluate on .*256 bits/m);

  const { status, out: listed } = await place.command("runs", "--json");
  assert.equal(status, 0);
  const [first, second] = JSON.parse(listed[0]!);
  assert.match(first.gpu.adapter, trainedOn);
  assert.equal(second.gpu.adapter, "mixed");
  assert.match(second.gpu.training, trainedOn);
  assert.deepEqual(second.nodes.map(({ state }: { state: string }) => state), ["hit", "ran"]);
  const scores = JSON.parse(await Deno.readTextFile(join(second.path, "metrics.json")));
  assert.match(scores.adapters["co-train"], trainedOn);
  assert.match(scores.adapters["evaluate"], scoredOn);
  const page = await Deno.readTextFile(join(second.path, "report.html"));
  assert.match(page, /<p class="note">mixed: these results were made on several adapters/);
  assert.match((await place.command("runs")).out.join("\n"), /mixed; trained on llvmpipe .*128 bits/);
  assert.match((await place.command("runs", "show", "latest")).out.join("\n"), /^mixed: .*128 bits/m);
  const diff = await place.command("runs", "diff", first.id, second.id, "--cache", place.cache);
  assert.match(
    diff.out.join("\n"),
    /recorded, in no key: adapter of evaluate: .*128 bits.* → .*256 bits/,
  );

  // All from the cache, on a third adapter: this process's is nowhere.
  const again = await place.process(["train", experiment, "--set", "evaluate.score=60"], {
    VK_DRIVER_FILES: "/nowhere",
    VK_ICD_FILENAMES: "/nowhere",
    CROSSVIEW_INSTALL: "0",
  });
  assert.equal(again.status, 0, again.notes);
  assert.match(
    again.out.join("\n"),
    /results of co-train in the cache[^]*results of evaluate in the cache[^]*mixed:/,
  );

  const results = join(place.folder, "results");
  const published = await place.command("runs", "publish", second.id, "--results", results);
  assert.equal(published.status, 0, published.notes);
  const [name] = place.files(results);
  const path = join(results, name!);
  const result = decodeResult(await Deno.readTextFile(path), path);
  assert.equal(result.recorded.gpu.adapter, "mixed");
  const adapters = result.nodes.map(({ facts }) => facts?.["gpu.adapter"] ?? "");
  assert.match(adapters[0]!, trainedOn);
  assert.match(adapters[1]!, scoredOn);
  assert.deepEqual(result.metrics, { miou: { branch1: 60, branch2: 60, average: 60 } });
});
