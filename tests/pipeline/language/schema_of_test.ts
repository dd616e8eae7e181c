/** What a schema and its type do not agree in does not compile: `deno check` fails on an unused `@ts-expect-error`. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import { parseConfig, schemaOf } from "../../../pipeline/mod.ts";

interface Settings {
  readonly epochs: number;
  readonly norm: "batch" | "none";
  readonly crop?: number | undefined;
  readonly scale: readonly [low: number, high: number];
  readonly blur: { readonly sigma: number };
}

const leaves = {
  epochs: z.int().default(80),
  norm: z.enum(["batch", "none"]).default("batch"),
  crop: z.int().optional(),
  scale: z.tuple([z.number(), z.number()]).default([0.5, 2]),
  blur: z.strictObject({ sigma: z.number().default(1) }).prefault({}),
};
const { epochs: _, ...others } = leaves;
const settings = schemaOf<Settings>();

Deno.test("a schema that agrees with its type is that schema", () => {
  const own = z.strictObject(leaves);
  const schema = settings(own);
  assert.equal(schema, own);
  const parsed: Settings = parseConfig(schema, { crop: 8 }, "train");
  assert.deepEqual(parsed, { epochs: 80, norm: "batch", crop: 8, scale: [0.5, 2], blur: { sigma: 1 } });
});

Deno.test("misspelled, missing, additional and wrong leaves do not compile", () => {
  const { crop: crops, ...without } = leaves, misspelled = { ...without, crops };
  const never = () => {
    // @ts-expect-error misspelled
    settings(z.strictObject({ ...others, epoch: leaves.epochs }));
    // @ts-expect-error missing
    settings(z.strictObject(others));
    // @ts-expect-error one more
    settings(z.strictObject({ ...leaves, steps: z.int().default(1) }));
    // @ts-expect-error one more, though it may be left out
    settings(z.strictObject({ ...leaves, steps: z.int().optional() }));
    // @ts-expect-error misspelled, where both may be left out
    settings(z.strictObject(misspelled));
    // @ts-expect-error of another type
    settings(z.strictObject({ ...leaves, epochs: z.string().default("80") }));
    // @ts-expect-error one choice fewer
    settings(z.strictObject({ ...leaves, norm: z.enum(["batch"]).default("batch") }));
    // @ts-expect-error one choice more
    settings(z.strictObject({ ...leaves, norm: z.enum(["batch", "none", "group"]).default("batch") }));
    // @ts-expect-error one number fewer
    settings(z.strictObject({ ...leaves, scale: z.tuple([z.number()]).default([1]) }));
    const blurred = z.strictObject({ sigmas: z.number().default(1) }).prefault({});
    // @ts-expect-error misspelled within
    settings(z.strictObject({ ...leaves, blur: blurred }));
    // @ts-expect-error an experiment could not leave it out
    settings(z.strictObject({ ...leaves, epochs: z.int() }));
    // @ts-expect-error a stage might not get it
    settings(z.strictObject({ ...leaves, epochs: z.int().optional() }));
    // An experiment must give it, and says so.
    schemaOf<{ readonly root: string }, { readonly root: string }>()(z.strictObject({ root: z.string() }));
    // What is made of a leaf may be another type than what is written.
    schemaOf<{ readonly rate: number }, { readonly rate: string }>()(
      z.strictObject({ rate: z.string() }).transform(({ rate }) => ({ rate: Number(rate) })),
    );
  };
  assert.equal(typeof never, "function");
});
