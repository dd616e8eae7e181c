/** What the system said when a file could not be read or written: the one place that reads its error numbers. @module */
import { constants } from "node:os";

/** Windows counts its errors otherwise than the rest; these are the ones that are asked for. */
const windowsCodes: Readonly<Record<number, string>> = {
  1: "ENOSYS",
  2: "ENOENT",
  3: "ENOENT",
  5: "EACCES",
  19: "EROFS",
  20: "ENXIO",
  21: "ENODEV",
  23: "EIO",
  31: "EIO",
  39: "ENOSPC",
  50: "ENOTSUP",
  53: "ENOTCONN",
  59: "EIO",
  64: "ENOTCONN",
  112: "ENOSPC",
  433: "ENODEV",
  1117: "EIO",
  1167: "ENODEV",
  1295: "EDQUOT",
};

/** Numbers that no header names: what a kernel answers by mistake instead of `ENOTSUP`, and file systems found broken. */
const unnamedCodes: Partial<Record<typeof Deno.build.os, Readonly<Record<number, string>>>> = {
  linux: { 112: "ENOTCONN", 117: "EIO", 121: "EIO", 123: "ENODEV", 524: "ENOTSUP" },
};

/**
 * The name of a system's error number.
 *
 * @param os The system that gave it.
 * @param named Names and numbers of this system, where it is not Windows.
 * @returns E.g. `"ENOSPC"`; undefined if it has none.
 */
export function codeOfNumber(
  number: number,
  os: typeof Deno.build.os = Deno.build.os,
  named: Readonly<Record<string, number>> = constants.errno,
): string | undefined {
  if (os === "windows") return windowsCodes[number];
  return Object.entries(named).find(([, value]) => value === number)?.[0] ?? unnamedCodes[os]?.[number];
}

/**
 * The system's code of an error, e.g. `"ENOSPC"`, looked for along the chain of causes. Deno names few of them: of the
 * others (`ENOLCK`, `EDQUOT`, `ESTALE`, …) there is only the number, in the message.
 */
export function systemCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
    // In front of the path, which may be called anything.
    const number = /^[^"']*?\(os error (\d{1,5})\)/.exec(at.message)?.[1];
    const named = number === undefined ? undefined : codeOfNumber(Number(number));
    if (named !== undefined) return named;
  }
  return undefined;
}

/** Whether an error says that a disk, or a user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemCode(error) ?? "");
}

/** What tells that the disk is at fault, not the code that used it. */
const diskFaults = ["ENOSPC", "EDQUOT", "EROFS", "EIO", "ENODEV", "ENXIO", "ESTALE", "ENOTCONN"];

/** Whether an error comes from a disk that is full, read-only, broken or gone. */
export function isDiskFault(error: unknown): boolean {
  return diskFaults.includes(systemCode(error) ?? "");
}

/** Whether an error says that a file system cannot do what was asked at all: it has no locks, or no sync. */
export function isUnsupported(error: unknown): boolean {
  return ["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"].includes(systemCode(error) ?? "");
}

/** Whether there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
