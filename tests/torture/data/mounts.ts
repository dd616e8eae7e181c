/** Two images of a data set, alike in names, sizes, times and inodes, mounted in turn at one path. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../../cli/process/permissions.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../../stages/datasets/classes.ts";
import { randomNumbers, type TortureOptions, type TorturePart } from "../part.ts";
import { must, system } from "../system.ts";
import { resultsOf, sleep } from "../training/training.ts";
import { skip } from "../../support/skip.ts";

/** The part. */
export const mounts: TorturePart = {
  name: "mounts",
  summary:
    "mounts two squashfs images of one build time in turn at one path (needs root, mount and mksquashfs)",
  run: torture,
};

const library = new URL("../../../mod.ts", import.meta.url).href;
const side = 32, count = 40;

async function torture({ short, seed, folder, say }: TortureOptions): Promise<void> {
  const at = (name: string) => join(folder, name);
  const random = randomNumbers(seed);
  await Deno.mkdir(at("mount"));
  for (const name of ["one", "two"]) await dataset(at(name), name === "one" ? 10 : 20);
  for (const name of ["one", "two"]) {
    // -noI, -noD: nothing is compressed, so that the images are laid out alike.
    const built = await system(
      "mksquashfs",
      at(name),
      at(`${name}.squashfs`),
      "-all-time",
      "0",
      "-mkfs-time",
      "0",
      "-noD",
      "-noF",
    );
    if (built !== undefined) return skip(`no image can be built here (${built})`, say);
  }
  await Deno.writeTextFile(
    at("experiment.ts"),
    `import { load, pipeline } from ${JSON.stringify(library)};
    export default pipeline("mounted", () => load({ dataset: "pascal", root: ${
      JSON.stringify(at("mount"))
    } }));`,
  );
  const wanted = new Map<string, unknown>();
  for (const name of ["one", "two"]) {
    const cache = at(`cache-${name}`);
    const [result] = Object.entries(await train(folder, cache, ["--set", `load.root=${at(name)}`]));
    wanted.set(name, result);
  }
  const kinds = [
    { kind: "loop", mount: ["mount", "-t", "squashfs", "-o", "loop"], unmount: ["umount", "-l"] },
    { kind: "FUSE", mount: ["squashfuse"], unmount: ["umount", "-l"] },
  ];
  let tried = 0;
  for (const { kind, mount: [program, ...options], unmount } of kinds) {
    const mount = (name: string) => system(program!, ...options, at(`${name}.squashfs`), at("mount"));
    const take = () => must(unmount[0]!, unmount[1]!, at("mount"));
    const refusal = await mount("one");
    if (refusal !== undefined) {
      skip(`${kind}: no image can be mounted here (${refusal})`, say);
      continue;
    }
    tried++;
    const cache = at(`cache-${kind}`);
    const before = stampsOf(at("mount"));
    assert.deepEqual(Object.entries(await train(folder, cache)), [wanted.get("one")]);
    await take();
    assert.equal(await mount("two"), undefined);
    const alike = JSON.stringify(before) === JSON.stringify(stampsOf(at("mount")));
    assert.deepEqual(
      Object.entries(await train(folder, cache)).sort(),
      [wanted.get("one"), wanted.get("two")].sort(),
    );
    say(
      `${kind}: one after the other, ${
        alike ? "alike in every stamp" : "which differ in a stamp"
      }: each has its own result`,
    );
    // Exchanged while a process hashes and reads: it ends well, or names a file; nothing wrong is kept.
    let named = 0, whole = 0;
    for (let round = 0; round < (short ? 3 : 25); round++) {
      await Deno.remove(cache, { recursive: true }).catch(() => {});
      const running = start(folder, cache).output();
      await sleep(1500 * random());
      await take();
      assert.equal(await mount(round % 2 ? "two" : "one"), undefined);
      const { code, stderr } = await running;
      const text = new TextDecoder().decode(stderr);
      if (code !== 0) assert.match(text, /^error: Cannot (use|read|load) .*"\/.*"/m, text);
      code === 0 ? whole++ : named++;
      for (const [key, outputs] of Object.entries(await resultsOf(cache).catch(() => ({})))) {
        const known = [...wanted.values()] as [string, unknown][];
        const own = known.find(([wantedKey]) => wantedKey === key);
        assert.ok(own !== undefined, `a key of neither image: ${key}`);
        assert.deepEqual(outputs, own[1], "a result under the other image's key");
      }
    }
    say(
      `${kind}: exchanged under ${
        whole + named
      } runs: ${whole} ended, ${named} named a file; no wrong result was kept`,
    );
    await take();
  }
  if (tried === 0) skip("nothing could be mounted", say);
}

function start(folder: string, cache: string, args: readonly string[] = []): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...permissionsOf("train"),
      fileURLToPath(new URL("../../../cli/main.ts", import.meta.url)),
      "train",
      join(folder, "experiment.ts"),
      ...args,
      "--cache",
      cache,
      "--runs",
      join(folder, "runs"),
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
}

/** Trains, and gives all results that the cache has then. */
async function train(
  folder: string,
  cache: string,
  args: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const { code, stderr } = await start(folder, cache, args).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return await resultsOf(cache);
}

/** Size, times, inode and device of every image. */
function stampsOf(root: string): unknown {
  return Array.from({ length: count }, (_, i) => {
    const { size, mtime, ctime, ino, dev } = Deno.statSync(join(root, "images", `${i}.png`));
    return [size, mtime?.getTime(), ctime?.getTime(), ino, dev];
  });
}

/** A PASCAL-layout folder of images of one gray each. */
async function dataset(root: string, gray: number): Promise<void> {
  for (const name of ["images", "masks", "ImageSets"]) {
    await Deno.mkdir(join(root, name), { recursive: true });
  }
  const lists: Record<string, string[]> = { labeled: [], unlabeled: [], val: [] };
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(side * side * 3).fill(gray + i);
    await Deno.writeFile(join(root, "images", `${i}.png`), encodeRgbPng(data, side, side));
    const labels = new Uint8Array(side * side).fill(gray === 10 ? i % 20 : 20 - i % 20);
    await Deno.writeFile(
      join(root, "masks", `${i}.png`),
      encodePalettePng(labels, side, side, maskPalette(pascalClasses)),
    );
    lists[["labeled", "unlabeled", "val"][i % 3]!]!.push(`images/${i}.png masks/${i}.png`);
  }
  for (const [name, lines] of Object.entries(lists)) {
    await Deno.writeTextFile(join(root, "ImageSets", `${name}.txt`), lines.join("\n") + "\n");
  }
}
