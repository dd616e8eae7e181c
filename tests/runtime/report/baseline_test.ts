import assert from "node:assert/strict";
import { join } from "node:path";
import type { Plan } from "../../../pipeline/mod.ts";
import { findBaseline } from "../../../runtime/report/baseline.ts";
import { planOf, scoredBy } from "../runs/plans.ts";
import { doneRun } from "./run_views.ts";

/** The plan of a run whose every stage is the experiment's own. */
const plan = (method: string, { photographs = "a", tiles = "b", held = "c" } = {}) =>
  planOf(
    { id: "photographs", gives: { images: photographs, held } },
    { id: "tiles", gives: { views: tiles }, takes: { of: "photographs.images" } },
    { id: "learn", method, gives: { nets: `${method} ${tiles}` }, takes: { views: "tiles.views" } },
    { id: "marks", gives: { metrics: "m" }, takes: { nets: "learn.nets", images: "photographs.held" } },
  );

const scores = { protocol: "original", headline: "network", miou: { network: 40 } };
const own = { protocol: "original", headline: "average", miou: { average: 44 } };

Deno.test("the baseline is the latest supervised run of the same data, views, seed, scored images and protocol", async () => {
  const folder = await Deno.makeTempDir();
  let written = 0;
  const write = async (
    name: string,
    started: string,
    made: Plan,
    changes: Record<string, unknown> = {},
    metrics: unknown = scores,
  ) => {
    const path = join(folder, name), id = `20260101-000000-3fa9c1d2-${++written}`;
    await Deno.mkdir(path);
    const outputs = scoredBy("marks");
    const record = { ...doneRun.run, id, started, protocol: "original", outputs, ...changes };
    await Deno.writeTextFile(join(path, "run.json"), JSON.stringify(record));
    await Deno.writeTextFile(join(path, "plan.json"), JSON.stringify(made));
    await Deno.writeTextFile(join(path, "metrics.json"), JSON.stringify(metrics));
  };
  try {
    const find = (made = plan("ccvc")) =>
      findBaseline(join(folder, "own"), { ...doneRun.run, outputs: scoredBy("marks") }, own, made);
    await write("own", "2026-01-01", plan("ccvc"));
    assert.equal(await find(), undefined);
    await write("other-images", "2026-01-02", plan("supervised", { photographs: "x", tiles: "x" }));
    await write("other-views", "2026-01-02", plan("supervised", { tiles: "x" }));
    await write("other-scored", "2026-01-02", plan("supervised", { held: "x" }));
    await write("other-seed", "2026-01-02", plan("supervised"), { seed: 4 });
    await write("other-protocol", "2026-01-02", plan("supervised"), { protocol: "center_crop_8" });
    await write("failed", "2026-01-02", plan("supervised"), { state: "failed" });
    await write("no-scores", "2026-01-02", plan("supervised"), {}, { miou: "high" });
    await write("other-method", "2026-01-02", plan("cps"));
    await Deno.mkdir(join(folder, "no-run"));
    await write("damaged", "2026-01-02", plan("supervised"));
    await Deno.writeTextFile(join(folder, "damaged", "plan.json"), "{");
    await write("forged", "2026-01-02", plan("supervised"), { outputs: "all" });
    assert.equal(await find(), undefined);
    await write("earlier", "2026-01-03", plan("supervised"));
    await write("latest", "2026-01-04", plan("supervised"));
    assert.deepEqual(await find(), { id: "latest", scores });
    assert.equal(await find(plan("supervised")), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
