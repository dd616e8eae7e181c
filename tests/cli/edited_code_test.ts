/** Processes whose code is edited while they work. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Place, placeTest } from "./support.ts";

const engine = new URL("../../pipeline/mod.ts", import.meta.url).href;

/** A stage that ends when a file `go` is there, and an experiment that is ready when a file `load` is. */
const files = (folder: string) => ({
  "stage.ts": `
    import { z } from "zod";
    import { defineStage, jsonKind } from ${JSON.stringify(engine)};
    import { factor } from "./factor.ts";
    const metrics = jsonKind<Record<string, unknown>>("numbers", 1);
    export const slow = defineStage({
      name: "slow", version: 1, module: import.meta.url, seeded: true,
      config: z.strictObject({ folder: z.string().meta({ location: true }) }),
      inputs: {}, outputs: { metrics },
      run: async ({ config, context }) => {
        context.progress({ done: 0, total: 1 });
        while (await Deno.stat(config.folder + "/go").then(() => false, () => true)) await new Promise((r) => setTimeout(r, 5));
        return { metrics: { value: factor * (context.seed + 1) } };
      },
    });`,
  "experiment.ts": `
    import { pipeline } from ${JSON.stringify(engine)};
    import { slow } from "./stage.ts";
    console.log("loaded");
    while (await Deno.stat(${JSON.stringify(`${folder}/load`)}).then(() => false, () => true)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    export default pipeline("edited", () => slow({ folder: ${JSON.stringify(folder)} }));`,
});

const factor = (place: Place, value: number, comment = "") =>
  Deno.writeTextFile(join(place.folder, "factor.ts"), `export const factor = ${value}; ${comment}\n`);

async function write(place: Place): Promise<string> {
  for (const [name, text] of Object.entries(files(place.folder))) {
    await Deno.writeTextFile(join(place.folder, name), text);
  }
  await factor(place, 1);
  return join(place.folder, "experiment.ts");
}

/** Starts a training, and does something once it has printed a text. */
async function train(place: Place, args: readonly string[], text: RegExp, act: () => Promise<void>) {
  const child = place.spawn(["train", ...args]);
  let out = "", acted: Promise<void> | undefined;
  const notes = new Response(child.stderr).text();
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += part;
    if (text.test(out)) acted ??= act();
  }
  assert.ok(acted, out + await notes);
  await acted;
  return { status: (await child.status).code, out, notes: await notes };
}

/** What the cache has: values of the stored results, sorted. */
function stored(place: Place): number[] {
  const found: number[] = [];
  for (const name of place.files(join(place.cache, "ac"))) {
    const { outputs } = JSON.parse(Deno.readTextFileSync(join(place.cache, "ac", name)));
    const { digest } = Object.values(outputs.metrics.files)[0] as { digest: string };
    found.push(JSON.parse(Deno.readTextFileSync(join(place.cache, "cas", digest))).value);
  }
  return found.sort();
}

const go = (place: Place) => Deno.writeTextFile(join(place.folder, "go"), "");

placeTest(
  "code edited during the first of two seeds: neither result is stored, and the next process runs the new code",
  async (place) => {
    const experiment = await write(place);
    await Deno.writeTextFile(join(place.folder, "load"), "");
    const both = await train(place, [experiment, "--seeds", "0..1"], /slow +runs/, async () => {
      await factor(place, 10);
      await go(place);
    });
    assert.equal(both.status, 0, both.notes);
    const said = both.out.split("\n").filter((line) =>
      /^slow +The code of stage "slow" changed while it ran/.test(line)
    );
    assert.equal(said.length, 2, both.out);
    assert.deepEqual(stored(place), []);
    assert.equal((await place.process(["train", experiment, "--seeds", "0..1"])).status, 0);
    assert.deepEqual(stored(place), [10, 20]);
  },
);

placeTest(
  "code edited between loading and hashing is refused, and runs when the command is given again",
  async (place) => {
    const experiment = await write(place);
    await go(place);
    const gap = async (comment = "") => {
      await Deno.remove(join(place.folder, "load")).catch(() => {});
      return await train(place, [experiment], /loaded/, async () => {
        await factor(place, 2, comment);
        await Deno.writeTextFile(join(place.folder, "load"), "");
      });
    };
    const refused = await gap();
    assert.equal(refused.status, 1, refused.out);
    assert.match(
      refused.notes,
      /^error: Cannot tell which code stage "slow" runs: ".*\/factor\.ts" changed at .* give the command again/m,
    );
    assert.deepEqual([stored(place), place.files()], [[], []]);
    assert.equal((await place.process(["train", experiment])).status, 0);
    assert.deepEqual(stored(place), [2]);
  },
);

placeTest(
  "an experiment that was copied into place a moment ago, with its old times, runs",
  async (place) => {
    const experiment = await write(place);
    await Deno.writeTextFile(join(place.folder, "load"), "");
    await go(place);
    const old = new Date(Date.now() - 1e6);
    for (const name of ["factor.ts", "stage.ts", "experiment.ts"]) {
      await Deno.utime(join(place.folder, name), old, old);
    }
    const { status, notes } = await place.process(["train", experiment]);
    assert.equal(status, 0, notes);
    assert.deepEqual(stored(place), [1]);
  },
);
