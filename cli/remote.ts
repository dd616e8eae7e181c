/** The remote cache that the environment names. @module */
import { type Cache, ConfigError, Remote, RemoteCache } from "../pipeline/mod.ts";
import { networkPermission } from "./permissions.ts";
import type { Terminal } from "./terminal.ts";

/** Names of the variables. */
export const remoteVariables = {
  /** Address. */
  url: "CROSSVIEW_REMOTE_CACHE",
  /** `read`, the default, or `read-write`. */
  mode: "CROSSVIEW_REMOTE_CACHE_MODE",
  /** Bearer token. */
  token: "CROSSVIEW_REMOTE_CACHE_TOKEN",
} as const;

/** The remote cache's host may not be reached: the command is to be started again with a permission for it, and for no other. */
export class NetworkNeeded extends Error {
  /** Class name, for logs. */
  override readonly name = "NetworkNeeded";
  /** @param permission The flag that is lacking. */
  constructor(readonly permission: string) {
    super(`The remote cache needs ${permission}`);
  }
}

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
 * @throws {NetworkNeeded} If this process may not reach it.
 */
export function remoteOf(cache: Cache, terminal: Terminal): RemoteCache | undefined {
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
  const notice = (message: string) => terminal.note(message);
  const remote = new Remote({ url, write: mode === "read-write", token, notice });
  const { hostname, port, protocol } = new URL(url);
  const lacking = networkPermission(`${hostname}:${port || (protocol === "https:" ? "443" : "80")}`);
  if (lacking !== undefined) throw new NetworkNeeded(lacking);
  return new RemoteCache(cache, remote);
}

/**
 * As {@linkcode remoteOf}, where there is nothing to do without one.
 *
 * @throws {ConfigError} If the environment names none, too.
 */
export function needRemote(cache: Cache, terminal: Terminal): RemoteCache {
  const remote = remoteOf(cache, terminal);
  if (remote !== undefined) return remote;
  throw new ConfigError(
    `Cannot reach a remote cache: ${remoteVariables.url} is not set. Give its address there, e.g. https://cache.example/crossview.`,
  );
}
