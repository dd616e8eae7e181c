import assert from "node:assert/strict";
import { join } from "node:path";
import { reportPage, writeReport } from "../../../runtime/runs/report.ts";
import type { RunRecord } from "../../../runtime/runs/run_folder.ts";

const run: RunRecord = {
  name: "shapes-12",
  id: "20260131-235959-3fa9c1d2",
  seed: 3,
  set: ['co-train.method={"name":"<b>"}'],
  state: "done",
  started: "2026-01-31T23:59:59.000Z",
  seconds: 61,
  gpu: { adapter: "llvmpipe & co" },
  nodes: [{ id: "load", stage: "load", key: "ab".repeat(32), state: "ran", seconds: 2 }],
};
const metrics = {
  protocol: "center_crop_712",
  miou: { branch1: 50.126, branch2: 49, average: 51 },
  perClass: [{ name: "ring", iou: 12.5 }],
};

Deno.test("a run's page shows settings, scores with their protocol, stages and pictures, and all of it as text", () => {
  const page = reportPage(run, metrics, [{ folder: "pictures/a b", files: ["image.png", "branch1.png"] }]);
  assert.match(page, /<td>co-train\.method=\{&quot;name&quot;:&quot;&lt;b&gt;&quot;\}<\/td>/);
  assert.doesNotMatch(page, /<b>|& co/);
  assert.match(page, /Scores, percent, center_crop_712/);
  assert.match(page, /<td>branch 1<\/td><td>50\.13<\/td>/);
  assert.match(page, /<td>ring<\/td><td>12\.50<\/td>/);
  assert.match(page, /<td>load<\/td><td>ran<\/td>.*<td>abababababab<\/td>/);
  assert.match(page, /<th>image<\/th><th>branch 1<\/th>/);
  assert.match(page, /<img src="pictures\/a%20b\/image\.png" alt="image of pictures\/a b">/);
});

Deno.test("a run without scores or pictures has a page, too, which says what failed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const page = await writeReport(folder, { ...run, state: "failed", error: "no room" }, undefined);
    assert.equal(page, join(folder, "report.html"));
    const text = await Deno.readTextFile(page);
    assert.match(text, /failed: no room/);
    assert.doesNotMatch(text, /Scores|Pictures/);
    await Deno.mkdir(join(folder, "pictures", "scene-1"), { recursive: true });
    await Deno.writeFile(join(folder, "pictures", "scene-1", "truth.png"), new Uint8Array(1));
    assert.match(
      await Deno.readTextFile(await writeReport(folder, run, metrics)),
      /pictures\/scene-1\/truth\.png/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
