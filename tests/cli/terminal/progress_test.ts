import assert from "node:assert/strict";
import { parseSeeds } from "../../../cli/terminal/options.ts";
import { Progress } from "../../../cli/terminal/progress.ts";
import { Rate } from "../../../cli/terminal/rate.ts";
import { collectingTerminal } from "../../../cli/terminal/terminal.ts";
import { bytes, duration, printable, shortened, table } from "../../../cli/terminal/text.ts";
import { spread } from "../../../runtime/runs/spread.ts";

/** A progress whose clock the test sets. */
function watched(isLive = false) {
  const plain = collectingTerminal();
  const drawn: string[] = [];
  const terminal = { ...plain, isLive, live: (text: string) => void drawn.push(text) };
  const clock = { now: 0 };
  const progress = new Progress(terminal, () => clock.now);
  const at = (now: number, data: Record<string, unknown>) => {
    clock.now = now;
    progress.on({ type: "progress", node: "co-train", data });
  };
  return { at, progress, drawn, printed: plain.printed };
}

const step = (count: number, epoch = 1) => ({
  kind: "step",
  step: count,
  steps: 100,
  epoch,
  epochs: 2,
  images: count * 8,
  losses: { ce1: 0.51234, con1: 12.5 },
});

Deno.test("away from a terminal a line comes every ten seconds and at epochs", () => {
  const { at, printed } = watched();
  for (let second = 0; second < 50; second++) at(second, step(second + 1));
  at(50, step(51, 2));
  assert.equal(printed.length, 6);
  assert.equal(
    printed[1],
    "co-train       11%  1 min 29 s left  8.00 images/s  step 11/100  epoch 1/2  ce1 0.512  con1 12.5",
  );
  assert.match(printed.at(-1)!, /step 51\/100 {2}epoch 2\/2/);
});

Deno.test("on a terminal the line is drawn over, ten times a second at most", () => {
  const { at, printed, drawn } = watched(true);
  at(0, step(1));
  for (let i = 1; i <= 98; i++) at(i / 100, step(1 + i));
  assert.equal(printed.length, 1);
  assert.ok(drawn.length >= 8 && drawn.length <= 11, String(drawn.length));
  assert.match(drawn.at(-1)!, /█+░* {2}\d\d% {2}.* left {2}.* images\/s {2}step/);
});

Deno.test("every step moves the line, with the losses that were last read; a scoring is told as it goes", () => {
  const { at, printed, drawn } = watched(true);
  const { kind: _, losses: __, ...tick } = step(0);
  at(0, { kind: "tick", ...tick });
  assert.equal(
    drawn.at(-1),
    `co-train       ${"░".repeat(12)}   0%  step 0/100  epoch 1/2  the first step has the driver compile`,
  );
  at(1, step(1));
  at(2, { kind: "tick", ...tick, step: 2, images: 16 });
  at(3, { kind: "tick", ...tick, step: 50, images: 400 });
  assert.equal(
    drawn.at(-1),
    `co-train       ${"█".repeat(6)}${
      "░".repeat(6)
    }  50%  3.0 s left  133 images/s  step 50/100  epoch 1/2  ce1 0.512  con1 12.5`,
  );
  at(4, { kind: "scoring", epoch: 1, epochs: 2, done: 3, total: 30 });
  assert.equal(drawn.at(-1), "co-train       epoch 1/2  scored 3 of 30 images");
  assert.equal(printed.length, 1);
});

Deno.test("memory, evaluations and counts have words of their own", () => {
  const { at, printed } = watched();
  const memory = {
    peakBytes: 410e6,
    workspaceBytes: 312e6,
    lowerBoundBytes: 300e6,
    parameterBytes: 26e6,
    gradientBytes: 26e6,
    momentBytes: 26e6,
    statisticBytes: 18e6,
    stateBytes: 0,
    inputBytes: 2e6,
  };
  at(0, { kind: "memory", ...memory, repeated: 0 });
  const first = { branch1: 40.123, branch2: 39, average: 41 };
  at(1, { kind: "evaluation", epoch: 1, epochs: 2, protocol: "original", miou: first });
  const miou = { branch1: 45, branch2: 46, average: 47 };
  at(1, { kind: "evaluation", epoch: 2, epochs: 2, protocol: "sliding_window_712", miou });
  at(2, { done: 1, total: 30, unit: "images" });
  at(12, { done: 21, total: 30, unit: "images" });
  assert.deepEqual(printed, [
    "co-train       device memory: peak 410 MB (parameters, gradients, moments 96.0 MB; workspace 312 MB, at least 300 MB; images 2.00 MB)",
    "co-train       epoch 1/2  mIoU branch 1 40.12  branch 2 39.00  average 41.00",
    "co-train       epoch 2/2  mIoU (sliding_window_712) branch 1 45.00  branch 2 46.00  average 47.00",
    "co-train       70%  4.5 s left  2.00 images/s  21 of 30 images",
  ]);
});

