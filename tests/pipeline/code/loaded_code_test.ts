/** Code that is edited while a process runs it: what is stored under a key was made by the code the key names. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  Cache,
  type Checkpoints,
  CodeError,
  type Graph,
  pipeline,
  plan,
  type Ref,
  type Stage,
} from "../../../pipeline/mod.ts";
import { number, record, withDirectory } from "../support.ts";
import { importNew } from "../../support/import_new.ts";

const engine = new URL("../../../pipeline/mod.ts", import.meta.url).href;

/** What a stage of the test is told of its run, under the name of its folder. */
const during = new Map<string, (checkpoints: Checkpoints) => Promise<void>>();
Object.assign(globalThis, { during });

/** A stage that adds a helper's number to the seed, in a folder of its own. */
class Project {
  constructor(readonly folder: string) {}

  get cache(): string {
    return join(this.folder, "cache");
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.folder, name), text);
  }

  async helper(body: string): Promise<void> {
    await this.write("helper.ts", `export const number = ${body};\n`);
  }

  async load(extra = "", module = "stage.ts"): Promise<Graph<{ value: Ref<number> }>> {
    await this.write(
      module,
      `import { z } from "zod";
      import { defineStage, jsonKind } from ${JSON.stringify(engine)};
      import { number } from "./helper.ts";
      export const mine = defineStage({
        name: "mine", version: 1, module: import.meta.url, seeded: true, ${extra}
        config: z.strictObject({}),
        inputs: {}, outputs: { value: jsonKind<number>("number", 1) },
        run: async ({ context }) => {
          await globalThis.during.get(${JSON.stringify(this.folder)})?.(context.checkpoints);
          return { value: number + context.seed };
        },
      });`,
    );
    const { mine } = await importNew(join(this.folder, module)) as {
      mine: Stage<Record<never, never>, Record<never, never>, Record<never, never>, { value: typeof number }>;
    };
    return pipeline("p", (): { value: Ref<number> } => mine()).build();
  }

  /** The next run of the stage does this while it works. */
  whileItRuns(work: (checkpoints: Checkpoints) => Promise<void>): void {
    during.set(this.folder, async (checkpoints) => {
      during.delete(this.folder);
      await work(checkpoints);
    });
  }

  entries(): string[] {
    try {
      return [...Deno.readDirSync(join(this.cache, "ac"))].map(({ name }) => name);
    } catch {
      return [];
    }
  }
}

function projectTest(name: string, body: (project: Project) => Promise<void>): void {
  Deno.test(name, () => withDirectory((folder) => body(new Project(folder))));
}

async function keysOf(graph: Graph, cache: string, seed = 0): Promise<(string | undefined)[]> {
  return (await plan(graph, { cache: new Cache(cache), seed })).nodes.map(({ key }) => key);
}

projectTest(
  "code edited between two seeds: the old key, the old result, and nothing stored",
  async (project) => {
    await project.helper("1");
    const graph = await project.load();
    await record(graph, project.cache);
    const [before] = await keysOf(graph, project.cache, 1);
    await project.helper("2");
    assert.deepEqual(await keysOf(graph, project.cache, 1), [before], "what runs is what was loaded");
    const { result, events } = await record(graph, project.cache, { seed: 1 });
    assert.equal(await result.outputs.value.read(), 2);
    const [ahead, after] = events.flatMap((event) => event.type === "changed" ? [event.message] : []);
    assert.match(ahead!, /^The code of stage "mine" has been changed since this process started/);
    assert.match(after!, /^The code of stage "mine" changed while it ran/);
    assert.equal(project.entries().length, 1);
    // What was stored before the edit is found all the same.
    assert.deepEqual((await record(graph, project.cache)).ran, []);
    await project.helper("1");
    await record(graph, project.cache, { seed: 1 });
    assert.deepEqual(
      project.entries().filter((key) => key === before),
      [before],
      "the files say again what runs",
    );
  },
);

for (
  const [what, edit, stored] of [
    ["another helper", (project: Project) => project.helper("2"), false],
    ["half an edit", (project: Project) => project.helper("2 +"), false],
    ["a helper taken away", (project: Project) => Deno.remove(join(project.folder, "helper.ts")), false],
    ["a comment", (project: Project) => project.helper("1 /* one */"), true],
  ] as const
) {
  projectTest(
    `${what} while a stage runs: its result ${stored ? "is kept" : "serves the run alone"}`,
    async (project) => {
      await project.helper("1");
      const graph = await project.load();
      project.whileItRuns(() => edit(project));
      const { result, events } = await record(graph, project.cache);
      assert.equal(await result.outputs.value.read(), 1);
      assert.equal(events.some(({ type }) => type === "changed"), !stored);
      assert.equal(project.entries().length, Number(stored));
    },
  );
}

projectTest(
  "code edited after it was loaded and before it was hashed is refused; nothing is stored",
  async (project) => {
    await project.helper("1");
    const graph = await project.load();
    await project.helper("2");
    const refused = (error: unknown) =>
      error instanceof CodeError &&
      error.message.includes(`"${join(project.folder, "helper.ts")}" changed at `) &&
      error.message.endsWith("give the command again");
    await assert.rejects(record(graph, project.cache), refused);
    await assert.rejects(plan(graph, { cache: new Cache(project.cache) }), refused);
    // The bytes are the first ones again, and the time of writing is an old one: that something happened shows all the same.
    const old = new Date(Date.now() - 100_000);
    await project.helper("1");
    await Deno.utime(join(project.folder, "helper.ts"), old, old);
    await assert.rejects(record(graph, project.cache), refused);
    assert.deepEqual(project.entries(), []);
  },
);

projectTest(
  "a module of a code that is known already is not believed in a second stage once it was edited",
  async (project) => {
    await project.helper("1");
    const first = await project.load();
    await record(first, project.cache);
    await project.helper("2");
    // The second module finds the helper as it was loaded for the first one.
    const second = await project.load("", "second.ts");
    await assert.rejects(record(second, project.cache), CodeError);
  },
);

projectTest(
  "a worker may be loaded at any time: a file touched meanwhile keeps the result from the cache",
  async (project) => {
    await project.helper("1");
    await project.write("worker.ts", "self.postMessage(1);");
    const worker = join(project.folder, "worker.ts");
    const graph = await project.load('alsoHash: [new URL("./worker.ts", import.meta.url).href],');
    await record(graph, project.cache);
    project.whileItRuns(async () => {
      await project.write("worker.ts", "self.postMessage(2);");
      await project.write("worker.ts", "self.postMessage(1);");
      await Deno.utime(worker, new Date(), new Date());
    });
    const { events } = await record(graph, project.cache, { seed: 1 });
    assert.ok(events.some(({ type }) => type === "changed"));
    assert.equal(project.entries().length, 1);
  },
);

projectTest("a checkpoint of edited code stays under the key of the code that wrote it", async (project) => {
  await project.helper("1");
  const graph = await project.load();
  project.whileItRuns(async (checkpoints) => {
    await project.helper("2");
    await checkpoints.save(1, () => Promise.resolve([new Uint8Array(8)]), []);
    throw new Error("killed");
  });
  await assert.rejects(record(graph, project.cache), /killed/);
  const [old] = await keysOf(graph, project.cache);
  assert.deepEqual([...Deno.readDirSync(join(project.cache, "checkpoints"))].map(({ name }) => name), [old]);
  // Another process has the new code: here, the same files in another folder.
  const other = new Project(join(project.folder, "other"));
  await Deno.mkdir(other.folder);
  await other.helper("2");
  const [key] = await keysOf(await other.load(), project.cache);
  assert.notEqual(key, old);
});
