/** Snakemake, where it is. @module */
import { delimiter, dirname } from "node:path";
import { runForOutput } from "../../../runtime/host/programs.ts";

/** What a machine without it lacks, for the names of tests. */
export const lacksSnakemake = await runForOutput("snakemake", ["--version"]) === undefined
  ? "there is no snakemake (apt-get install snakemake)"
  : undefined;

/** Starts Snakemake in a folder that has a Snakefile. */
export function startSnakemake(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  const path = [dirname(Deno.execPath()), env.PATH ?? Deno.env.get("PATH") ?? ""].join(delimiter);
  return new Deno.Command("snakemake", {
    args: [...args],
    cwd: folder,
    // It keeps a copy of each Snakefile in the user's cache otherwise.
    env: { NO_COLOR: "1", ...env, PATH: path, XDG_CACHE_HOME: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs Snakemake. @returns Its exit status, and all that it said. */
export async function snakemake(
  folder: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly said: string }> {
  const { code, stdout, stderr } = await startSnakemake(folder, args, env).output();
  return { code, said: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n") };
}