Deno.test("where a run goes on from, what was damaged, and what was written before it left is said", () => {
  const { at, printed } = watched();
  const damage = ["the checkpoint at 40 is damaged (its bytes are not those its name says)"];
  at(0, { kind: "resumed", step: 40, steps: 90, damage: [] });
  at(1, { kind: "resumed", step: 30, steps: 90, damage, adapter: "another GPU" });
  at(2, { kind: "resumed", step: 0, steps: 90, damage });
  at(3, { kind: "checkpoint", step: 41, steps: 90, leaving: false, bytes: 5, seconds: 0.1 });
  at(4, { kind: "checkpoint", step: 42, steps: 90, leaving: true, bytes: 5, seconds: 0.1 });
  at(5, { kind: "warning", message: "Cannot write there." });
  assert.deepEqual(printed, [
    "co-train       goes on from the checkpoint of step 40 of 90",
    `co-train       goes on from the checkpoint of step 30 of 90 (${damage}); it was made on another GPU, so the result will ` +
    "not be to the bit what either adapter gives alone",
    `co-train       starts anew: no checkpoint can be used (${damage})`,
    "co-train       checkpoint of step 42 is written",
    "co-train       warning: Cannot write there.",
  ]);
});

Deno.test("a rate is that of the last seconds", () => {
  const rate = new Rate(10);
  assert.equal(rate.perSecond, undefined);
  rate.add(0, 0);
  assert.equal(rate.perSecond, undefined);
  for (let second = 1; second <= 100; second++) {
    rate.add(second < 50 ? second : 50 + (second - 50) * 3, second);
  }
  assert.equal(rate.perSecond, 3);
});

Deno.test("seeds are ranges, lists or both, each once", () => {
  assert.deepEqual(parseSeeds("0..2"), [0, 1, 2]);
  assert.deepEqual(parseSeeds("7"), [7]);
  assert.deepEqual(parseSeeds("5,0..2, 1"), [5, 0, 1, 2]);
  for (const text of ["", "a", "1-3", "0..", "0..1000", "-1", "1.5"]) {
    assert.throws(() => parseSeeds(text), /must be a range/);
  }
});

Deno.test("numbers as people read them", () => {
  assert.deepEqual([0.04, 9.94, 59.4, 59.6, 3599, 7260].map(duration), [
    "0.0 s",
    "9.9 s",
    "59 s",
    "1 min 00 s",
    "59 min 59 s",
    "2 h 01 min",
  ]);
  assert.deepEqual([0, 999, 1000, 999_499, 999_999, 2.147e9].map(bytes), [
    "0 B",
    "999 B",
    "1.00 kB",
    "999 kB",
    "1.00 MB",
    "2.15 GB",
  ]);
  const { mean, standardDeviation } = spread([2, 4, 9]);
  assert.deepEqual([mean, standardDeviation.toFixed(6)], [5, "3.605551"]);
  assert.deepEqual(spread([4]), { mean: 4, standardDeviation: 0 });
  assert.equal(
    table(["a", "n", "text"], [["x", "1", "yes"], ["yy", "10", ""]]),
    [
      "a    n  text",
      "--  --  ----",
      "x    1  yes",
      "yy  10",
    ].join("\n"),
  );
});

Deno.test("what a file says cannot command the terminal, nor fill it", () => {
  assert.equal(printable("a\tb\nc é 図"), "a\tb\nc é 図");
  assert.equal(printable("\x1b[2J\r\x07\x9b\u202e"), "\\u001b[2J\\u000d\\u0007\\u009b\\u202e");
  assert.deepEqual(JSON.parse(printable(JSON.stringify("\x7f\u2028"))), "\x7f\u2028");
  const long = `Cannot read ${"x".repeat(5000)}. Mend it.`;
  assert.match(shortened(long), /^Cannot read x+ … 3022 characters … x+\. Mend it\.$/);
  assert.equal(shortened("short"), "short");
});

Deno.test("a wait for another process is said, and another line says when it is taken for dead", () => {
  const { progress, printed } = watched();
  const waiting = { type: "waiting", node: "co-train", key: "0".repeat(64) } as const;
  progress.on(waiting);
  progress.on({ ...waiting, takesOverIn: 2.5 });
  assert.deepEqual(printed, [
    "co-train       another process runs it; its result will be taken",
    "co-train       the process that ran it gives no sign of life; goes on in its place in 2.5 s",
  ]);
});
