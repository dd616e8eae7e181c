/** Shapes of values that come from files anyone may have written: entries, plans, published results. @module */

/** Says what is wrong with a value, as the end of a sentence that begins with its name; undefined if nothing is. */
export type Shape = (value: unknown) => string | undefined;

/** Any value. */
export const anything: Shape = () => undefined;

/** A text. */
export const text: Shape = (value) => typeof value === "string" ? undefined : "is no text";

/** A SHA-256: the only text that may name a file of the cache. */
export const digest: Shape = (value) =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? undefined : "is no SHA-256 in lower-case hex";

/** A finite number, 0 or more. */
export const quantity: Shape = (value) =>
  typeof value === "number" && value >= 0 && Number.isFinite(value) ? undefined : "is no number from 0";

/** A whole number that a double holds exactly. */
export const count = (least: number): Shape => (value) =>
  Number.isSafeInteger(value) && (value as number) >= least ? undefined : `is no whole number from ${least}`;

/** One of some texts. */
export const oneOf = (...texts: readonly string[]): Shape => (value) =>
  typeof value === "string" && texts.includes(value) ? undefined : `is none of ${texts.join(", ")}`;

/** An array. */
export const list = (item: Shape): Shape => (value) => {
  if (!Array.isArray(value)) return "is no array";
  for (const [index, inner] of value.entries()) {
    const problem = item(inner);
    if (problem !== undefined) return `[${index}] ${problem}`;
  }
  return undefined;
};

/** An object whose members are alike. */
export const record = (member: Shape, isName: (name: string) => boolean = () => true): Shape => (value) => {
  if (!isObject(value)) return "is no object";
  for (const [name, inner] of Object.entries(value)) {
    if (!isName(name)) return `has the name ${JSON.stringify(name)}, which it must not have`;
    const problem = member(inner);
    if (problem !== undefined) return `${JSON.stringify(name)} ${problem}`;
  }
  return undefined;
};

/** An object with these members, and with no others unless it may have `"more members"`. */
export const object = (
  members: Readonly<Record<string, Shape>>,
  optional: readonly string[] = [],
  others: "no others" | "more members" = "no others",
): Shape => {
  return (value) => {
    if (!isObject(value)) return "is no object";
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
    if (unknown !== undefined && others === "no others") return `has a member ${JSON.stringify(unknown)}`;
    for (const [name, shape] of Object.entries(members)) {
      if (!Object.hasOwn(value, name)) {
        if (optional.includes(name)) continue;
        return `has no member "${name}"`;
      }
      const problem = shape(value[name]);
      if (problem !== undefined) return `${name} ${problem}`;
    }
    return undefined;
  };
};

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a name is that of a file within its folder: relative with `/`, and on no system a way out of it: no empty, `.` or
 * `..` segment, no backslash, no drive, no control character.
 */
export function isInnerPath(name: string): boolean {
  // deno-lint-ignore no-control-regex
  if (name.length > 4096 || /[\\\x00-\x1f\x7f]|^[A-Za-z]:/.test(name)) return false;
  return name.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
