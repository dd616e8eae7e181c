/** Pages that compare runs, as the commands write them. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { storedRuns } from "../../../cli/runs/stored_runs.ts";
import { fixture, type Place, placeTest } from "../support.ts";

const tiny = fixture("tiny");

/** The page that a command has said it wrote. */
function pageOf(out: readonly string[]): string {
  const line = out.filter((line) => /(^|comparison: ).*comparison-\d{8}-\d{6}-[0-9a-f]{8}\.html$/.test(line));
  assert.equal(line.length, 1, out.join("\n"));
  const html = Deno.readTextFileSync(line[0]!.replace(/^comparison: /, ""));
  return html.replaceAll(/<script[^]*?<\/script>|<style[^]*?<\/style>|<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
}

/** Ids of the runs, in the order in which they began. */
const ids = async (place: Place) => (await storedRuns(place.runs)).map(({ id }) => id);

placeTest("compare, seeds and sweeps write their page and say where", async (place) => {
  const methods = pageOf((await place.command("compare", tiny, "--seeds", "0,1")).out);
  assert.match(
    methods,
    /its own average 51\.50 ± 0\.71 \+10\.00 ± 0\.00/,
  );
  const seeds = await place.command("train", tiny, "--seeds", "0..2", "--json");
  assert.match(seeds.notes, /^comparison: .*\.html$/m);
  assert.equal(seeds.out.length, 1, "--json has stdout to itself");
  const sweep = pageOf((await place.command("train", tiny, "--sweep", "co-train.epochs=1,3")).out);
  assert.match(sweep, /co-train\.epochs 1 3/);
  const one = await place.command("train", tiny);
  assert.ok(!one.out.some((line) => line.startsWith("comparison: ")), "one run has a page of its own");
});

placeTest("report holds runs against one another, by ids or by an experiment's name", async (place) => {
  await place.command("train", tiny, "--seeds", "0..1", "--set", "load.value=2");
  await place.command("train", tiny, "--seeds", "0..1");
  const [a, b] = await ids(place);
  const report = (...args: string[]) => place.command("report", ...args, "--runs", place.runs);
  assert.match(pageOf((await report(a!, b!)).out), /average 52\.50 ± 0\.71/);
  const named = await report("tiny");
  assert.match(pageOf(named.out), /average 51\.50 ± 0\.71/);
  assert.deepEqual((await report("tiny")).out, named.out, "the same runs have one page");
  const [first, ...rest] = await ids(place);
  const all = pageOf((await report(first!, ...rest)).out);
  assert.match(all, /load\.value/);
  assert.match((await report("latest")).out[0]!, /report\.html$/);
  assert.match((await report()).out[0]!, /report\.html$/);
});

placeTest("runs that are no two, not there, or of several experiments", async (place) => {
  const report = (...args: string[]) => place.command("report", ...args, "--runs", place.runs);
  assert.match((await report("tiny", "other")).notes, /Cannot find the run "tiny"/);
  await place.command("train", tiny);
  const [id] = await ids(place);
  const refused = async (message: RegExp, ...args: string[]) => {
    const { status, notes } = await report(...args);
    assert.equal(status, 2, notes);
    assert.match(notes, message);
  };
  await refused(/Cannot find the run "nothing"/, id!, "nothing");
  await refused(
    /Cannot compare "2\d*-.*" and "latest": they are one run, tiny\/.*\. Name another one\./,
    id!,
    "latest",
  );
  await refused(
    /Cannot compare the seeds of "tiny": of its latest settings there is one run, .*--seeds 0\.\.2/,
    "tiny",
  );
  await place.command("train", fixture("bare"));
  const { out } = await report("tiny", "bare");
  assert.equal(join(place.runs, out[0]!.split("/").at(-1)!), out[0], "beside the folders of both");
  assert.match(pageOf(out), /: without scores\./);
});

placeTest(
  "runs that failed or were killed are compared as far as they came, and are said to be so",
  async (place) => {
    await place.command("train", tiny);
    await place.command("train", tiny, "--set", "co-train.diverge=true");
    await place.command("train", tiny, "--seed", "1");
    const [, failed, killed] = await ids(place);
    const folder = join(place.runs, "tiny", killed!),
      record = JSON.parse(Deno.readTextFileSync(join(folder, "run.json")));
    Deno.writeTextFileSync(join(folder, "run.json"), JSON.stringify({ ...record, state: "running" }));
    Deno.writeTextFileSync(join(folder, "metrics.json"), '{"miou": {"aver');
    Deno.writeTextFileSync(join(folder, "plan.json"), "");
    const { out, status } = await place.command("report", ...await ids(place), "--runs", place.runs);
    assert.equal(status, 0);
    const page = pageOf(out);
    assert.match(page, new RegExp(`${failed}: failed \\(.*the loss ce1 is NaN.*\\); in no mean`));
    assert.match(
      page,
      new RegExp(`${killed}: stopped without a word; what is here is how far it came; in no mean`),
    );
  },
);

placeTest("a sweep that is broken off has the page of what was made, and its own status", async (place) => {
  const { status, out, notes } = await place.command(
    "train",
    tiny,
    "--sweep",
    "co-train.epochs=1,2,3",
    "--sweep",
    "co-train.diverge=false,true",
  );
  assert.equal(status, 1, notes);
  assert.match(notes, /the loss ce1 is NaN/);
  assert.ok(!out.some((line) => line.startsWith("comparison: ")), "one run was made");
  const seeds = await place.command(
    "compare",
    tiny,
    "--seeds",
    "0..1",
    "--set",
    "load.value=3",
    "--methods",
    "supervised,cps,nothing",
  );
  assert.equal(seeds.status, 2, "what cannot be found is said before");
  const broken = await place.command(
    "train",
    tiny,
    "--sweep",
    "co-train.diverge=false,true",
    "--seeds",
    "0..1",
    "--sweep",
    "co-train.epochs=1,2",
  );
  assert.equal(broken.status, 1);
  assert.match(pageOf(broken.out), /2 ways to train, 2 runs/);
});
