/** Files got, looked for and put over HTTP, bounded in time and in bytes. @module */
import { createReadStream } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { messageOf } from "./errors.ts";

/** A slower server than this has failed: bytes in a second. */
const slowest = 20_000;

/** A server's answer that is no success, or none at all. Its message goes on from the server's name. */
export class HttpFailure extends Error {
  /**
   * @param message What the server does, e.g. `answers 500 for ac/…`.
   * @param status Status of the answer, if there was one.
   */
  constructor(message: string, readonly status?: number) {
    super(message);
  }
}

/** A server sends more bytes than there can be. */
export class TooLong extends Error {}

/** Files below an address. Every method throws {@linkcode HttpFailure} where the server fails, and the signal's reason if aborted. */
export class HttpFiles {
  /**
   * Nothing is asked yet.
   *
   * @param url Address of the files, without a slash at the end.
   * @param token Sent as `Authorization: Bearer …`; in no message.
   * @param patience Milliseconds without a byte after which a request has failed.
   */
  constructor(readonly url: string, readonly token: string | undefined, readonly patience: number) {}

  /**
   * Gets a file, part by part.
   *
   * @returns Whether there is one.
   * @throws {TooLong} If it has more bytes than `limit`.
   */
  async get(
    path: string,
    limit: number,
    take: (chunk: Uint8Array<ArrayBuffer>) => void,
    signal?: AbortSignal,
  ): Promise<boolean> {
    using timer = this.#timer(limit, signal);
    const response = await this.#fetch(path, "GET", timer);
    if (!isThere(response, path)) {
      await response.body?.cancel();
      return false;
    }
    const reader = response.body?.getReader();
    let size = 0;
    for (let part; reader !== undefined && !(part = await this.#within(timer, reader.read())).done;) {
      timer.moved();
      size += part.value.length;
      if (size > limit) {
        await reader.cancel().catch(() => {});
        throw new TooLong(`sends more than ${limit} bytes for ${path}`);
      }
      take(part.value);
    }
    return true;
  }

  /** The length of a file, -1 where the server does not tell; undefined if there is none. */
  async length(path: string, signal?: AbortSignal): Promise<number | undefined> {
    using timer = this.#timer(0, signal);
    const response = await this.#fetch(path, "HEAD", timer);
    if (!isThere(response, path)) return undefined;
    return Number(response.headers.get("content-length") ?? -1);
  }

  /** Puts a file there. Its length goes ahead, which many servers insist on and `fetch` does not do for a stream. */
  async put(path: string, source: string, size: number, signal?: AbortSignal): Promise<void> {
    using timer = this.#timer(size, signal);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const url = new URL(`${this.url}/${path}`);
    const headers = { ...this.#headers(), "content-length": String(size) };
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = start(url, { method: "PUT", headers, signal: timer.signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    const file = createReadStream(source);
    file.on("data", () => timer.moved());
    for (const stream of [file, request]) stream.on("error", reject);
    file.pipe(request);
    const status = await this.#within(timer, promise).finally(() => file.destroy());
    if (status < 200 || status >= 300) throw new HttpFailure(`answers ${status} to ${path}`, status);
  }

  #fetch(path: string, method: string, timer: Timer): Promise<Response> {
    const { signal } = timer;
    // A redirect could lead the token elsewhere.
    const options = { method, headers: this.#headers(), signal, redirect: "manual" } as const;
    return this.#within(timer, fetch(`${this.url}/${path}`, options));
  }

  #headers(): Record<string, string> {
    const given = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    return { "accept-encoding": "identity", ...given };
  }

  /** Waits for a part of a request. */
  async #within<T>(timer: Timer, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      timer.throwIfDone();
      if (error instanceof Deno.errors.NotCapable) {
        throw new HttpFailure("cannot be asked: Deno was not given --allow-net for it", 403);
      }
      throw new HttpFailure(`does not answer (${messageOf(error)})`);
    }
  }

  #timer(size: number, signal?: AbortSignal): Timer {
    return new Timer(this.patience, this.patience + size / slowest * 1000, signal);
  }
}

function isThere(response: Response, path: string): boolean {
  if (response.status === 200) return true;
  if (response.status === 404 || response.status === 410) return false;
  response.body?.cancel().catch(() => {});
  throw new HttpFailure(`answers ${response.status} for ${path}`, response.status);
}

/** Aborts a request that does not move, or takes far too long for its size. */
class Timer {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  readonly #whole: ReturnType<typeof setTimeout>;
  #still: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly patience: number, longest: number, readonly given: AbortSignal | undefined) {
    const { signal } = this.#controller;
    this.signal = given ? AbortSignal.any([given, signal]) : signal;
    this.#whole = setTimeout(() => this.#abort(`less than ${slowest / 1000} kB/s`), longest);
    this.moved();
  }

  #abort(why: string): void {
    this.#controller.abort(new HttpFailure(`does not answer in time (${why})`));
  }

  /** A byte went through. */
  moved(): void {
    clearTimeout(this.#still);
    this.#still = setTimeout(() => this.#abort(`nothing for ${this.patience / 1000} s`), this.patience);
  }

  /** Throws what ended the request from this side. */
  throwIfDone(): void {
    this.given?.throwIfAborted();
    this.#controller.signal.throwIfAborted();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#still);
  }
}
