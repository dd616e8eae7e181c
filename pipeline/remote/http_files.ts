/** Files got, looked for and put over HTTP, bounded in time and in bytes. @module */
import { createReadStream } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { messageOf } from "../errors.ts";
import { HttpFailure, Pace } from "./pace.ts";

/** Bytes that are read of an answer to an upload. */
const mostAnswer = 1 << 16;

/** A server sends more bytes than there can be. */
export class TooLong extends Error {}

/** Files below an address. Every method throws {@linkcode HttpFailure} where the server fails, and the signal's reason if aborted. */
export class HttpFiles {
  #waited = 0;

  /**
   * Nothing is asked yet.
   *
   * @param url Address of the files, without a slash at the end.
   * @param token Sent as `Authorization: Bearer …`; in no message.
   * @param patience As {@linkcode Pace} has it.
   */
  constructor(readonly url: string, readonly token: string | undefined, readonly patience: number) {}

  /** Milliseconds that answers took beyond what their bytes and a second of thought account for. */
  get waited(): number {
    return this.#waited;
  }

  /**
   * Gets a file, part by part.
   *
   * @param limit Most bytes that it may have.
   * @param expected Bytes that its time is reckoned by; `limit` where that is its length.
   * @returns Whether there is one.
   * @throws {TooLong} If it has more bytes than `limit`, or says so. What `take` throws.
   */
  async get(
    path: string,
    { limit, expected = limit }: { readonly limit: number; readonly expected?: number },
    take: (chunk: Uint8Array<ArrayBuffer>) => void,
    signal?: AbortSignal,
  ): Promise<boolean> {
    using pace = this.#pace(expected, signal);
    const response = await this.#fetch(path, "GET", pace);
    const reader = response.body?.getReader();
    try {
      if (!isThere(response, path)) return false;
      if (Number(response.headers.get("content-length") ?? 0) > limit) throw tooLong(path, limit);
      let size = 0;
      for (let part; reader !== undefined && !(part = await this.#within(pace, reader.read())).done;) {
        // A body of many small parts is read on in spite of the signal.
        pace.throwIfDone();
        pace.moved(part.value.length);
        size += part.value.length;
        if (size > limit) throw tooLong(path, limit);
        take(part.value);
      }
      return true;
    } finally {
      // Without effect where all was read: else the server sends on, to nobody. It is not waited for, as it may wait for the server.
      reader?.cancel().catch(() => {});
    }
  }

  /**
   * The length of a file, -1 where the server does not tell; undefined if there is none, or a web page in its place, as a login
   * has for whatever is asked.
   */
  async length(path: string, signal?: AbortSignal): Promise<number | undefined> {
    using pace = this.#pace(0, signal);
    const response = await this.#fetch(path, "HEAD", pace);
    if (!isThere(response, path) || /^text\/html\b/i.test(response.headers.get("content-type") ?? "")) {
      return undefined;
    }
    return Number(response.headers.get("content-length") ?? -1);
  }

  /** Puts a file there. Its length goes ahead, which many servers insist on and `fetch` does not do for a stream. */
  async put(path: string, source: string, size: number, signal?: AbortSignal): Promise<void> {
    using pace = this.#pace(size, signal);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const url = new URL(`${this.url}/${path}`);
    const headers = { ...this.#headers(), "content-length": String(size) };
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = start(url, { method: "PUT", headers, signal: pace.signal }, (response) => {
      let answered = 0;
      const end = () => resolve(response.statusCode ?? 0);
      response.on("end", end).on("close", end).on("error", reject);
      // What it says beyond its status is of no use, and may have no end.
      response.on("data", ({ length }: Uint8Array) => {
        if ((answered += length) > mostAnswer) request.destroy();
      });
    });
    const file = createReadStream(source);
    file.on("data", ({ length }) => pace.moved(length));
    for (const stream of [file, request]) stream.on("error", reject);
    file.pipe(request);
    const status = await this.#within(pace, promise).catch((error) => {
      request.destroy();
      throw error;
    }).finally(() => file.destroy());
    if (status < 200 || status >= 300) throw new HttpFailure(`answers ${status} to ${path}`, status);
  }

  #fetch(path: string, method: string, pace: Pace): Promise<Response> {
    const { signal } = pace;
    // A redirect could lead the token elsewhere.
    const options = { method, headers: this.#headers(), signal, redirect: "manual" } as const;
    return this.#within(pace, fetch(`${this.url}/${path}`, options));
  }

  #headers(): Record<string, string> {
    const given: Record<string, string> = this.token === undefined
      ? {}
      : { authorization: `Bearer ${this.token}` };
    return { "accept-encoding": "identity", ...given };
  }

  /** Waits for a part of a request. */
  async #within<T>(pace: Pace, work: Promise<T>): Promise<T> {
    try {
      return await Promise.race([work, pace.aborted]);
    } catch (error) {
      work.catch(() => {});
      pace.throwIfDone();
      if (error instanceof Deno.errors.NotCapable) {
        throw new HttpFailure("cannot be asked: Deno was not given --allow-net for it", 403);
      }
      throw new HttpFailure(`does not answer (${messageOf(error)})`);
    }
  }

  #pace(size: number, signal?: AbortSignal): Pace {
    return new Pace(this.patience, size, signal, (waited) => this.#waited += waited);
  }
}

function tooLong(path: string, limit: number): TooLong {
  return new TooLong(`sends more than ${limit} bytes for ${path}`);
}

function isThere(response: Response, path: string): boolean {
  if (response.status === 200) return true;
  if (response.status === 404 || response.status === 410) return false;
  throw new HttpFailure(`answers ${response.status} for ${path}`, response.status);
}
