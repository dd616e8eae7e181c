import assert from "node:assert/strict";
import { dataOf, isBaseline, learnedFrom, methodsOf, scoredOn } from "../../../runtime/runs/lineage.ts";
import { planOf, scoredBy } from "./plans.ts";

/** What sets a run of stages of one's own apart: photographs → tiles → two trainings → marks. */
interface Parts {
  readonly photographs?: string;
  readonly tiles?: string;
  readonly held?: string;
  readonly methods?: readonly [string | undefined, string | undefined];
  readonly weights?: string;
}

function run({ photographs = "p", tiles = "t", held = "h", methods, weights = "w" }: Parts = {}) {
  const [first, second] = methods ?? ["supervised", "ccvc"];
  const plan = planOf(
    { id: "photographs", gives: { images: photographs } },
    { id: "tiles", gives: { views: tiles, held }, takes: { of: "photographs.images" } },
    { id: "start", gives: { nets: `first ${weights}` }, takes: { views: "tiles.views" }, ...by(first) },
    { id: "guess", gives: { labels: `labels ${weights}` }, takes: { nets: "start.nets" } },
    {
      id: "learn",
      gives: { nets: `second ${weights}` },
      takes: { views: "tiles.views", labels: "guess.labels" },
      ...by(second),
    },
    { id: "marks", gives: { metrics: weights }, takes: { nets: "learn.nets", images: "tiles.held" } },
  );
  return { plan, run: { outputs: scoredBy("marks") } };
}

const by = (method: string | undefined) => method === undefined ? {} : { method };

Deno.test("what runs learned from and were scored on is told by the graph, whatever its stages are called", () => {
  const own = run(), others = { weights: "other" };
  assert.deepEqual(methodsOf(own), ["supervised", "ccvc"]);
  assert.equal(learnedFrom(run(others)), learnedFrom(own));
  assert.equal(scoredOn(run(others)), scoredOn(own));
  assert.notEqual(learnedFrom(run({ tiles: "others" })), learnedFrom(own));
  assert.equal(scoredOn(run({ tiles: "others" })), scoredOn(own));
  assert.notEqual(scoredOn(run({ held: "others" })), scoredOn(own));
  assert.equal(learnedFrom(run({ held: "others" })), learnedFrom(own));
  // What is made of other photographs and comes to the same is the same.
  assert.equal(learnedFrom(run({ photographs: "others" })), learnedFrom(own));
  assert.notEqual(dataOf(run({ photographs: "others" })), dataOf(own));
  assert.equal(learnedFrom(run({ methods: ["supervised", "supervised"] })), learnedFrom(own));
});

Deno.test("labels alone: every training is supervised", () => {
  assert.equal(isBaseline(run({ methods: ["supervised", "supervised"] })), true);
  assert.equal(isBaseline(run()), false);
  assert.equal(isBaseline(run({ methods: [undefined, undefined] })), false);
  assert.equal(isBaseline({}), false);
});

Deno.test("where no stage trains by a method, scores are told apart by what comes first", () => {
  const without = { methods: [undefined, undefined] } as const, own = run(without);
  assert.equal(learnedFrom(own), undefined);
  assert.equal(scoredOn(own), dataOf(own));
  assert.equal(scoredOn(run({ ...without, weights: "other" })), scoredOn(own));
  assert.notEqual(scoredOn(run({ ...without, photographs: "others" })), scoredOn(own));
});

Deno.test("what a plan does not say is not known", () => {
  const { plan, ...rest } = run();
  for (const digest of [dataOf, learnedFrom, scoredOn]) assert.equal(digest(rest), undefined);
  assert.equal(scoredOn({ plan, run: {} }), undefined);
  const waiting = { ...plan, nodes: plan.nodes.map(({ outputs: _, ...node }) => ({ ...node, parts: {} })) };
  for (const digest of [dataOf, learnedFrom, scoredOn]) {
    assert.equal(digest({ ...rest, plan: waiting }), undefined);
  }
});
