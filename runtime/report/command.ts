/** The command that gives a run again. @module */
import type { RunRecord } from "../runs/run_folder.ts";

/**
 * As it is typed in a shell of POSIX, in the project's folder; undefined where a program made the pipeline.
 */
export function repeatCommand({ experiment, method, seed, set }: RunRecord): string | undefined {
  if (experiment === undefined) return undefined;
  const start = method === undefined
    ? ["train", experiment, "--seed", String(seed)]
    : ["compare", experiment, "--methods", method, "--seeds", String(seed)];
  return ["deno", "task", ...start, ...set.flatMap((text) => ["--set", text])].map(quoted).join(" ");
}

/** A word of a shell; one with characters that cannot be typed is given by their numbers. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${
    word.replaceAll(/[\\']/g, "\\$&").replaceAll(
      /\p{Cc}/gu,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
  }'`;
}
