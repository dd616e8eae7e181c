/** A clone elsewhere on the disk, with the cache carried over: nothing is run again. @module */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plan } from "../../pipeline/mod.ts";
import { permissionsOf } from "../../cli/process/permissions.ts";
import { placeTest } from "./support.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const wanted = ["cli", "configs", "kernels", "models", "partitions", "pipeline", "runtime", "stages"];

/** Generated images, and nothing that needs a GPU. */
const experiment = `import { augment, load, pipeline } from "../mod.ts";
export default pipeline("images-only", () => {
  const data = load({ dataset: "shapes", shapes: { size: 32, labeled: 2, unlabeled: 4, validation: 2 } });
  return { views: augment({ data }, { crop: 32 }), data };
});
`;

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) {
    await Deno.mkdir(dirname(to), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}

/** A clone as git makes it: the files, with new times. */
async function clone(to: string): Promise<void> {
  for (const name of [...wanted, "mod.ts", "methods.ts", "deno.json", "deno.lock"]) {
    await copy(join(project, name), join(to, name));
  }
  await Deno.writeTextFile(join(to, "configs", "images_only.ts"), experiment);
}

async function command(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissionsOf(args[0]), "cli/main.ts", ...args],
    cwd: folder,
    env: { NO_COLOR: "1", INIT_CWD: folder },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stdout) + text(stderr));
  return text(stdout);
}

placeTest(
  "a fresh clone elsewhere, with the cache carried over, runs nothing; its keys are the same",
  async (place) => {
    const here = join(place.folder, "here"), there = join(place.folder, "some", "wo änders, dort");
    await Promise.all([clone(here), clone(there)]);
    await command(here, "train", "configs/images_only.ts");
    await copy(join(here, ".cache"), join(there, ".cache"));
    const plan = async (folder: string, name: string) =>
      JSON.parse(await command(folder, "plan", name, "--json")) as Plan;
    const [carried, shapes, others] = await Promise.all([
      plan(there, "configs/images_only.ts"),
      plan(here, "shapes-12"),
      plan(there, "shapes-12"),
    ]);
    assert.deepEqual(carried.nodes.map(({ state }) => state), ["hit", "hit"]);
    assert.deepEqual(others.nodes.map(({ parts }) => parts), shapes.nodes.map(({ parts }) => parts));
    assert.doesNotMatch(JSON.stringify(others), new RegExp(place.folder));
    // Even where it was made is no part of what is stored.
    for await (const { name } of Deno.readDir(join(there, ".cache", "ac"))) {
      assert.doesNotMatch(
        await Deno.readTextFile(join(there, ".cache", "ac", name)),
        new RegExp(place.folder),
      );
    }
    await command(there, "train", "configs/images_only.ts");
    const [, run] = (await Array.fromAsync(Deno.readDir(join(there, "runs", "images-only")))).entries().next()
      .value!;
    const { nodes } = JSON.parse(
      await Deno.readTextFile(join(there, "runs", "images-only", run.name, "run.json")),
    );
    assert.deepEqual(nodes.map(({ state }: { state: string }) => state), ["hit", "hit"]);
  },
);
