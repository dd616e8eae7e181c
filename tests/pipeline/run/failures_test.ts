/** Runs in which something fails, is damaged or is stopped. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  collectGarbage,
  defineStage,
  InterruptedError,
  pipeline,
  plan,
  StageCrashError,
  StageError,
  UserError,
} from "../../../pipeline/mod.ts";
import { add, bulk, grow, halve, number, record, start, whyOf, withDirectory } from "../support.ts";

const chain = pipeline("chain", () => {
  const half = halve({ value: start() });
  return { half, sum: add({ value: half }) };
});
const none = z.strictObject({});
const common = { version: 1, module: import.meta.url, config: none } as const;

Deno.test("a corrupted, truncated or missing blob is made again, and said so; never read", () =>
  withDirectory(async (root) => {
    const graph = chain.build();
    const { result } = await record(graph, root);
    const digest = result.outputs.half.value.files.digest("value.json");
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
      assert.equal(await again.result.outputs.half.value.read(), 0);
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
