/** Damaged files for every reader: an error with a text or a right answer, in time and within memory. @module */
import { readers } from "../../fuzz/readers.ts";
import { watch } from "../../fuzz/watch.ts";
import type { TortureOptions, TorturePart } from "../part.ts";

export const fuzz: TorturePart = {
  name: "fuzz",
  summary: "reads 10,000 damaged files of each format: images, weights, lists, entries, plans",
  run,
};

async function run({ short, seed, say }: TortureOptions): Promise<void> {
  const inputs = short ? 500 : 10_000;
  const wrong: string[] = [];
  for (const { name } of readers) {
    const found = await watch(name, seed, 0, inputs);
    const memory = found.memory === undefined ? "?" : (found.memory / 2 ** 20).toFixed(0);
    say(
      `${name}: ${found.inputs} files, ${found.refused} refused, ${found.read} read; slowest ${
        (found.slowest * 1000).toFixed(0)
      } ms, ${memory} MiB at most`,
    );
    wrong.push(...found.wrong.map((line) => `${name}, ${line}`));
  }
  if (wrong.length > 0) {
    throw new Error(`${wrong.length} inputs went wrong:\n${wrong.slice(0, 20).join("\n")}`);
  }
}
