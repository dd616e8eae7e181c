/** Overrides, precedence, leaves and the errors of a config. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import { ConfigError, isLocation, leaves, parseSet, resolveConfig } from "../../../pipeline/mod.ts";

const schema = z.strictObject({
  root: z.string().meta({ location: true }).default("data"),
  partition: z.string().default("none"),
  epochs: z.number().int().default(40),
  method: z.discriminatedUnion("name", [
    z.strictObject({ name: z.literal("ccvc"), threshold: z.number().default(0.9) }),
    z.strictObject({ name: z.literal("supervised") }),
  ]).default({ name: "ccvc", threshold: 0.9 }),
  scales: z.array(z.number()).default([0.5, 2]),
});
const resolve = (experiment: unknown, ...sets: string[]) =>
  resolveConfig(schema, experiment, sets.map(parseSet), "co-train");

Deno.test("schema default < experiment < --set, and who decided is known", () => {
  const { config, origins } = resolve(
    { epochs: 3, method: { name: "ccvc" } },
    "co-train.method.threshold=0.5",
  );
  assert.deepEqual(config, {
    root: "data",
    partition: "none",
    epochs: 3,
    method: { name: "ccvc", threshold: 0.5 },
    scales: [0.5, 2],
  });
  assert.equal(origins["epochs"], "experiment");
  assert.equal(origins["method.threshold"], "set");
  assert.equal(origins["scales"], "default");
});

Deno.test("the last override wins; a whole object replaces", () => {
  assert.equal(
    (resolve({}, "co-train.epochs=1", "co-train.epochs=2").config as { epochs: number }).epochs,
    2,
  );
  const { config } = resolve(
    { method: { name: "ccvc", threshold: 0.1 } },
    'co-train.method={"name":"supervised"}',
  );
  assert.deepEqual((config as { method: unknown }).method, { name: "supervised" });
});

Deno.test("--set reads JSON, else text; digits are text where the schema wants text", () => {
  assert.deepEqual(parseSet("a.b.c=[1,2]"), { stage: "a", path: ["b", "c"], value: [1, 2], text: "[1,2]" });
  assert.equal(parseSet("a.b=x=y").value, "x=y");
  assert.equal((resolve({}, "co-train.partition=366").config as { partition: string }).partition, "366");
  const deep = ["a" + ".b".repeat(20_000) + "=1", "a.b=" + "[".repeat(30_000) + "]".repeat(30_000)];
  for (const bad of deep) {
    assert.throws(() => parseSet(bad), /^ConfigError: Cannot read "--set a.{30,90}: a config has 100 levels/);
  }
  assert.equal(parseSet("a" + ".b".repeat(100) + "=1").path.length, 100);
  for (const bad of ["a", "a.=1", ".b=1", "=1"]) assert.throws(() => parseSet(bad), ConfigError);
});

Deno.test("--set to null leaves out what the experiment wrote, unless the schema takes null", () => {
  const { config, origins } = resolve({ partition: "366", epochs: 3 }, "co-train.partition=null");
  assert.equal((config as { partition: string }).partition, "none");
  assert.equal(origins.partition, "set");
  const optional = z.strictObject({ list: z.string().optional(), none: z.null().optional() });
  const cleared = resolveConfig(optional, { list: "a" }, ["x.list=null", "x.none=null"].map(parseSet), "x");
  assert.deepEqual(JSON.stringify(cleared.config), '{"none":null}');
  assert.deepEqual(cleared.origins, { none: "set" });
  const text = resolveConfig(optional, {}, [parseSet('x.list="null"')], "x");
  assert.deepEqual(text.config, { list: "null" });
  const needed = z.strictObject({ root: z.string() });
  assert.throws(() => resolveConfig(needed, { root: "a" }, [parseSet("x.root=null")], "x"), /x\.root/);
});

Deno.test("an unknown key is an error with did-you-mean and exit status 2", () => {
  const check = (error: unknown) => error instanceof ConfigError && error.exitCode === 2;
  assert.throws(() => resolve({}, "co-train.epoch=2"), (error) => {
    assert.match(String(error), /unknown key "co-train\.epoch"\. Did you mean "epochs"\?/);
    return check(error);
  });
  assert.throws(() => resolve({}, "co-train.method.treshold=2"), (error) => {
    assert.match(String(error), /unknown key "co-train\.method\.treshold"\. Did you mean "threshold"\?/);
    return check(error);
  });
  assert.throws(() => resolve({}, "co-train.epochs=x"), /co-train\.epochs: /);
  assert.throws(() => resolve({}, "co-train.__proto__.polluted=1"), ConfigError);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

Deno.test("leaves have names that do not clash; locations are known through wrappers", () => {
  assert.deepEqual(leaves({ a: { b: 1, c: {} }, "a.b": 2, d: undefined }).map((leaf) => leaf.name), [
    "a.b",
    "a.c",
    '"a.b"',
  ]);
  assert.equal(isLocation(schema, ["root"]), true);
  assert.equal(isLocation(schema, ["epochs"]), false);
  assert.equal(
    isLocation(z.strictObject({ at: z.strictObject({ x: z.string() }).meta({ location: true }) }), [
      "at",
      "x",
    ]),
    true,
  );
});

Deno.test("what an experiment gives may be neither deeper than a config is, nor a loop", () => {
  const any = z.strictObject({ any: z.any() });
  const nested = (levels: number) => {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = i % 2 === 0 ? { a: value } : [value];
    return { any: value };
  };
  const loop: Record<string, unknown> = {};
  loop.loop = [loop];
  for (const given of [nested(20_000), { any: loop }]) {
    assert.throws(
      () => resolveConfig(any, given, [], "s"),
      /^ConfigError: Cannot configure stage "s": [^\n]+ more than 100 levels/,
    );
  }
  assert.deepEqual(resolveConfig(any, nested(100), [], "s").config, nested(100));
});
