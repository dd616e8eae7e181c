/** Stages run again and compared, every byte of a cache read again, pins, and what a cache keeps. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  CacheError,
  cacheStats,
  collectGarbage,
  defineStage,
  type DifferingFile,
  GraphError,
  InterruptedError,
  pin,
  pinnedKeys,
  pipeline,
  sha256,
  unpin,
  verifyBlobs,
  verifyStages,
} from "../../../pipeline/mod.ts";
import { add, giving, halve, number, record, start, withDirectory } from "../support.ts";

const describe = async ({ output, file, before, after }: DifferingFile) =>
  `${output}/${file}: ${await Deno.readTextFile(before!)} → ${await Deno.readTextFile(after!)}`;

Deno.test("stages that give the same bytes are equal; one that does not is told apart, and nothing is stored", () =>
  withDirectory(async (root) => {
    let weather = 5;
    const fickle = defineStage({
      name: "fickle",
      version: 1,
      module: import.meta.url,
      config: z.strictObject({}),
      inputs: { value: number },
      outputs: { value: number, same: number },
      run: ({ inputs, context }) => {
        context.fact("weather", String(weather));
        return { value: inputs.value + weather, same: 1 };
      },
    });
    const graph = pipeline("p", () => add({ value: fickle({ value: start() }).value })).build();
    await record(graph, root);
    const cache = new Cache(root);
    const before = [...Deno.readDirSync(join(root, "cas"))].map(({ name }) => name).sort();
    const states = async () =>
      (await verifyStages(graph, { cache, describe })).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(await states(), ["start equal", "fickle equal", "add equal"]);
    weather = 6;
    // What comes after runs on what the cache has, so that the culprit alone is named.
    assert.deepEqual(await states(), ["start equal", "fickle differs", "add equal"]);
    const [found] = await verifyStages(graph, { cache, describe, only: "fickle" });
    assert.deepEqual(found!.differences, ["value/value.json: 6 → 7"]);
    assert.deepEqual([found!.before, found!.after], [{ weather: "5" }, { weather: "6" }]);
    assert.deepEqual([...Deno.readDirSync(join(root, "cas"))].map(({ name }) => name).sort(), before);
    assert.deepEqual([...Deno.readDirSync(join(root, "scratch"))], []);
    assert.deepEqual((await record(graph, root)).ran, []);
  }));

Deno.test("a stage that is not there is an error; a result that is not there is missing, and so is what follows", () =>
  withDirectory(async (root) => {
    const graph = pipeline("p", () => add({ value: halve({ value: start() }) })).build();
    const cache = new Cache(root);
    await assert.rejects(
      verifyStages(graph, { cache, describe, only: "hlave" }),
      (error) => error instanceof GraphError && /Did you mean "halve"/.test(error.message),
    );
    const { result } = await record(graph, root);
    await cache.remove(result.nodes[1]!.key);
    const states = (await verifyStages(graph, { cache, describe })).map(({ state }) => state);
    assert.deepEqual(states, ["equal", "missing", "missing"]);
    const signal = AbortSignal.abort();
    await assert.rejects(verifyStages(graph, { cache, describe, signal }), InterruptedError);
  }));

Deno.test("checkpoints neither help a stage that is run again nor are lost by it", () =>
  withDirectory(async (root) => {
    const seen: number[] = [];
    const long = giving("long", async ({ checkpoints }) => {
      const { state } = await checkpoints.load({ about: 5, most: 1000 }, (bytes) => bytes.length);
      seen.push(state?.position ?? -1);
      return 1;
    });
    const graph = pipeline("p", () => long()).build();
    const { result } = await record(graph, root);
    // As a run leaves it that was killed later on, after its entry was lost.
    const folder = join(root, "checkpoints", result.nodes[0]!.key);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "kept"), "x");
    await verifyStages(graph, { cache: new Cache(root), describe });
    assert.deepEqual(seen, [-1, -1]);
    assert.equal(await Deno.readTextFile(join(folder, "kept")), "x");
  }));

Deno.test("every byte of a cache is read, and what is wrong is taken out", () =>
  withDirectory(async (root) => {
    const graph = pipeline("p", () => add({ value: halve({ value: start({ at: 8 }) }) })).build();
    const { result } = await record(graph, root);
    const cache = new Cache(root);
    assert.deepEqual(await verifyBlobs(cache), { blobs: 3, bytes: 3, entries: 3, damage: [] });
    const blob = join(root, "cas", result.nodes[1]!.outputs["value"]!.files["value.json"]!.digest);
    await Deno.remove(blob);
    await Deno.writeTextFile(blob, "6");
    await Deno.writeTextFile(cache.entryPath(result.nodes[2]!.key), "{}");
    const { damage } = await verifyBlobs(cache);
    // The blob, the entry that refers to it, and the entry that is none.
    assert.equal(damage.length, 3);
    for (
      const what of [/holds other bytes than its name says/, /is missing/, /its check digest does not hold/]
    ) {
      assert.equal(damage.filter((line) => what.test(line)).length, 1, String(what));
    }
    assert.deepEqual((await verifyBlobs(cache)).damage, []);
    assert.deepEqual((await record(graph, root)).ran, ["halve", "add"]);
    assert.deepEqual((await verifyBlobs(new Cache(join(root, "nothing")))).damage, []);
  }));

Deno.test("a blob that was right and has changed since is found by the same process", () =>
  withDirectory(async (root) => {
    const graph = pipeline("p", () => start({ at: 8 })).build();
    const { result } = await record(graph, root);
    const { files } = result.outputs.value;
    assert.equal(await files.json("value.json"), 8);
    const path = await files.path("value.json");
    await Deno.remove(path);
    await Deno.writeTextFile(path, "9");
    await assert.rejects(files.path("value.json"), /holds other bytes than its name says/);
    await Deno.writeTextFile(path, "9");
    await assert.rejects(files.json("value.json"), /holds other bytes than its name says/);
  }));

Deno.test("pinned results stay whatever the bounds, until they are unpinned", () =>
  withDirectory(async (root) => {
    const graph = (by: number) => pipeline("p", () => add({ value: start() }, { by })).build();
    const one = await record(graph(1), root);
    const two = await record(graph(2), root);
    const cache = new Cache(root);
    const keys = one.result.nodes.map(({ key }) => key);
    await pin(cache, keys, "run 1");
    assert.deepEqual([...pinnedKeys(cache)], [...keys].sort());
    assert.equal((await cacheStats(cache)).pinned, 2);
    const { entries } = await collectGarbage(cache, { maxBytes: 0, maxAgeDays: 0 });
    assert.equal(entries, 1);
    assert.deepEqual((await record(graph(1), root)).ran, []);
    assert.equal((await cache.find(two.result.nodes[1]!.key)).entry, undefined);
    assert.equal(await unpin(cache, keys), 2);
    assert.equal(await unpin(cache, keys), 0);
    assert.equal((await collectGarbage(cache, { maxBytes: 0 })).entries, 2);
    assert.deepEqual([...Deno.readDirSync(join(root, "cas"))], []);
    // A run's file may say anything.
    await Deno.writeTextFile(join(root, "mine"), "mine");
    for (const key of ["../mine", "", "x", "F".repeat(64)]) {
      await assert.rejects(pin(cache, [key], "run"), CacheError);
      await assert.rejects(unpin(cache, [key]), CacheError);
    }
    assert.equal(await Deno.readTextFile(join(root, "mine")), "mine");
  }));

Deno.test("what dead processes left is swept; what is under way is not", () =>
  withDirectory(async (root) => {
    const old = new Date(Date.now() - 40 * 86_400_000);
    const put = async (path: string, isOld: boolean) => {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), "x");
      if (!isOld) return;
      await Deno.utime(join(root, path), old, old);
      await Deno.utime(join(root, path, ".."), old, old);
    };
    const name = (age: string) => sha256(age);
    const folder = { old: crypto.randomUUID(), new: crypto.randomUUID() };
    for (const age of ["old", "new"] as const) {
      await put(`scratch/${folder[age]}/inner/file`, age === "old");
      await Deno.utime(join(root, "scratch", folder[age]), old, old);
      await put(`checkpoints/${name(age)}/state-00000001-at-1-${name(age)}`, age === "old");
    }
    for (const folder of ["ac", "cas", "locks", "notes", "pins"]) {
      for (const age of ["old", "new"]) {
        await put(`${folder}/${name(age)}.${crypto.randomUUID()}.tmp`, age === "old");
      }
    }
    for (const age of ["old", "new"]) await put(`locks/${name(`lease ${age}`)}`, age === "old");
    assert.equal((await cacheStats(new Cache(root))).checkpointBytes, 2);
    await collectGarbage(new Cache(root, { beat: 10, stale: 60 }));
    const left = (path: string) =>
      [...Deno.readDirSync(join(root, path))].map(({ name }) => name.split(".")[0]!).sort();
    assert.deepEqual([left("scratch"), left("checkpoints")], [[folder.new], [name("new")]]);
    for (const folder of ["ac", "cas", "notes", "pins"]) {
      assert.deepEqual(left(folder), [name("new")], folder);
    }
    assert.deepEqual(left("locks"), [name("lease new"), name("new")].sort());
  }));
