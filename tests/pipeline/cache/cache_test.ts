/** The cache: files of artifacts, adoption, names, bounds, and disks that refuse. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  CacheError,
  cacheStats,
  collectGarbage,
  defineKind,
  defineStage,
  JsonLines,
  pipeline,
} from "../../../pipeline/mod.ts";
import type { ArtifactKind } from "../../../pipeline/language/artifact.ts";
import { diskTest } from "../../support/small_disk.ts";
import { add, number, record, start, withDirectory } from "../support.ts";

interface Packed {
  readonly path: string;
  readonly count: number;
}
const packed = defineKind<Packed>({
  name: "packed",
  version: 1,
  async write({ path, count }, out) {
    await out.adopt("data/packed.bin", path);
    await out.json("count.json", { count });
  },
  async read(source) {
    assert.deepEqual(source.names(), ["count.json", "data/packed.bin"]);
    const { count } = await source.json("count.json") as { count: number };
    return { path: await source.path("data/packed.bin"), count };
  },
});
const common = { version: 1, module: import.meta.url, config: z.strictObject({}) } as const;
/** Runs a stage that gives 1, as a kind. */
function one(kind: ArtifactKind<number>, root: string) {
  const outputs = { value: kind }, run = () => ({ value: 1 });
  const stage = defineStage({ ...common, name: "one", inputs: {}, outputs, run });
  return record(pipeline("p", () => stage()).build(), root);
}
const make = defineStage({
  ...common,
  name: "make",
  inputs: {},
  outputs: { packed },
  run: async ({ context }) => {
    const path = context.scratch("made/here.bin");
    await Deno.writeFile(path, new Uint8Array([1, 2, 3]));
    return { packed: { path, count: 1 } };
  },
});
const pass = defineStage({
  ...common,
  name: "pass",
  inputs: { group: { packed } },
  outputs: { packed },
  run: ({ inputs }) => ({ packed: { ...inputs.group.packed, count: inputs.group.packed.count + 1 } }),
});

Deno.test("a file of the scratch is moved in; an input's file is linked by digest", () =>
  withDirectory(async (root) => {
    const { result } = await record(pipeline("p", () => pass({ group: make() })).build(), root);
    const { path, count } = await result.outputs.packed.read();
    assert.equal(count, 2);
    assert.deepEqual(await Deno.readFile(path), new Uint8Array([1, 2, 3]));
    const digests = result.nodes.map((node) => node.outputs["packed"]!.files["data/packed.bin"]!.digest);
    assert.equal(digests[0], digests[1]);
    assert.equal(path, join(root, "cas", digests[0]!));
    // Three blobs: the bytes once, and two counts.
    assert.equal((await Array.fromAsync(Deno.readDir(join(root, "cas")))).length, 3);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(root, "scratch"))), []);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(root, "locks"))), []);
  }));

Deno.test("names of files cannot leave the artifact", () =>
  withDirectory(async (root) => {
    for (const name of ["../x", "/x", "a//b", "", "a/../../b", "a\\b", "./a"]) {
      const kind = defineKind<number>({
        name: "bad",
        version: 1,
        write: (_, out) => out.bytes(name, new Uint8Array(1)),
        read: () => Promise.resolve(1),
      });
      await assert.rejects(one(kind, root), CacheError, name);
    }
    await assert.rejects(Deno.stat(join(root, "x")), Deno.errors.NotFound);
  }));

Deno.test("a file announced and never written, and one given twice, are errors", () =>
  withDirectory(async (root) => {
    const attempt = (write: Parameters<typeof defineKind<number>>[0]["write"]) => {
      const kind = defineKind<number>({ name: "odd", version: 1, write, read: () => Promise.resolve(1) });
      return one(kind, root);
    };
    await assert.rejects(
      attempt((_, out) => Promise.resolve(void out.file("a"))),
      /"a" was announced and never written/,
    );
    await assert.rejects(
      attempt(async (_, out) => {
        await out.json("a", 1);
        await out.json("a", 2);
      }),
      /"a" is given twice/,
    );
    await assert.rejects(attempt((_, out) => out.adopt("a", join(root, "nothing"))), /there is no such file/);
  }));

Deno.test("collection: too old, then least recently used, then blobs of nobody; kept keys stay", () =>
  withDirectory(async (root) => {
    const build = (by: number) => pipeline("p", () => add({ value: start() })).build([`add.by=${by}`]);
    const keys: string[] = [];
    for (let by = 1; by <= 4; by++) keys.push((await record(build(by), root)).result.nodes[1]!.key);
    const cache = new Cache(root);
    const before = await cacheStats(cache);
    assert.deepEqual([before.entries, before.blobs, before.stages["add"]?.entries], [5, 5, 4]);
    const age = async (path: string, days: number) => {
      const then = new Date(Date.now() - days * 86_400_000);
      await Deno.utime(path, then, then);
    };
    for await (const { name } of Deno.readDir(join(root, "cas"))) await age(join(root, "cas", name), 1);
    for (const [i, key] of keys.entries()) await age(cache.entryPath(key), [40, 3, 2, 40][i]!);
    const first = await collectGarbage(cache, { keep: new Set([keys[3]!]) });
    assert.deepEqual([first.entries, first.blobs], [1, 1]);
    assert.equal((await cache.find(keys[0]!)).entry, undefined);
    assert.ok((await cache.find(keys[3]!)).entry);
    const now = await cacheStats(cache);
    assert.equal(first.kept, now.bytes);
    const second = await collectGarbage(cache, { maxBytes: now.bytes - 1, keep: new Set([keys[3]!]) });
    assert.equal(second.entries, 1);
    assert.equal((await cache.find(keys[1]!)).entry, undefined);
    assert.ok((await cache.find(keys[2]!)).entry);
    assert.deepEqual((await record(build(3), root)).ran, []);
    assert.deepEqual((await record(build(1), root)).ran, ["add"]);
  }));

Deno.test("a cache that cannot be written is an error that names the path, and leaves nothing", () =>
  withDirectory(async (root) => {
    const file = join(root, "file");
    await Deno.writeTextFile(file, "not a directory");
    const graph = pipeline("p", () => start()).build();
    await assert.rejects(
      record(graph, join(file, "cache")),
      (error) => error instanceof CacheError && error.message.includes(file),
    );
    assert.throws(() => new JsonLines(join(file, "events.jsonl")), CacheError);
    assert.equal(await Deno.readTextFile(file), "not a directory");
  }));

diskTest("a full disk is an error that names the path and the way out", 512, async (root) => {
  const full = defineStage({
    ...common,
    name: "full",
    inputs: {},
    outputs: { value: number },
    run: async ({ context }) => {
      await Deno.writeFile(context.scratch("large"), new Uint8Array(1 << 20));
      return { value: 1 };
    },
  });
  await assert.rejects(record(pipeline("p", () => full()).build(), join(root, "cache")), (error) => {
    assert.ok(error instanceof CacheError);
    assert.match(error.message, /Stage "full" failed: Cannot write ".*": there is no space left.* Make room/);
    return true;
  });
});

Deno.test("events as JSON lines: appended, one object a line", () =>
  withDirectory((root) => {
    const path = join(root, "events.jsonl");
    for (const n of [1, 2]) {
      using lines = new JsonLines(path);
      lines.write({ type: "progress", n, text: "a\nb" });
    }
    const read = Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(read.map(({ n, text }) => [n, text]), [[1, "a\nb"], [2, "a\nb"]]);
    assert.ok(!Number.isNaN(Date.parse(read[0].time)));
    return Promise.resolve();
  }));
