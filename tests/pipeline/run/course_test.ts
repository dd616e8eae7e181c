/** What is kept of the course of an execution: with the result, and no part of its key. @module */
import assert from "node:assert/strict";
import { Cache, collectGarbage, pipeline } from "../../../pipeline/mod.ts";
import { halve, record, start, withDirectory } from "../support.ts";

const chain = pipeline("chain", () => halve({ value: start() }));

Deno.test("a course is found again where the result is taken from the cache, under the key that it has without", () =>
  withDirectory(async (root) => {
    const asked: string[] = [];
    const course = (node: string) => {
      asked.push(node);
      return node === "halve" ? "1, 2, 3" : undefined;
    };
    const first = await record(chain.build(), root, { course });
    assert.deepEqual(asked, ["start", "halve"]);
    const cache = new Cache(root);
    await collectGarbage(cache);
    const second = await record(chain.build(), root, { course: () => "another" });
    assert.deepEqual(second.ran, []);
    const [none, kept] = second.result.nodes.map(({ course }) => course);
    assert.equal(none, undefined);
    assert.equal(new TextDecoder().decode(await cache.read(kept!)), "1, 2, 3");
    assert.deepEqual(first.result.nodes, second.result.nodes.map((node) => ({ ...node, state: "ran" })));
    await withDirectory(async (other) => {
      const without = await record(chain.build(), other);
      assert.deepEqual(without.result.nodes.map(({ key }) => key), second.result.nodes.map(({ key }) => key));
      assert.ok(without.result.nodes.every((node) => !("course" in node)));
    });
  }));

Deno.test("a course that is lost or damaged costs nothing but itself", () =>
  withDirectory(async (root) => {
    const { result: { nodes } } = await record(chain.build(), root, { course: () => "1, 2, 3" });
    const path = new Cache(root).blobPath(nodes[1]!.course!.digest);
    await Deno.writeTextFile(path, "9, 2, 3");
    const cache = new Cache(root);
    await assert.rejects(() => cache.read(nodes[1]!.course!));
    assert.deepEqual((await record(chain.build(), root)).ran, []);
    await Deno.remove(path).catch(() => {});
    assert.deepEqual((await record(chain.build(), root)).ran, []);
  }));
