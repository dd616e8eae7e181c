/** Building graphs: purity, repeats, loops, and what is refused. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import {
  defineStage,
  GraphError,
  jsonKind,
  namedOutputs,
  pipeline,
  type Ref,
} from "../../../pipeline/mod.ts";

const number = jsonKind<number>("number", 1);
const other = jsonKind<number>("other", 1);
const start = defineStage({
  name: "start",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ at: z.number().default(0) }),
  inputs: {},
  outputs: { value: number, second: other },
  run: ({ config }) => ({ value: config.at, second: 0 }),
});
const add = defineStage({
  name: "add",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ by: z.number().default(1) }),
  inputs: { value: number },
  outputs: { value: number },
  run: ({ inputs, config }) => ({ value: inputs.value + config.by }),
});

Deno.test("loops and functions compose; building twice gives equal graphs", () => {
  const twice = (value: Ref<number>, round: number) =>
    add({ value: add({ value }, {}, { as: `a-${round}` }) }, {}, { as: `b-${round}` });
  const declared = pipeline("rounds", () => {
    let value = start().value;
    for (let round = 1; round <= 3; round++) value = twice(value, round).value;
    return { nested: { value } };
  });
  const shape = () =>
    declared.build(["a-2.by=5"]).nodes.map((
      node,
    ) => [node.id, node.config, node.edges.map((e) => e.from.id)]);
  assert.deepEqual(shape(), shape());
  assert.deepEqual(shape().map(([id]) => id), ["start", "a-1", "b-1", "a-2", "b-2", "a-3", "b-3"]);
  assert.deepEqual(shape()[3], ["a-2", { by: 5 }, ["b-1"]]);
  assert.deepEqual(namedOutputs(declared.build().outputs).map((o) => [o.name, o.ref.node.id]), [[
    "nested.value",
    "b-3",
  ]]);
});

Deno.test("a repeat without `as` is refused, and says how to tell repeats apart", () => {
  const repeat = pipeline("repeat", () => add({ value: add({ value: start().value }) }));
  assert.throws(
    () => repeat.build(),
    (error) => error instanceof GraphError && /\{ as: "add-2" \}/.test(error.message),
  );
});

Deno.test("what a graph cannot be is refused", () => {
  const refused = (body: () => unknown, pattern: RegExp) =>
    assert.throws(() => pipeline("p", body).build(), pattern);
  assert.throws(() => start(), /outside a pipeline/);
  refused(() => Promise.resolve(start()), /async/);
  refused(() => ({ start: start(), x: 3 }), /"x" must be a reference/);
  refused(() => pipeline("q", () => start()).build(), /inside "p"/);
  // deno-lint-ignore no-explicit-any -- what TypeScript refuses, plain JavaScript can still try
  const untyped = add as any;
  refused(() => untyped({}), /Input "value" of "add" is missing/);
  refused(() => untyped({ value: start() }), /outputs value, second\. Choose one/);
  refused(() => untyped({ value: start().second }), /wants a number; output "second" of "start" is a other/);
  refused(() => untyped({ valeu: start().value }), /no input "valeu"\. Did you mean "value"\?/);
  const foreign = pipeline("f", () => start()).build().outputs;
  refused(() => add({ value: foreign.value }), /of another pipeline/);
  refused(() => foreign, /another pipeline/);
  assert.throws(
    () => pipeline("p", () => start()).build(["stat.at=1"]),
    /no stage "stat"\. Did you mean "start"\?/,
  );
  assert.throws(() => defineStage({ ...start.definition, name: "a.b" }), /letters, digits/);
  // A failed build leaves nothing behind.
  assert.equal(pipeline("p", () => start()).build().nodes.length, 1);
});

Deno.test("what a pipeline returns may be neither deeper than 100 levels nor a loop", () => {
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  let deep: Record<string, unknown> = {};
  for (let i = 0; i < 20_000; i++) deep = { deep };
  for (const returned of [loop, deep]) {
    assert.throws(
      () => pipeline("p", () => returned).build(),
      /^GraphError: Cannot build pipeline "p": [^\n]+ or a loop$/,
    );
  }
});
