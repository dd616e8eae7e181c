/** Runs: hits, misses and why, early cutoff, concurrency, resources, sources. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  defineStage,
  Events,
  pipeline,
  type PipelineEvent,
  run,
  SourceError,
} from "../../../pipeline/mod.ts";
import { add, giving, halve, number, record, start, whyOf, withDirectory, writeOld } from "../support.ts";

const chain = pipeline("chain", () => {
  const first = start();
  const half = halve({ value: first });
  return { sum: add({ value: half }), nested: { half, other: add({ value: first }, {}, { as: "other" }) } };
});
const none = z.strictObject({});
const common = { version: 1, module: import.meta.url, config: none } as const;

Deno.test("the second run is all hits; outputs have the pipeline's shape", () =>
  withDirectory(async (root) => {
    const first = await record(chain.build(["start.at=4"]), root);
    assert.deepEqual(first.ran, ["start", "halve", "add", "other"]);
    assert.equal(await first.result.outputs.sum.value.read(), 3);
    assert.equal(await first.result.outputs.nested.half.value.read(), 2);
    assert.equal(await first.result.outputs.nested.other.value.read(), 5);
    const second = await record(chain.build(["start.at=4"]), root);
    assert.deepEqual(second.ran, []);
    assert.equal(await second.result.outputs.sum.value.read(), 3);
    assert.deepEqual(second.events.map((event) => event.type), [
      "planned",
      "hit",
      "hit",
      "hit",
      "hit",
      "done",
    ]);
    assert.deepEqual(second.result.nodes.map((n) => n.key), first.result.nodes.map((n) => n.key));
  }));

Deno.test("one leaf re-runs only what depends on it, and why names the leaf", () =>
  withDirectory(async (root) => {
    await record(chain.build(), root);
    const changed = await record(chain.build(["add.deep.leaf=y"]), root);
    assert.deepEqual(changed.ran, ["add"]);
    assert.deepEqual(whyOf(changed.events, "add"), ['config.deep.leaf: "x" → "y"']);
    // Nearest is the entry with the fewest differences, not the latest one.
    const back = await record(chain.build(["add.by=7"]), root);
    assert.deepEqual(whyOf(back.events, "add"), ["config.by: 1 → 7"]);
    // A location says where, not what.
    assert.deepEqual((await record(chain.build(["start.label=elsewhere"]), root)).ran, []);
  }));

Deno.test("early cutoff: an equal output downstream of a change is a hit", () =>
  withDirectory(async (root) => {
    await record(chain.build(["start.at=4"]), root);
    const changed = await record(chain.build(["start.at=5"]), root);
    assert.deepEqual(changed.ran, ["start", "halve", "other"]);
    assert.match(
      whyOf(changed.events, "halve")[0]!,
      /^input\.value: [0-9a-f]{12} → [0-9a-f]{12} \(output "value" of "start"\); value\.json changed; from start\.config\.at: 4 → 5$/,
    );
  }));

Deno.test("the seed is in the key of seeded stages only", () =>
  withDirectory(async (root) => {
    const draw = defineStage({
      ...common,
      name: "draw",
      inputs: {},
      outputs: { value: number },
      seeded: true,
      run: ({ context }) => ({ value: context.seed }),
    });
    const graph = pipeline("seeds", () => ({ draw: draw(), plain: start() })).build();
    assert.deepEqual((await record(graph, root, { seed: 1 })).ran, ["draw", "start"]);
    const other = await record(graph, root, { seed: 2 });
    assert.deepEqual(other.ran, ["draw"]);
    assert.equal(await other.result.outputs.draw.value.read(), 2);
    assert.deepEqual(whyOf(other.events, "draw"), ["seed: 1 → 2"]);
  }));

Deno.test("two concurrent runs of one key execute it once", () =>
  withDirectory(async (root) => {
    let executions = 0;
    const slow = giving("slow", async () => {
      executions++;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return 7;
    });
    const graph = pipeline("p", () => ({ a: slow(), b: slow({}, { as: "twin" }) })).build();
    const results = await Promise.all([record(graph, root), record(graph, root), record(graph, root)]);
    assert.equal(executions, 1);
    for (const { result } of results) assert.equal(await result.outputs.b.value.read(), 7);
    assert.ok(results.flatMap(({ events }) => events).some((event) => event.type === "waiting"));
  }));

Deno.test("a resource has one holder at a time, is opened once and late, and its facts are recorded", () =>
  withDirectory(async (root) => {
    let holders = 0, most = 0, opened = 0, closed = 0;
    const train = defineStage({
      ...common,
      config: z.strictObject({ n: z.number() }),
      name: "train",
      inputs: {},
      outputs: { value: number },
      resources: ["gpu"],
      run: async ({ config, context }) => {
        most = Math.max(most, ++holders);
        const gpu = await context.resource<{ base: number }>("gpu");
        await new Promise((resolve) => setTimeout(resolve, 20));
        context.progress({ loss: 0.5 });
        holders--;
        return { value: gpu.base + config.n };
      },
    });
    const graph = pipeline(
      "p",
      () => [1, 2, 3].map((n) => train({ n }, { as: `t${n}` })).map(({ value }) => ({ value })),
    ).build();
    const resources = {
      gpu: () => {
        opened++;
        return Promise.resolve({
          handle: { base: 10 },
          describe: () => ({ adapter: "test" }),
          close: () => void closed++,
        });
      },
    };
    const first = await record(graph, root, { resources, facts: { host: "here" } });
    assert.deepEqual([most, opened, closed], [1, 1, 1]);
    assert.equal(first.events.filter((event) => event.type === "progress").length, 3);
    const entry = await new Cache(root).peek(first.result.nodes[0]!.key);
    assert.deepEqual(entry?.recorded.facts, { host: "here", "gpu.adapter": "test" });
    await record(graph, root, { resources });
    assert.equal(opened, 1);
  }));

Deno.test("independent stages run side by side", () =>
  withDirectory(async (root) => {
    const meeting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const meet = defineStage({
      ...common,
      config: z.strictObject({ n: z.number() }),
      name: "meet",
      inputs: {},
      outputs: { value: number },
      run: async ({ config: { n } }) => {
        meeting[n]!.resolve();
        await meeting[1 - n]!.promise;
        return { value: n };
      },
    });
    await record(
      pipeline("p", () => ({ a: meet({ n: 0 }, { as: "a" }), b: meet({ n: 1 }, { as: "b" }) })).build(),
      root,
    );
  }));

Deno.test("sources: content is in the key, untouched files are not read again, a missing one is an error", () =>
  withDirectory(async (root) => {
    const folder = join(root, "data");
    await Deno.mkdir(folder);
    for (const name of ["a", "b", "c"]) await writeOld(folder, name, name);
    const read = defineStage({
      ...common,
      name: "read",
      config: z.strictObject({ root: z.string().meta({ location: true }) }),
      inputs: {},
      outputs: { value: number },
      sources: (config) => ["a", "b", "c"].map((name) => ({ name, path: join(config.root, name) })),
      run: async ({ config }) => ({ value: (await Deno.readTextFile(join(config.root, "b"))).length }),
    });
    const build = (at: string) => pipeline("p", () => read({ root: at })).build();
    const cache = join(root, "cache");
    await record(build(folder), cache);
    await writeOld(folder, "b", "bb");
    const changed = await record(build(folder), cache);
    const [why] = whyOf(changed.events, "read");
    assert.match(why!, /^sources: [0-9a-f]{12} → [0-9a-f]{12}; b changed$/);
    assert.equal(await changed.result.outputs.value.read(), 2);
    // Moved elsewhere, with the same content: a hit.
    const moved = join(root, "moved");
    await Deno.rename(folder, moved);
    assert.deepEqual((await record(build(moved), cache)).ran, []);
    await Deno.remove(join(moved, "c"));
    await assert.rejects(
      record(build(moved), cache),
      (error) =>
        error instanceof SourceError &&
        /moved\/c" \("c", a source of stage "read"\): there is no such file/.test(error.message),
    );
  }));

Deno.test("sources that change while the stage runs: the result serves the run and is not kept", () =>
  withDirectory(async (root) => {
    const path = await writeOld(root, "a", "1");
    const events = new Events();
    const seen: PipelineEvent[] = [];
    events.on((event) => seen.push(event));
    const read = defineStage({
      ...common,
      name: "read",
      inputs: {},
      outputs: { value: number },
      sources: () => [{ name: "a", path }],
      run: async () => {
        await Deno.writeTextFile(path, "22");
        return { value: 5 };
      },
    });
    const graph = pipeline("p", () => add({ value: read() })).build();
    const result = await run(graph, { cache: new Cache(join(root, "cache")), events });
    assert.equal(await result.outputs.value.read(), 6);
    assert.ok(
      seen.some((event) => event.type === "changed" && /sources of stage "read"/.test(event.message)),
    );
    const entries = await Array.fromAsync(Deno.readDir(join(root, "cache", "ac")));
    assert.equal(entries.length, 1);
  }));
