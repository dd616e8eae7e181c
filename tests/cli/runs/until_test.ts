import assert from "node:assert/strict";
import { join } from "node:path";
import { fixture, type Place, placeTest } from "../support.ts";

const tiny = fixture("tiny");

const records = (place: Place) =>
  place.files().filter((path) => path.endsWith("/run.json"))
    .map((path) => JSON.parse(Deno.readTextFileSync(join(place.runs, path))));

placeTest(
  "train --until runs a stage and what it needs; the whole run finds that in the cache",
  async (place) => {
    const part = await place.command("train", tiny, "--until", "co-train", "--set", "load.value=2");
    assert.equal(part.status, 0, part.notes);
    assert.match(part.out.at(-1)!, /^done in .*; 2 stages ran; see /);
    const [record] = records(place);
    assert.deepEqual([record.until, record.state, record.miou], ["co-train", "done", undefined]);
    assert.deepEqual(record.nodes.map(({ id }: { id: string }) => id), ["load", "co-train"]);
    assert.deepEqual(record.changed, [{ name: "load.value", from: 1, to: 2 }]);
    const files = place.files();
    assert.ok(files.some((path) => path.endsWith("weights/last.safetensors")));
    assert.ok(!files.some((path) => path.endsWith("metrics.json")));
    const page = Deno.readTextFileSync(join(place.runs, files.find((path) => path.endsWith("report.html"))!));
    assert.match(page, /until co-train/);
    assert.match(page, /--set load\.value=2 --until co-train</);
    const [early] = files[0]!.split("/").slice(1);
    const published = await place.command(
      "runs",
      "publish",
      early!,
      "--results",
      join(place.folder, "results"),
    );
    assert.equal(published.status, 2);
    assert.match(published.notes, /it went no further than "co-train"; train without --until/);
    const whole = await place.command("train", tiny, "--set", "load.value=2");
    assert.match(whole.out.at(-1)!, /; 2 stages ran; see /);
    assert.equal(records(place).at(-1).until, undefined);
    const listed = await place.command("runs");
    assert.match(listed.out.join("\n"), / done, until co-train$/m);
  },
);

placeTest("settings of stages that come later count, and are checked", async (place) => {
  const common = ["train", tiny, "--until", "load"];
  const { status } = await place.command(...common, "--set", "co-train.epochs=3");
  assert.equal(status, 0);
  const [record] = records(place);
  assert.deepEqual(record.set, ["co-train.epochs=3"]);
  assert.deepEqual(record.changed, [{ name: "co-train.epochs", from: 2, to: 3 }]);
  const wrong = await place.command(...common, "--set", "co-train.epohs=3");
  assert.equal(wrong.status, 2);
  assert.match(wrong.notes, /Did you mean/);
});

placeTest("--until goes with seeds, sweeps and methods", async (place) => {
  const swept = await place.command(
    ...["train", tiny, "--until", "load", "--seeds", "0..1", "--sweep", "load.value=1,2"],
  );
  assert.equal(swept.status, 0, swept.notes);
  assert.deepEqual(records(place).map(({ seed, set }) => `${seed} ${set}`).sort(), [
    "0 load.value=1",
    "0 load.value=2",
    "1 load.value=1",
    "1 load.value=2",
  ]);
  const compared = await place.command(
    ...["compare", tiny, "--methods", "supervised,ccvc", "--seeds", "0", "--until", "co-train"],
  );
  assert.equal(compared.status, 0, compared.notes);
  assert.doesNotMatch(compared.out.join("\n"), /mIoU|comparison:/);
  const last = records(place).filter(({ until }) => until === "co-train");
  assert.deepEqual(last.map(({ method }) => method).sort(), ["ccvc", "supervised"]);
});

placeTest(
  "--until refuses what is no stage, with the nearest name, and --json; nothing is run",
  async (place) => {
    const cases: readonly (readonly [string[], RegExp])[] = [
      [["train", tiny, "--until", "co-trian"], /has no stage "co-trian"\. Did you mean "co-train"\?/],
      [
        ["train", tiny, "--until", "x", "--sweep", "load.value=1,2"],
        /has no stage "x"\. Known: co-train, evaluate, /,
      ],
      [["compare", tiny, "--seeds", "0", "--until", ""], /has no stage ""/],
      [["train", tiny, "--until", "load", "--json"], /Cannot take --until and --json together/],
      [["compare", tiny, "--until", "load", "--json"], /Cannot take --until and --json together/],
    ];
    for (const [args, message] of cases) {
      const { status, notes } = await place.command(...args);
      assert.match(notes, message);
      assert.equal(status, 2, args.join(" "));
    }
    assert.deepEqual(place.files(), []);
  },
);
