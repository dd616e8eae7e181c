/** What differs between two keys, in lines and in a few words. @module */
import assert from "node:assert/strict";
import { explained, inShort } from "../../../pipeline/plan/difference.ts";
import type { Json } from "../../../pipeline/plan/canonical_json.ts";

const digest = (first: string) => first.repeat(64);
const behind = {
  sources: (of: string) =>
    Promise.resolve(of === digest("a") ? { "one.png": "1", "two.png": "2" } : { "one.png": "3" }),
  input: () => Promise.resolve(""),
};

/** The few words for what is other. */
async function words(
  before: Record<string, Json>,
  after: Record<string, Json>,
  modules: readonly [Record<string, string>, Record<string, string>] = [{}, {}],
): Promise<string> {
  const found = await explained(
    { parts: before, modules: modules[0] },
    { parts: after, modules: modules[1] },
    behind,
  );
  return inShort(found);
}

Deno.test("of all that differs, the method is named, else a setting, else files, else code, else inputs", async () => {
  const inputs = { "input.nets.last": digest("d") }, others = { "input.nets.last": digest("e") };
  assert.equal(await words(inputs, others), "another nets.last");
  const code = { ...inputs, "code.bundle": digest("c") }, edited = { ...others, "code.bundle": digest("f") };
  assert.equal(await words(code, edited, [{ "a.ts": "1" }, { "a.ts": "2" }]), "a.ts changed and 1 more");
  const files = { ...code, sources: digest("a") }, exchanged = { ...edited, sources: digest("b") };
  assert.equal(await words(files, exchanged), "one.png changed (and 1 more) and 2 more");
  const settings = { ...files, "config.added": 1, seed: 0 };
  assert.equal(
    await words({ ...files, seed: 0 }, { ...exchanged, "config.added": 1, seed: 7 }),
    "seed 0 → 7 and 4 more",
  );
  assert.equal(await words({ seed: 0 }, { "config.added": 1, seed: 0 }), "added none → 1");
  const methods = ["supervised", "cutmix-seg"].map((name) => ({ ...settings, "config.method.name": name }));
  assert.equal(
    await words(methods[0]!, { ...methods[1]!, "config.method.boxes": 1, seed: 1 }),
    "method supervised → cutmix-seg and 2 more",
  );
});

Deno.test("a value of many characters is cut, and nothing is said of equal keys", async () => {
  const long = await words({ "config.root": "x".repeat(99) }, { "config.root": "y" });
  assert.equal(long, `root ${"x".repeat(23)}… → y`);
  assert.equal(await words({ seed: 0 }, { seed: 0 }), "");
});
