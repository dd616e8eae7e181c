/** The remote cache that the environment names. @module */
import { type Cache, ConfigError, Remote, RemoteCache } from "../pipeline/mod.ts";
import { remoteVariables } from "./host/variables.ts";
import type { Output } from "./output.ts";

/** Part of the help of commands that use it. */
export const remoteHelp =
  `With ${remoteVariables.url}=https://… in the environment, results are looked for there before they are
made; with ${remoteVariables.mode}=read-write they are put there, too. ${remoteVariables.token} is sent as a
bearer token. Every byte is checked; a server that is slow, away or wrong costs time only.`;

/**
 * The remote cache behind a cache.
 *
 * @returns Undefined if the environment names none.
 * @throws {ConfigError} If a variable cannot be used.
 */
export function remoteOf(cache: Cache, output: Output): RemoteCache | undefined {
  const value = (name: string) => Deno.env.get(name)?.trim() || undefined;
  const url = value(remoteVariables.url);
  if (url === undefined) return undefined;
  const mode = value(remoteVariables.mode) ?? "read";
  if (mode !== "read" && mode !== "read-write") {
    throw new ConfigError(
      `Cannot read ${remoteVariables.mode}: it is "${mode}"; it must be read or read-write.`,
    );
  }
  const token = value(remoteVariables.token);
  const notice = (message: string) => output.note(message);
  return new RemoteCache(cache, new Remote({ url, write: mode === "read-write", token, notice }));
}

/**
 * As {@linkcode remoteOf}, where there is nothing to do without one.
 *
 * @throws {ConfigError} If the environment names none, too.
 */
export function needRemote(cache: Cache, output: Output): RemoteCache {
  const remote = remoteOf(cache, output);
  if (remote !== undefined) return remote;
  throw new ConfigError(
    `Cannot reach a remote cache: ${remoteVariables.url} is not set. Give its address there, e.g. https://cache.example/crossview.`,
  );
}
