/** From a folder of 20 photographs, 6 of them labeled, to a network, overlays and a score against the labels alone. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { lastJson, runTask } from "../support/command.ts";
import { testWithShared } from "../support/shared_data.ts";
import { runIn } from "./in_folder.ts";
import { binaryFolder, cocoFolder, colorFolder, labeled, labelMeFolder, photographs } from "./own_folders.ts";

/** A training of seconds: whether it learns is shown elsewhere. */
const short = [
  ...["co-train.epochs=2", "co-train.warmUpEpochs=1", "co-train.stepsPerEpoch=2", "co-train.batch=2"],
  ...["co-train.evaluateEvery=2", "augment.crop=32"],
].flatMap((set) => ["--set", set]);

interface Compared {
  readonly methods: readonly {
    readonly name: string;
    readonly headline: { readonly mean: number };
    readonly difference?: { readonly mean: number };
  }[];
}

/** Both were scored, and the one is held against the other. */
function assertCompared({ methods: [alone, method, ...more] }: Compared): void {
  assert.deepEqual([alone!.name, method!.name, more.length], ["supervised", "ael", 0]);
  for (const { headline: { mean } } of [alone!, method!]) assert.ok(mean > 0 && mean <= 100, `mIoU ${mean}`);
  assert.ok(Math.abs(method!.difference!.mean - (method!.headline.mean - alone!.headline.mean)) < 1e-9);
}

/** What a new user types: start, compare, predict. */
async function threeCommands(folder: string, data: string, flags: readonly string[] = []): Promise<{
  readonly started: {
    readonly roles: Record<string, number>;
    readonly classes: { name: string }[];
    readonly overlay: string;
  };
  readonly compared: Compared;
  readonly written: readonly string[];
}> {
  const experiment = join(folder, "experiment.ts"), out = join(folder, "labels");
  const start = await runTask("start", data, "--yes", "--json", "--out", experiment, ...flags);
  assert.equal(start.code, 0, start.stderr);
  const compare = await runIn(folder, ["compare", experiment, "--seeds", "0", ...short]);
  assert.equal(compare.code, 0, compare.stderr);
  const images = join(data, "images");
  const predict = await runTask(
    "predict",
    "latest",
    images,
    "--overlay",
    "--out",
    out,
    "--runs",
    `${folder}/runs`,
  );
  assert.equal(predict.code, 0, predict.stderr);
  const written = [...Deno.readDirSync(join(out, "overlays"))].map(({ name }) => name);
  return { started: lastJson(start), compared: lastJson(compare), written };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [name, make, classes] of [
    ["masks of 0 and 255", binaryFolder, ["background", "foreground"]],
    ["color-coded masks", colorFolder, ["black", "red", "white"]],
    ["LabelMe", labelMeFolder, ["background", "animal"]],
    ["COCO", cocoFolder, ["background", "animal"]],
  ] as const
) {
  testWithShared(
    "data/voc",
    `from photographs and ${name} to a score and overlays`,
    (voc) =>
      inFolder(async (folder) => {
        const data = join(folder, "photos");
        await make(voc, data);
        const { started, compared, written } = await threeCommands(folder, data);
        assert.deepEqual(started.classes.map(({ name }) => name), classes);
        const { labeled: learned, unlabeled, validation } = started.roles;
        assert.equal(unlabeled, photographs - labeled);
        assert.equal(learned! + validation!, labeled);
        assert.ok((await Deno.stat(started.overlay)).size > 1000);
        assertCompared(compared);
        assert.equal(written.length, photographs);
      }),
  );
}

testWithShared(
  "data/nuclei",
  "from microscope images of 16 bits and numbered nuclei to a score and overlays",
  (data) =>
    inFolder(async (folder) => {
      const flags = ["--labeled", "3", "--validation", "6"];
      const { started, compared, written } = await threeCommands(folder, data, flags);
      assert.deepEqual(started.classes.map(({ name }) => name), ["background", "object"]);
      assert.deepEqual(started.roles, { labeled: 3, unlabeled: 13, validation: 6 });
      assertCompared(compared);
      assert.equal(written.length, 22);
    }),
);
