/** The cache of a small training is damaged; it ends with the same bytes all the same. @module */
import assert from "node:assert/strict";
import { Cache, sha256, verifyBlobs } from "../../../pipeline/mod.ts";
import { damages } from "./corrupt.ts";
import { randomNumbers } from "../part.ts";
import { resultsOf, startTraining } from "../training/training.ts";

/** Trains, damages, trains again; as a user does, in processes of their own. */
export async function damageTraining(
  times: number,
  seed: number,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const random = randomNumbers(seed);
  const train = async () => {
    const training = startTraining(folder, 60);
    const { code } = await training.ended;
    assert.equal(code, 0, training.text());
    return training;
  };
  const { cache } = await train();
  const wanted = await resultsOf(cache);
  const all = Object.entries(damages);
  for (let i = 0; i < times; i++) {
    const [kind, damage] = all[Math.floor(random() * all.length)]!;
    const { blobs = [], entries = [], lock } = await damage(cache, random);
    // A lease of another machine is waited for; that one is gone, and a user would not wait to see it.
    if (lock !== undefined) await Deno.remove(`${cache}/locks/${lock}`);
    const training = await train();
    const rest = (await verifyBlobs(new Cache(cache))).damage;
    const told = [training.text(), ...rest].join("\n");
    if (lock === undefined) {
      for (const name of blobs) {
        // A stage that runs again for one of its blobs puts all of them in place anew.
        const isNew = () => sha256(Deno.readFileSync(`${cache}/cas/${name}`)) === name;
        assert.ok(told.includes(name.slice(0, 12)) || isNew(), `${kind}: blob ${name} was not found`);
      }
      for (const name of entries) {
        assert.ok(told.includes(name.slice(0, 12)), `${kind}: entry ${name} was believed`);
      }
    }
    await train();
    assert.deepEqual(await resultsOf(cache), wanted, kind);
    assert.deepEqual((await verifyBlobs(new Cache(cache))).damage, [], kind);
    const ran = /(nothing had to run|\d+ stages? ran)/.exec(training.text())?.[0];
    say(`shapes-12 in small, ${kind}: ${ran}, the same bytes`);
  }
}
