/** Plans written as JSON and read back, and completed by a run. @module */
import assert from "node:assert/strict";
import { Cache, decodePlan, pipeline, plan, PlanError, settledPlan } from "../../../pipeline/mod.ts";
import { add, record, start, withDirectory } from "../support.ts";

const graph = pipeline("p", () => ({ end: add({ value: start() }, { by: 2 }) })).build();

Deno.test("a plan comes back as it was; after a run it has every key, part and output", () =>
  withDirectory(async (root) => {
    const cache = new Cache(root);
    const before = await plan(graph, { cache });
    assert.deepEqual(decodePlan(JSON.stringify(before), "plan.json"), before);
    assert.equal(before.nodes[1]!.key, undefined);
    const { result } = await record(graph, root);
    const settled = await settledPlan(before, result.nodes, cache);
    assert.deepEqual(decodePlan(JSON.stringify(settled), "plan.json"), settled);
    const after = await plan(graph, { cache });
    for (const [i, { key, parts, modules, outputs }] of after.nodes.entries()) {
      const { state, ...node } = settled.nodes[i]!;
      assert.deepEqual([node.key, node.parts, node.modules, node.outputs], [key, parts, modules, outputs]);
      assert.notEqual(state, "hit", "what was to be expected stays");
    }
  }));

Deno.test("what is no plan is refused, and the member named", () =>
  withDirectory(async (root) => {
    const right = JSON.parse(JSON.stringify(await plan(graph, { cache: new Cache(root) })));
    const refused = (change: (plan: typeof right) => void, reason: RegExp) => {
      const copy = structuredClone(right);
      change(copy);
      assert.throws(() => decodePlan(JSON.stringify(copy), "p.json"), (error) => {
        assert.ok(error instanceof PlanError);
        assert.match(error.message, reason);
        assert.match(
          error.message,
          /^Cannot read the plan "p\.json": .* Make it again with "plan --json" or a run\.$/,
        );
        return true;
      });
    };
    refused((p) => delete p.nodes, /it has no member "nodes"/);
    refused((p) => p.seed = -1, /its seed is no whole number from 0/);
    refused((p) => p.nodes[0].state = "done", /its nodes \[0\] state is none of hit, miss, waiting/);
    refused((p) => p.nodes[0].key = "../x", /key is no SHA-256/);
    refused((p) => p.nodes[0].parts["config.at"] = 7, /the key of "start" is not that of its parts/);
    refused((p) => p.nodes[0].id = "add", /two of its nodes have one id/);
    refused((p) => p.edges[0].from = "nobody", /names the node "nobody", which it does not have/);
    assert.throws(() => decodePlan("{", "p.json"), PlanError);
    // What a later version adds is no mistake; what an earlier one lacks is filled in.
    const older = structuredClone(right);
    delete older.nodes[0].modules;
    assert.deepEqual(decodePlan(JSON.stringify({ ...older, later: 1 }), "p.json").nodes[0]!.modules, {});
  }));
