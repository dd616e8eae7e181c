import assert from "node:assert/strict";
import { GraphError, namedOutputs, pipeline, upTo } from "../../../pipeline/mod.ts";
import { add, halve, start } from "../support.ts";

const declared = pipeline("branching", () => {
  const first = start();
  const a = add({ value: first }, {}, { as: "a" });
  const b = halve({ value: a }, {}, { as: "b" });
  const side = add({ value: first }, {}, { as: "side" });
  return { ends: { b, side }, between: a };
});

const idsOf = (id: string) => upTo(declared.build(), id).nodes.map((node) => node.id);
const outputsOf = (id: string) => namedOutputs(upTo(declared.build(), id).outputs).map(({ name }) => name);

Deno.test("a stage is kept with all that comes before it, and what of the outputs these make", () => {
  assert.deepEqual(idsOf("start"), ["start"]);
  assert.deepEqual(outputsOf("start"), []);
  assert.deepEqual(idsOf("a"), ["start", "a"]);
  assert.deepEqual(outputsOf("a"), ["between.value"]);
  assert.deepEqual(idsOf("b"), ["start", "a", "b"]);
  assert.deepEqual(outputsOf("b"), ["ends.b.value", "between.value"]);
  assert.deepEqual(idsOf("side"), ["start", "side"]);
  assert.deepEqual(outputsOf("side"), ["ends.side.value"]);
});

Deno.test("a pipeline that returns one output has none before it", () => {
  const single = pipeline("single", () => add({ value: start() }).value);
  assert.deepEqual(upTo(single.build(), "start").outputs, {});
  assert.deepEqual(namedOutputs(upTo(single.build(), "add").outputs).map(({ name }) => name), ["value"]);
});

Deno.test("a stage that is not there is refused with the nearest name", () => {
  assert.throws(
    () => upTo(declared.build(), "strat"),
    (error) =>
      error instanceof GraphError && /has no stage "strat"\. Did you mean "start"\?/.test(error.message),
  );
});
