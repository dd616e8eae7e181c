/** What a config's leaves say of themselves. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import { explainConfig, isPreset, keyParts, parseSet, resolveConfig } from "../../../pipeline/mod.ts";

const schema = z.strictObject({
  epochs: z.int().default(80).describe("Passes.").meta({ unit: "epochs", source: "§5" }),
  steps: z.int().optional().describe("Steps of an epoch.").meta({ unit: "steps", source: "§3" }),
  scale: z.tuple([z.number(), z.number()]).default([0.5, 2]).meta({ unit: "ratio" }),
  lists: z.strictObject({ labeled: z.string() }).optional().describe("Lists."),
  method: z.discriminatedUnion("name", [
    z.strictObject({
      name: z.literal("a").describe("which"),
      as: z.enum(["code", "paper"]).default("code").meta({ preset: true }),
      weight: z.number().optional().describe("a weight").meta({
        unit: "factor",
        source: "by the preset",
        chosen: (options: unknown) =>
          (options as { as: string }).as === "paper"
            ? { preset: "paper", value: 1, source: "eq. 4" }
            : { preset: "code", value: 2, source: "line 9" },
        unread: (options: unknown) => (options as { on: boolean }).on ? undefined : "it is off",
      }),
      on: z.boolean().default(true),
    }).transform((o) => ({ ...o, weight: o.weight ?? (o.as === "paper" ? 1 : 2) })),
    z.strictObject({ name: z.literal("b"), weight: z.number().default(7).describe("another weight") }),
  ]),
});

function explained(experiment: unknown, ...sets: string[]) {
  const { config, origins } = resolveConfig(schema, experiment, sets.map(parseSet), "x");
  return Object.fromEntries(explainConfig(schema, config, origins).map(({ name, ...leaf }) => [name, leaf]));
}

Deno.test("a leaf tells value, unit, meaning, source, and who set it", () => {
  const leaves = explained({ method: { name: "a" }, epochs: 40 }, "x.scale=[1,1]");
  assert.deepEqual(leaves.epochs, {
    value: 40,
    unit: "epochs",
    description: "Passes.",
    by: "experiment",
    otherwise: 80,
    source: "§5",
  });
  assert.deepEqual(leaves.scale, { value: [1, 1], unit: "ratio", by: "set", otherwise: [0.5, 2] });
  assert.deepEqual(leaves["method.on"], { value: true, by: "default" });
  assert.deepEqual(leaves["method.name"], { value: "a", description: "which", by: "experiment" });
});

Deno.test("leaves that are left out are told too, in the schema's order", () => {
  const leaves = explained({ method: { name: "a" } });
  assert.deepEqual(Object.keys(leaves), [
    "epochs",
    "steps",
    "scale",
    "lists",
    "method.name",
    "method.as",
    "method.weight",
    "method.on",
  ]);
  assert.deepEqual(leaves.steps, {
    unit: "steps",
    description: "Steps of an epoch.",
    by: "none",
    source: "§3",
  });
  assert.deepEqual(leaves.lists, { description: "Lists.", by: "none" });
  assert.deepEqual(
    Object.keys(explained({ method: { name: "a" }, lists: { labeled: "l" } }))[3],
    "lists.labeled",
  );
});

Deno.test("a preset's leaf names the preset and its source; written, what it would have been", () => {
  const weight = (...sets: string[]) => explained({ method: { name: "a" } }, ...sets)["method.weight"];
  const said = { unit: "factor", description: "a weight" };
  assert.deepEqual(weight(), { value: 2, ...said, by: "preset", preset: "code", source: "line 9" });
  assert.deepEqual(weight("x.method.as=paper"), {
    value: 1,
    ...said,
    by: "preset",
    preset: "paper",
    source: "eq. 4",
  });
  assert.deepEqual(weight("x.method.weight=5", "x.method.on=false"), {
    value: 5,
    ...said,
    by: "set",
    preset: "code",
    otherwise: 2,
    source: "line 9",
    unread: "it is off",
  });
});

Deno.test("of a union only the member that the value is of speaks", () => {
  const leaves = explained({ method: { name: "b" } });
  assert.deepEqual(leaves["method.weight"], { value: 7, description: "another weight", by: "default" });
  assert.equal(leaves["method.as"], undefined);
});

Deno.test("a schema that cannot be looked into gives its leaves without words", () => {
  const opaque = { "~standard": { version: 1, validate: (value: unknown) => ({ value }) } } as const;
  assert.deepEqual(explainConfig(opaque, { a: { b: 1 } }, { "a.b": "set" }), [{
    name: "a.b",
    value: 1,
    by: "set",
  }]);
  assert.deepEqual(explainConfig(opaque, {}, {}), []);
});

Deno.test("the key holds what a preset gave, not which preset gave it", () => {
  const parts = (...sets: string[]) => {
    const { config } = resolveConfig(schema, { method: { name: "a" } }, sets.map(parseSet), "x");
    const stage = { name: "x", version: 1, config: schema } as unknown as Parameters<
      typeof keyParts
    >[0]["stage"];
    return keyParts({ stage, id: "x", config, code: { parts: {} } as never, inputs: {}, seed: 0 });
  };
  assert.equal(isPreset(schema, ["method", "as"]), true);
  assert.equal(isPreset(schema, ["method", "weight"]), false);
  assert.notDeepEqual(parts(), parts("x.method.as=paper"));
  assert.deepEqual(parts("x.method.weight=1"), parts("x.method.as=paper"));
  assert.equal("config.method.as" in parts(), false);
});
