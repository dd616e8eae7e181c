/** Runs: hits, misses and why, early cutoff, failures, damage, concurrency, resources, sources. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  collectGarbage,
  defineStage,
  Events,
  InterruptedError,
  pipeline,
  type PipelineEvent,
  plan,
  run,
  SourceError,
  StageCrashError,
  StageError,
  UserError,
} from "../../../pipeline/mod.ts";
import {
  add,
  bulk,
  giving,
  grow,
  halve,
  number,
  record,
  start,
  whyOf,
  withDirectory,
  writeOld,
} from "../support.ts";

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

Deno.test("a corrupted, truncated or missing blob is made again, and said so; never read", () =>
  withDirectory(async (root) => {
    const graph = chain.build();
    const { result } = await record(graph, root);
    const digest = result.outputs.nested.half.value.files.digest("value.json");
    const blob = join(root, "cas", digest);
    for (const harm of ["flip", "truncate", "remove"]) {
      const bytes = await Deno.readFile(blob);
      await Deno.remove(blob);
      if (harm === "flip") await Deno.writeFile(blob, bytes.map((byte) => byte ^ 1));
      if (harm === "truncate") await Deno.writeFile(blob, bytes.subarray(1));
      const again = await record(graph, root);
      assert.deepEqual(again.ran, ["halve"], harm);
      const damaged = again.events.filter((event) => event.type === "damaged");
      assert.equal(damaged.length, 1, harm);
      assert.match((damaged[0] as { message: string }).message, new RegExp(digest.slice(0, 12)));
      assert.equal(await again.result.outputs.nested.half.value.read(), 0);
    }
  }));

Deno.test("a damaged input of a stage that must run is made again first", () =>
  withDirectory(async (root) => {
    const { result } = await record(chain.build(["start.at=8"]), root);
    const blob = join(root, "cas", result.nodes[1]!.outputs["value"]!.files["value.json"]!.digest);
    await Deno.remove(blob);
    await Deno.writeFile(blob, new TextEncoder().encode("5"));
    const only = pipeline("only", () => add({ value: halve({ value: start() }) }));
    const again = await record(only.build(["start.at=8", "add.by=100"]), root);
    assert.deepEqual(again.ran, ["halve", "add"]);
    assert.equal(await again.result.outputs.value.read(), 104);
  }));

Deno.test("an input that is collected while its stage reads it is made again, and the stage run again", () =>
  withDirectory(async (root) => {
    let runs = 0;
    const weigh = defineStage({
      ...common,
      name: "weigh",
      inputs: { bulk },
      outputs: { value: number },
      run: async ({ inputs }) => {
        if (++runs === 1) await collectGarbage(new Cache(root), { maxBytes: 0 });
        return { value: (await Deno.readFile(inputs.bulk)).length };
      },
    });
    const graph = pipeline("p", () => weigh({ bulk: grow({ value: start() }) })).build();
    const { result, ran, events } = await record(graph, root);
    assert.equal(await result.outputs.value.read(), 1e6);
    assert.deepEqual([runs, ran.includes("grow"), ran.includes("weigh")], [2, true, true]);
    const again = events.filter((event) => event.type === "finished" && event.node === "grow");
    assert.equal(again.length, 2);
    assert.deepEqual((await record(graph, root)).ran, []);
  }));

Deno.test("a damaged entry is a miss that says so", () =>
  withDirectory(async (root) => {
    const graph = pipeline("one", () => start()).build();
    const { result } = await record(graph, root);
    const path = join(root, "ac", result.nodes[0]!.key);
    const text = await Deno.readTextFile(path);
    for (
      const bad of [
        "",
        "{}",
        "null",
        text.slice(0, -9),
        text.replace('"seconds":', '"seconds":1'),
        text.replace(/[0-9a-f]{64}/, (d) => d.split("").reverse().join("")),
      ]
    ) {
      assert.notEqual(bad, text);
      await Deno.writeTextFile(path, bad);
      const again = await record(graph, root);
      assert.deepEqual(again.ran, ["start"]);
      assert.match(whyOf(again.events, "start")[0]!, /^cache: entry [0-9a-f]{12} is damaged/);
    }
  }));

Deno.test("a failure is not cached; what does not depend on it ends and is kept", () =>
  withDirectory(async (root) => {
    let works = false;
    const flaky = defineStage({
      ...common,
      name: "flaky",
      inputs: { value: number },
      outputs: { value: number },
      run: ({ inputs }) => {
        if (!works) throw new TypeError("broken");
        return { value: inputs.value };
      },
    });
    const graph = pipeline("p", () => {
      const first = start();
      return { bad: add({ value: flaky({ value: first }) }), good: halve({ value: first }) };
    }).build();
    await assert.rejects(record(graph, root), (error) => {
      assert.ok(error instanceof StageCrashError && error.cause instanceof TypeError);
      assert.match(error.message, /Stage "flaky" failed: broken/);
      return true;
    });
    works = true;
    assert.deepEqual((await record(graph, root)).ran, ["flaky", "add"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(root, "scratch"))), []);
  }));

Deno.test("a user's error passes through as it is; a missing output and a missing resource are named", () =>
  withDirectory(async (root) => {
    class LoadError extends UserError {}
    const stage = (name: string, run: () => never) =>
      pipeline("p", () => defineStage({ ...common, name, inputs: {}, outputs: { value: number }, run })())
        .build();
    await assert.rejects(
      record(
        stage("a", () => {
          throw new LoadError("no such folder");
        }),
        root,
      ),
      LoadError,
    );
    await assert.rejects(
      record(stage("b", () => ({}) as never), root),
      (error) => error instanceof StageError && /without its output "value"/.test(error.message),
    );
    const needy = defineStage({
      ...common,
      name: "needy",
      inputs: {},
      outputs: { value: number },
      resources: ["gpu"],
      run: () => ({ value: 1 }),
    });
    await assert.rejects(
      record(pipeline("p", () => needy()).build(), root),
      /needs the resource "gpu", and this run has none/,
    );
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

Deno.test("an abort stops the run, keeps what had finished and caches nothing else", () =>
  withDirectory(async (root) => {
    const controller = new AbortController();
    const long = defineStage({
      ...common,
      name: "long",
      inputs: { value: number },
      outputs: { value: number },
      run: async ({ context }) => {
        controller.abort();
        await Promise.resolve();
        context.signal.throwIfAborted();
        return { value: 1 };
      },
    });
    const graph = pipeline("p", () => add({ value: long({ value: start() }) })).build();
    await assert.rejects(record(graph, root, { signal: controller.signal }), InterruptedError);
    assert.deepEqual((await plan(graph, { cache: new Cache(root) })).nodes.map((n) => n.state), [
      "hit",
      "miss",
      "waiting",
    ]);
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

Deno.test("a checkpoint outlives a failure, belongs to its key, and is gone with the result", () =>
  withDirectory(async (root) => {
    const seen: string[] = [];
    const long = defineStage({
      ...common,
      name: "long",
      config: z.strictObject({ steps: z.number() }),
      inputs: {},
      outputs: { value: number },
      run: async ({ config, context }) => {
        const { state } = await context.checkpoints.load(
          { about: 100, most: 100 },
          (bytes) => new TextDecoder().decode(bytes),
        );
        seen.push(`${config.steps} from ${state?.position ?? "none"}: ${state?.value ?? ""}`);
        if (state === undefined) {
          await context.checkpoints.save(3, () => Promise.resolve([new TextEncoder().encode("three")]), []);
          throw new Error("killed");
        }
        return { value: config.steps };
      },
    });
    const build = (steps: number) => pipeline("p", () => long({ steps })).build();
    await assert.rejects(record(build(5), root), /killed/);
    await assert.rejects(record(build(6), root), /killed/);
    await record(build(5), root);
    assert.deepEqual(seen, ["5 from none: ", "6 from none: ", "5 from 3: three"]);
    assert.equal((await Array.fromAsync(Deno.readDir(join(root, "checkpoints")))).length, 1);
  }));
