/** A data folder full of what is no picture: each thing is named, none is read, in time and within memory. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isolatedArguments } from "../../../cli/process/isolation.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { peakMemory } from "../../fuzz/watch.ts";
import { specialFiles } from "../../support/special_files.ts";
import { randomNumbers, type TorturePart } from "../part.ts";
import { skip } from "../../support/skip.ts";

/** The part. */
export const special: TorturePart = {
  name: "special",
  summary:
    "puts devices, pipes, endless links, folders and endless files in pictures', masks' and lists' places",
  async run({ short, seed, folder, say }) {
    const random = randomNumbers(seed);
    const rounds = short ? 1 : 10, counts: Record<string, number> = {};
    let slowest = 0;
    for (let round = 0; round < rounds; round++) {
      for (const { name, reason, make } of specialFiles) {
        const root = join(folder, `${round} ${name}`);
        const files = await makeFolder(root);
        const at = files[Math.floor(random() * files.length)]!;
        await Deno.remove(at);
        const unavailable = await make(at);
        if (unavailable !== undefined) {
          if (round === 0) skip(`${name}: ${unavailable}`, say);
          continue;
        }
        const { status, text, seconds } = await readData(root);
        assert.equal(status, 1, `${name} at ${at}: ${text}`);
        assert.ok(text.includes(at) && reason.test(text), `${name} at ${at} was not named: ${text}`);
        assert.doesNotMatch(text, /\n\s+at /, `${name} at ${at} showed a stack trace`);
        counts[name] = (counts[name] ?? 0) + 1;
        slowest = Math.max(slowest, seconds);
      }
    }
    const named = Object.entries(counts).map(([name, count]) => `${count} × ${name}`).join(", ");
    say(`named all, the slowest in ${slowest.toFixed(1)} s: ${named}`);
  },
};

/** A small folder in PASCAL's layout; its files. */
async function makeFolder(root: string): Promise<string[]> {
  const picture = encodeRgbPng(new Uint8Array(48), 4, 4);
  const mask = encodePalettePng(new Uint8Array(16), 4, 4, new Uint8Array(6));
  const files: [string, Uint8Array][] = [];
  for (const [list, id] of [["labeled", "a"], ["unlabeled", "b"], ["val", "c"]] as const) {
    files.push([`ImageSets/${list}.txt`, new TextEncoder().encode(`${id}\n`)]);
    files.push([`JPEGImages/${id}.jpg`, picture]);
    if (id !== "b") files.push([`SegmentationClass/${id}.png`, mask]);
  }
  for (const folder of ["ImageSets", "JPEGImages", "SegmentationClass"]) {
    await Deno.mkdir(join(root, folder), { recursive: true });
  }
  for (const [name, content] of files) await Deno.writeFile(join(root, name), content);
  return files.map(([name]) => join(root, name));
}

/** Checks a folder in a process of its own, which is stopped where it hangs or swallows memory. */
async function readData(root: string): Promise<{ status: number; text: string; seconds: number }> {
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: isolatedArguments(["data", root]),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const watch = setInterval(async () => {
    const memory = await peakMemory(child.pid);
    if (performance.now() - started > 60_000 || (memory ?? 0) > 2 ** 30) child.kill("SIGKILL");
  }, 100);
  const { code, stdout, stderr } = await child.output();
  clearInterval(watch);
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { status: code, text, seconds: (performance.now() - started) / 1000 };
}
