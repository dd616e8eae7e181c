/** The published experiment, from its first step: losses of the size that the method's authors logged. @module */
import { strict as assert } from "node:assert";
import { runTask } from "../support/command.ts";
import { testWithShared } from "../support/shared_data.ts";

testWithShared(
  "data/voc",
  "pascal-366 starts with losses of the published size: ResNet-101, crop 129",
  async (root) => {
    const folder = await Deno.makeTempDir();
    try {
      // A few ids: scoring and labeling whole photographs with this network is slow on a processor.
      const list = async (name: string, lines: number) => {
        const text = await Deno.readTextFile(`${root}/ImageSets/${name}.txt`);
        await Deno.writeTextFile(`${folder}/${name}.txt`, text.split("\n").slice(0, lines).join("\n"));
        return `${folder}/${name}.txt`;
      };
      const settings = [
        `load.root=${root}`,
        "load.partition=null",
        `load.lists.labeled=${await list("labeled", 4)}`,
        `load.lists.unlabeled=${await list("unlabeled", 2)}`,
        `load.lists.validation=${await list("val", 1)}`,
        "augment.crop=129",
        "co-train.batch=2",
        "co-train.epochs=1",
        "co-train.stepsPerEpoch=2",
      ].flatMap((setting) => ["--set", setting]);
      const folders = ["--cache", `${folder}/cache`, "--runs", `${folder}/runs`];
      const result = await runTask("train", "pascal-366", ...settings, ...folders);
      assert.equal(result.code, 0, result.stderr);

      const [run] = [...Deno.readDirSync(`${folder}/runs/pascal-366`)].filter(({ isDirectory }) =>
        isDirectory
      );
      const events = (await Deno.readTextFile(`${folder}/runs/pascal-366/${run!.name}/events.jsonl`)).trim()
        .split("\n");
      const steps = events.map((line) => JSON.parse(line)).filter(({ data }) => data?.kind === "step");
      assert.deepEqual(steps.map(({ data }) => data.step), [1, 2]);
      for (const { data: { losses } } of steps) {
        console.log(JSON.stringify(losses));
        // ln 21 is what a network that knows nothing pays for a label; twice that where all is conflict of weight 2.
        for (const name of ["ce1", "ce2"]) {
          assert.ok(
            Math.abs(losses[name] - Math.log(21)) < 0.8,
            `${name} ${losses[name]}`,
          );
        }
        for (const name of ["con1", "con2"]) {
          assert.ok(
            losses[name] > 0.7 * Math.log(21) && losses[name] < 2.3 * Math.log(21),
            `${name} ${losses[name]}`,
          );
        }
        for (const name of ["dis_labeled", "dis_unlabeled"]) {
          assert.ok(losses[name] >= 1 && losses[name] <= 2, `${name} ${losses[name]}`);
        }
      }
      // The first step's losses are among the lines that stay.
      assert.match(result.stdout, /co-train +step 1\/2 +epoch 1\/1 +ce1 [234]\.\d+ +ce2 [234]\.\d+ +con1 /);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
