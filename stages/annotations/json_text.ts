/** JSON of annotation tools: parsed, checked, and refused by its place. @module */
import type { z } from "zod";
import { messageOf } from "../../pipeline/errors.ts";
import { annotationError } from "./annotation.ts";

/**
 * Parses JSON and holds it against a schema.
 *
 * @param file The file's path, for errors.
 * @param what What it should be: `an export of LabelMe`.
 * @throws {DataError} If it is no JSON, or not of that form; the message names the first place and the value there.
 */
export function parseJson<T>(text: string, file: string, schema: z.ZodType<T>, what: string): T {
  const value = jsonValue(text, file, what);
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const { path, message } = error.issues[0]!;
  const found = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], value);
  const place = path.length === 0
    ? "at its top"
    : `"${
      path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(/^\./, "")
    }"`;
  throw annotationError(
    file,
    place,
    `it is no ${what}: there is ${spelled(found)}; ${message.replace(/^Invalid input: /, "")}`,
    "Export again, or name another file",
  );
}

function jsonValue(text: string, file: string, what: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw annotationError(
      file,
      "at its top",
      `it is no JSON (${messageOf(error)}), so no ${what}`,
      "Export again, or name another file",
    );
  }
}

/** A value as an error shows it. */
function spelled(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
