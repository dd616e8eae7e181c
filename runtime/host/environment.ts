/** The process's surroundings: what programs tell, and facts that are recorded with results. @module */
import { join } from "node:path";
import { sha256 } from "../../pipeline/mod.ts";
import { runForOutput } from "./programs.ts";
import { origin, packageName, projectRoot, version } from "./place.ts";
import { isConnected, request } from "./requests.ts";

/** Whether programs are started by the launcher for this process, which may start none. */
export function asksLauncher(): boolean {
  return isConnected() && Deno.permissions.querySync({ name: "run" }).state !== "granted";
}

/** Runs a program and gives its output, or undefined if it is missing or fails, or if the launcher does not run it for us. */
export async function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  if (!asksLauncher()) return await runForOutput(program, args);
  return await request("output", program, ...args).catch(() => undefined) as string | undefined;
}

/** Facts recorded with each result, so that it can be made again elsewhere: they are no part of a key. */
export async function hostFacts(): Promise<Record<string, string>> {
  const machine = { deno: Deno.version.deno, system: `${Deno.build.os} ${Deno.build.arch}` };
  if (origin !== "clone") return { ...machine, package: `${packageName}@${version}` };
  const git = (...args: string[]) => outputOf("git", ["-C", projectRoot, ...args]);
  const commit = await git("rev-parse", "--short=12", "HEAD");
  const changes = commit === undefined ? undefined : await git("status", "--porcelain");
  const lock = await Deno.readFile(join(projectRoot, "deno.lock")).catch(() => undefined);
  return {
    ...machine,
    ...(lock === undefined ? {} : { lock: sha256(lock) }),
    ...(commit === undefined ? {} : { commit }),
    ...(changes === undefined ? {} : { commitIs: changes === "" ? "clean" : "changed" }),
  };
}
