/** The command that gives a run again. @module */
import type { RunRecord } from "../runs/run_folder.ts";
import { shellWord } from "../shell_word.ts";

/**
 * As it is typed in a shell of POSIX, in the project's folder; undefined where a program made the pipeline.
 */
export function repeatCommand({ experiment, method, until, seed, set }: RunRecord): string | undefined {
  if (experiment === undefined) return undefined;
  const start = method === undefined
    ? ["train", experiment, "--seed", String(seed)]
    : ["compare", experiment, "--methods", method, "--seeds", String(seed)];
  const end = until === undefined ? [] : ["--until", until];
  return ["deno", "task", ...start, ...set.flatMap((text) => ["--set", text]), ...end].map(shellWord).join(
    " ",
  );
}
