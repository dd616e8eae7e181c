/** Looks at values that come from files anyone may have written: entries, plans, published results. @module */

/** Whether a value is an object and no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an object whose members all pass. */
export function isRecordOf<T>(
  value: unknown,
  isMember: (member: unknown) => member is T,
): value is Record<string, T> {
  return isRecord(value) && Object.values(value).every(isMember);
}

/** Whether a value is an array whose items all pass. */
export function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

/** Whether a value is a text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether a value is a whole number, 0 or more, that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether a value is a SHA-256 as 64 lower-case hex digits: the only text that may name a file of the cache. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/**
 * Whether a text is a relative path with `/` that cannot leave its folder on any system: no empty, `.` or `..` segment, no
 * backslash, no drive, no control character.
 */
export function isInnerPath(name: string): boolean {
  // deno-lint-ignore no-control-regex
  if (name.length > 4096 || /[\\\x00-\x1f\x7f]|^[A-Za-z]:/.test(name)) return false;
  return name.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
