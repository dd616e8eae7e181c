import assert from "node:assert/strict";
import { Cache, pipeline, plan, recipesOf } from "../../../pipeline/mod.ts";
import { add, halve, record, start, withDirectory } from "../support.ts";

const declared = pipeline("line", () => {
  const first = start();
  const a = add({ value: first }, {}, { as: "a" });
  const same = add({ value: first }, {}, { as: "same" });
  return { end: halve({ value: a }), same };
});

Deno.test("recipes are known before anything has run, and are the same afterwards", () =>
  withDirectory(async (root) => {
    const cache = new Cache(root);
    const before = await plan(declared.build(), { cache });
    assert.deepEqual(before.nodes.map(({ key }) => key === undefined), [false, true, true, true]);
    const recipes = recipesOf(before);
    for (const recipe of recipes.values()) assert.match(recipe, /^[0-9a-f]{64}$/);
    await record(declared.build(), root);
    const after = await plan(declared.build(), { cache });
    assert.ok(after.nodes.every(({ state }) => state === "hit"));
    assert.deepEqual(recipesOf(after), recipes);
  }));

Deno.test("equal stages on equal inputs have one recipe, whatever they are called; a setting changes all that follow", () =>
  withDirectory(async (root) => {
    const cache = new Cache(root);
    const found = async (...set: string[]) => recipesOf(await plan(declared.build(set), { cache }));
    const plain = await found(), changed = await found("a.by=7");
    assert.equal(plain.get("a"), plain.get("same"));
    assert.equal(new Set(plain.values()).size, 3);
    const moved = [...plain.keys()].filter((id) => plain.get(id) !== changed.get(id));
    assert.deepEqual(moved, ["a", "halve"]);
    const [first] = [...plain.keys()];
    assert.equal(changed.get(first!), plain.get(first!));
  }));
