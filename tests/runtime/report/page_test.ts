import assert from "node:assert/strict";
import { join } from "node:path";
import { reportPage } from "../../../runtime/report/page.ts";
import { writeReport } from "../../../runtime/report/report.ts";
import { curvesOf, doneRun, hostileNames, hostileRun, runningRun } from "./run_views.ts";

Deno.test("a run's page has scores, gain, classes, confusion, settings, stages, memory, keys and the command", () => {
  const page = reportPage(doneRun);
  for (
    const wanted of [
      "<h1>shapes-12</h1>",
      "<dt>mIoU, last weights</dt><dd>51.00<small>%, average</small></dd>",
      "<dt>over labels alone</dt><dd>+4.50<small>points</small></dd>",
      '<th scope="row">branch 1</th><td>50.13</td><td>51.00</td><td>80.00</td>',
      '<th scope="row">labels alone</th><td>46.50</td><td>n/a</td><td>n/a</td>',
      '12.50 <small class="quiet">+2.50</small>',
      '<th scope="row">co-train.epochs</th><td>9</td><td>4</td>',
      "<td>50 s</td><td>llvmpipe</td><td>abc</td>",
      '<th scope="row">co-train</th><td>41.0 MB</td><td>43.5 MB</td><td>0.250</td><td>4,800</td>',
      'title="background taken for ring: 1,000 pixels, 10.00 %">10</td>',
      "deno task train shapes-12 --seed 3 --set co-train.epochs=4",
      'data-chart="losses" data-training="co-train"',
    ]
  ) assert.ok(page.includes(wanted), wanted);
  assert.ok(page.includes("center_crop_712"));
});

Deno.test("names of others' choice stay text, and the file stays whole", () => {
  const page = reportPage(hostileRun());
  for (const name of hostileNames.filter((name) => name.includes("<"))) assert.ok(!page.includes(name), name);
  // deno-lint-ignore no-control-regex -- it is what must not be there
  assert.doesNotMatch(page, /[\0-\x08\x0b-\x1f\x7f]|\u202e/);
  assert.equal(page.match(/<script/g)!.length, 2);
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)!;
  assert.deepEqual(Object.keys(JSON.parse(json!).curves).sort(), [...hostileNames].sort());
});

Deno.test("a page of a run that goes on says when it was written; one without scores or curves is whole, too", () => {
  const page = reportPage(runningRun(new Date("2026-02-01T00:00:00Z"), new Date("2026-02-01T00:02:00Z")));
  assert.match(page, /Written <time datetime="2026-02-01T00:00:00.000Z">/);
  assert.match(page, /step 120 of 240, epoch 4 of 8/);
  const bare = reportPage({ run: { ...doneRun.run, state: "failed", error: "no room" }, curves: {} });
  assert.match(bare, /role="alert">no room</);
  assert.doesNotMatch(bare, /id="scores"|id="curves"|id="pictures"/);
});

Deno.test("a page is made of a run's folder alone, damaged files left out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = await writeReport(folder, doneRun.run, doneRun.scores);
    assert.equal(file, join(folder, "report.html"));
    assert.doesNotMatch(await Deno.readTextFile(file), /id="curves"/);
    await Deno.writeTextFile(
      join(folder, "curves.json"),
      JSON.stringify({ "co-train": curvesOf(40), bad: { readings: [{}] } }),
    );
    await Deno.mkdir(join(folder, "pictures", "scene-1"), { recursive: true });
    await Deno.writeFile(join(folder, "pictures", "scene-1", "truth.png"), new Uint8Array(1));
    const text = await Deno.readTextFile(await writeReport(folder, doneRun.run, doneRun.scores));
    assert.match(text, /data-training="co-train"/);
    assert.doesNotMatch(text, /data-training="bad"/);
    assert.match(text, /1 image is left out, as the files below pictures\/ cannot be read/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("scores whose members mean something else make a page all the same", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const odd = {
      miou: { mine: 40 },
      headline: "mine",
      perClass: { a: 1 },
      best: {},
      pixelAccuracy: 3,
      confusion: "none",
    };
    const text = await Deno.readTextFile(await writeReport(folder, doneRun.run, odd));
    assert.match(
      text,
      /<th scope="row">mine <small class="quiet">headline<\/small><\/th><td>40.00<\/td><\/tr>/,
    );
    assert.doesNotMatch(text, /<h3>Classes/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("many classes, trainings, losses and long settings make no large page, and it says what it leaves out", () => {
  const names = Array.from({ length: 256 }, (_, i) => ({ name: `class ${i}`, iou: i / 3 }));
  const losses = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`loss${i}`, 1 / (i + 3)]));
  const readings = Array.from({ length: 3000 }, (_, i) => ({ step: i + 1, epoch: 1, rate: 0.1, losses }));
  const page = reportPage({
    ...doneRun,
    run: { ...doneRun.run, changed: [{ name: "load.lists", from: [], to: Array(100_000).fill("file.png") }] },
    scores: {
      ...doneRun.scores!,
      perClass: names,
      ...{ confusion: names.map((_, i) => names.map((_, j) => i === j ? 9 : i === 200 ? 1000 : 1)) },
    },
    curves: Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`round-${i}`, { readings, evaluations: [] }]),
    ),
  });
  assert.ok(page.length < 5_000_000, String(page.length));
  assert.match(page, /Of 256 classes the 40 that are most often taken for others/);
  assert.match(page, /class 200 taken for class 0: 1,000 pixels/);
  assert.match(page, /… \(1,100,001 characters\)/);
});
