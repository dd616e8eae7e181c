/** Code that is edited at random moments while processes load, hash and run it. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../../cli/process/permissions.ts";
import type { Plan } from "../../../pipeline/mod.ts";
import { randomNumbers, type TortureOptions, type TorturePart } from "../part.ts";
import { sleep } from "../training/training.ts";

/** The part. */
export const edited: TorturePart = {
  name: "edited",
  summary: "edits an experiment's code at random moments of its runs: no key has what other code made",
  run: torture,
};

const engine = new URL("../../../pipeline/mod.ts", import.meta.url).href;
const seeds = [0, 1];

/** Two stages that depend on one helper; the first is cheap, the second takes a while. */
const stages = `
import { z } from "zod";
import { defineStage, jsonKind } from ${JSON.stringify(engine)};
import { factor } from "./factor.ts";
const number = jsonKind<number>("number", 1);
const common = { version: 1, module: import.meta.url, seeded: true, config: z.strictObject({}) } as const;
export const first = defineStage({
  ...common, name: "first", inputs: {}, outputs: { number },
  run: ({ context }) => ({ number: factor * (context.seed + 1) }),
});
export const second = defineStage({
  ...common, name: "second", inputs: { number }, outputs: { number },
  run: async ({ inputs }) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return { number: inputs.number * 1000 + factor };
  },
});
`;
const experiment = `
import { pipeline } from ${JSON.stringify(engine)};
import { first, second } from "./stages.ts";
export default pipeline("edited", () => second({ number: first() }));
`;

/** How an edit is made. */
const ways = ["in place", "by renaming", "with an old time", "half, then whole"] as const;

async function torture({ short, seed, folder, say }: TortureOptions): Promise<void> {
  const random = randomNumbers(seed);
  const cache = join(folder, "cache"), helper = join(folder, "factor.ts");
  const text = (factor: number) => `export const factor = ${factor};\n`;
  await Deno.writeTextFile(join(folder, "stages.ts"), stages);
  await Deno.writeTextFile(join(folder, "experiment.ts"), experiment);
  const command = (name: string, ...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        ...permissionsOf(name),
        fileURLToPath(new URL("../../../cli/main.ts", import.meta.url)),
        name,
        join(folder, "experiment.ts"),
        ...args,
        "--cache",
        cache,
        ...(name === "train" ? ["--runs", join(folder, "runs")] : []),
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
    });
  const train = async () => {
    const { code, stderr, stdout } = await command("train", "--seeds", seeds.join("..")).output();
    return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  };
  await Deno.writeTextFile(helper, text(1));
  const started = performance.now();
  assert.equal((await train()).code, 0);
  const whole = performance.now() - started;
  say(`left alone: ${(whole / 1000).toFixed(1)} s`);
  const outcomes = { refused: 0, "not kept": 0, kept: 0 };
  const rounds = short ? 6 : 40;
  let factor = 1;
  for (let round = 0; round < rounds; round++) {
    const way = ways[round % ways.length]!;
    await Deno.writeTextFile(helper, text(++factor));
    const run = train();
    await sleep(whole * random());
    await edit(helper, text(++factor), way);
    const { code, text: said } = await run;
    if (code === 0) outcomes[said.includes("changed while it ran") ? "not kept" : "kept"]++;
    else {
      assert.equal(code, 1, said);
      // Half a file may be what was loaded: that is an experiment which cannot be loaded.
      assert.match(said, /Cannot tell which code stage|Cannot fingerprint|Cannot load the experiment/, said);
      outcomes.refused++;
    }
  }
  // Every value that was ever there, by the key that a process at rest gives it.
  const wanted = new Map<string, number>();
  const stored = await storedNumbers(cache);
  for (let value = 1; value <= factor; value++) {
    if (![...stored.values()].some((number) => madeBy(number, value))) continue;
    await Deno.writeTextFile(helper, text(value));
    assert.equal((await train()).code, 0);
    for (const seed of seeds) {
      const { stdout } = await command("plan", "--seed", String(seed), "--json").output();
      const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as Plan;
      for (const { id, key } of nodes) {
        const number = value * (seed + 1);
        wanted.set(key!, id === "first" ? number : number * 1000 + value);
      }
    }
  }
  for (const [key, number] of stored) assert.equal(number, wanted.get(key), `key ${key} has ${number}`);
  const counts = Object.entries(outcomes).map(([name, count]) => `${count} ${name}`).join(", ");
  say(`${rounds} edits: ${counts}; ${stored.size} stored results, each made by the code of its key`);
}

/** Whether a stage of that factor could have made a number, for some seed. */
function madeBy(number: number, factor: number): boolean {
  return seeds.some((seed) => [factor * (seed + 1), factor * (seed + 1) * 1000 + factor].includes(number));
}

async function edit(path: string, text: string, way: typeof ways[number]): Promise<void> {
  if (way === "by renaming") {
    await Deno.writeTextFile(`${path}.new`, text);
    return await Deno.rename(`${path}.new`, path);
  }
  if (way === "half, then whole") {
    await Deno.writeTextFile(path, text.slice(0, 20));
    await sleep(30);
  }
  await Deno.writeTextFile(path, text);
  const old = new Date(Date.now() - 3_600_000);
  if (way === "with an old time") await Deno.utime(path, old, old);
}

/** Key → the number that is stored under it. */
async function storedNumbers(cache: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { name } of Deno.readDir(join(cache, "ac"))) {
    const { outputs } = JSON.parse(await Deno.readTextFile(join(cache, "ac", name)));
    const [{ digest }] = Object.values(outputs.number.files) as [{ digest: string }];
    found.set(name, JSON.parse(await Deno.readTextFile(join(cache, "cas", digest))));
  }
  return found;
}
