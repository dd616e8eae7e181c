/** The schema of a training's options with those of its method under `method`. @module */
import { z } from "zod";
import { messageOf, type Schema, type SchemaIssue } from "../../../pipeline/mod.ts";
import { schemasAt } from "../../../pipeline/language/inspect.ts";
import { validate } from "../../../pipeline/language/schema.ts";
import { bindMethod } from "../bound_method.ts";
import { type AnyMethod, definitionOf } from "../method.ts";

/** A method's options and its name, as a training's config holds them. */
export type NamedOptions = Readonly<Record<string, unknown>> & { readonly name: string };

/** Adds a path to an issue; what else it says, such as unknown keys, stays. */
const under = (key: string, issue: SchemaIssue): SchemaIssue => ({
  ...issue,
  path: [key, ...issue.path ?? []],
});

/**
 * Composes the schema. A method's own may be of any library that keeps to Standard Schema; of what it shows of itself,
 * explanations, presets and guesses are made.
 *
 * @param rest A strict object of all other options, of zod.
 */
export function withMethod<C extends object>(
  rest: Schema<C>,
  method: AnyMethod,
): Schema<C & { readonly method: NamedOptions }> {
  const { name, options } = definitionOf(method);
  const named = z.literal(name).default(name).describe("which method").meta({
    unit: "name",
    source: "Crossview",
  });
  const shapeOf = (schema: object) =>
    Object.assign({}, ...schemasAt(schema, []).map(({ shape }) => shape ?? {})) as object;
  const inspectable = {
    shape: { method: { shape: { name: named, ...shapeOf(options) } }, ...shapeOf(rest) },
  };
  return {
    ...inspectable,
    "~standard": {
      version: 1,
      validate(value) {
        const { method: given = {}, ...others } = value as Readonly<Record<string, unknown>>;
        const { name: called, ...own } = given as Readonly<Record<string, unknown>>;
        const all = validate(rest, others), mine = validate(options, own), which = validate(named, called);
        const issues = [
          ...all.issues ?? [],
          ...(which.issues ?? []).map((issue) => under("method", under("name", issue))),
          ...(mine.issues ?? []).map((issue) => under("method", issue)),
        ];
        if (all.issues || mine.issues || which.issues) return { issues };
        try {
          bindMethod(method, mine.value);
        } catch (error) {
          return { issues: [under("method", { message: messageOf(error) })] };
        }
        return { value: { method: { name: which.value, ...mine.value as object }, ...all.value } };
      },
    },
  };
}
