/** Plans, and their pictures. @module */
import assert from "node:assert/strict";
import { Cache, pipeline, plan, toMermaid, toSvg } from "../../../pipeline/mod.ts";
import { add, halve, record, start, withDirectory } from "../support.ts";

const declared = pipeline("six", () => {
  const first = start();
  const a = add({ value: first }, {}, { as: "a" });
  const b = add({ value: a }, {}, { as: "b" });
  const c = halve({ value: b });
  return { end: add({ value: c }, {}, { as: "d" }), side: add({ value: first }, { by: 9 }, { as: "e" }) };
});

Deno.test("a plan executes nothing and says hit, miss or waiting, with parts and why", () =>
  withDirectory(async (root) => {
    const cache = new Cache(root);
    const empty = await plan(declared.build(), { cache });
    assert.deepEqual(empty.nodes.map((n) => n.state), [
      "miss",
      "waiting",
      "waiting",
      "waiting",
      "waiting",
      "waiting",
    ]);
    assert.deepEqual(await cache.keys(), []);
    assert.deepEqual(empty.nodes[1]!.waitingFor, ["start"]);
    assert.deepEqual(empty.nodes[0]!.why, ['no earlier result of "start" in this cache']);
    await record(declared.build(), root);
    const full = await plan(declared.build(), { cache });
    assert.ok(full.nodes.every((node) => node.state === "hit"));
    const changed = await plan(declared.build(["b.deep.leaf=z"]), { cache });
    assert.deepEqual(changed.nodes.map((n) => n.state), ["hit", "hit", "miss", "waiting", "waiting", "hit"]);
    assert.deepEqual(changed.nodes[2]!.why, ['config.deep.leaf: "x" → "z"']);
    assert.deepEqual(changed.nodes[2]!.origins, { by: "default", "deep.leaf": "set" });
    assert.equal(changed.nodes[2]!.parts["config.deep.leaf"], "z");
    assert.deepEqual(changed.outputs, [
      { name: "end.value", node: "d", output: "value" },
      { name: "side.value", node: "e", output: "value" },
    ]);
    assert.deepEqual(JSON.parse(JSON.stringify(changed)), changed);
  }));

Deno.test("pictures hold every node and edge, escaped", () =>
  withDirectory(async (root) => {
    const drawn = await plan(declared.build(), { cache: new Cache(root) });
    const mermaid = toMermaid(drawn);
    assert.match(mermaid, /^graph TD\n {2}n0\["start"\]:::miss\n {2}n1\["a \(add\)"\]:::waiting\n/);
    assert.match(mermaid, /n0 -->\|"value"\| n1/);
    const svg = await toSvg(drawn);
    assert.equal(svg.match(/<g>/g)?.length, 6);
    assert.equal(svg.match(/marker-end/g)?.length, 5);
    assert.ok(!svg.includes("NaN") && svg.includes("&quot;start&quot;"));
    for (const { output } of drawn.edges) assert.ok(svg.includes(output), output);
  }));
