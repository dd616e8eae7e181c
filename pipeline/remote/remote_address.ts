/** Address and token of a remote store, as a user gives them. @module */
import { ConfigError } from "../errors.ts";

/**
 * An address in the form that paths are put behind.
 *
 * @throws {ConfigError} If it is none, or might hold a secret.
 */
export function checkUrl(given: string): string {
  const say = (rule: string, shown = true) =>
    new ConfigError(`Cannot use the remote cache${shown ? ` "${given}"` : ""}: ${rule}`);
  // What may hold a secret is not repeated.
  if (!URL.canParse(given)) throw say("its address is no URL, e.g. https://cache.example/crossview", false);
  const { protocol, username, password, search, hash, origin, pathname } = new URL(given);
  if (username !== "" || password !== "" || search !== "" || hash !== "") {
    throw say(
      "its address may have no user, password, query or fragment; a token is given apart from it",
      false,
    );
  }
  if (protocol !== "http:" && protocol !== "https:") {
    throw say("its address must begin with http:// or https://");
  }
  return `${origin}${pathname}`.replace(/\/+$/, "");
}

/**
 * Checks what becomes a header's value; here, as whoever refuses it later might name it.
 *
 * @throws {ConfigError} If it cannot be one.
 */
export function checkToken(token: string | undefined, url: string): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return;
  throw new ConfigError(
    `Cannot use the remote cache "${url}": its token is empty, or has a space, a line's end or a sign beyond ASCII in it`,
  );
}
