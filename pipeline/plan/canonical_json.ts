/** One text for one value, so that equal values have equal digests. @module */
import { createHash } from "node:crypto";

/** What canonical JSON can carry. `undefined` members of an object are left out, as `JSON.stringify` does. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json | undefined;
};

/**
 * Writes a value as canonical JSON: keys sorted by UTF-16 code unit, no white space, −0 as 0, `undefined` members
 * dropped (RFC 8785, whose number format is ECMAScript's own).
 *
 * @param value Plain data.
 * @throws {TypeError} For what JSON cannot carry without loss: NaN, ±Infinity, functions, symbols, bigint, `undefined`
 *   in an array, a lone surrogate, and objects other than plain ones (Map, Date, typed arrays, class instances). The
 *   message names the path.
 */
export function canonicalJson(value: unknown): string {
  return write(value, "value");
}

/** SHA-256 of a text (as UTF-8) or of bytes, 64 lower-case hex digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) {
      throw new TypeError(`Cannot write ${path} as JSON: the string holds a lone surrogate`);
    }
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      throw new TypeError(`Cannot write ${path} as JSON: ${value} is not a finite number`);
    }
    return JSON.stringify(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item, i) => write(item, `${path}[${i}]`)).join(",")}]`;
  }
  if (typeof value === "object") {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const name = (value as object).constructor?.name ?? "object";
      throw new TypeError(`Cannot write ${path} as JSON: a ${name} is not a plain object`);
    }
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const texts = members.map(([key, member]) =>
      `${write(key, `${path}'s key`)}:${write(member, `${path}.${key}`)}`
    );
    return `{${texts.join(",")}}`;
  }
  throw new TypeError(
    `Cannot write ${path} as JSON: it is ${value === undefined ? "undefined" : `a ${typeof value}`}`,
  );
}
