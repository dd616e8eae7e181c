import { strict as assert } from "node:assert";
import { lastJson } from "../support/command.ts";
import { runIn } from "./in_folder.ts";

Deno.test("shapes-12 runs from an empty cache within 5 minutes, then from the cache within 5 seconds", async (t) => {
  const folder = await Deno.makeTempDir();
  const train = (cache?: string) => runIn(folder, ["train", "shapes-12"], cache);
  try {
    const first = await train();
    console.log(`first run: ${first.seconds.toFixed(0)} s, ${JSON.stringify(lastJson(first).miou)}`);
    await t.step("the first run is done in time", () => {
      assert.equal(first.code, 0);
      assert.ok(first.seconds <= 300, `it took ${first.seconds} s`);
    });
    await t.step("the second run takes everything from the cache", async () => {
      const second = await train();
      console.log(`second run: ${second.seconds.toFixed(1)} s`);
      assert.ok(second.seconds <= 5, `it took ${second.seconds} s`);
      assert.deepEqual(lastJson(second), lastJson(first));
    });
    await t.step("the same seed from an empty cache gives the same bytes", async () => {
      const again = await train("other");
      assert.deepEqual(lastJson(again), lastJson(first));
      assert.deepEqual(await blobs(`${folder}/other`), await blobs(`${folder}/cache`));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("compare: CCVC is ahead of supervised training on shapes-12, in the mean over three seeds", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const result = await runIn(folder, ["compare", "shapes-12", "--seeds", "0..2"]);
    assert.equal(result.code, 0, result.stderr);
    const { methods: [, { name, difference }] } = lastJson(result);
    console.log(JSON.stringify(difference));
    assert.ok(name === "ccvc" && difference.mean >= 5, `the difference of ${name} is ${difference.mean}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Digests of all that a cache holds: content-addressed, so equal names are equal bytes. */
async function blobs(cache: string): Promise<string[]> {
  const names: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isDirectory) await walk(`${folder}/${entry.name}`);
      else names.push(entry.name);
    }
  };
  await walk(`${cache}/cas`);
  return names.sort();
}
