/**
 * A store on a server: files got, looked for and put over HTTP, as Bazel's caches have it. It is never trusted and never
 * waited for without end; all that can go wrong with it is said once and costs time only. @module
 */
import { createHash } from "node:crypto";
import type { StoredFile } from "../cache/entry.ts";
import { explainWrite } from "../files/files.ts";
import { HttpFiles, TooLong } from "./http_files.ts";
import { HttpFailure } from "./pace.ts";
import { checkToken, checkUrl } from "./remote_address.ts";

/** How a remote store is reached. */
export interface RemoteOptions {
  /** Where its `ac/` and `cas/` lie: `http://` or `https://`, without user, query or fragment. */
  readonly url: string;
  /** Whether results are put there, too; they are not by default. */
  readonly write?: boolean;
  /** Sent as `Authorization: Bearer …`; in no message. */
  readonly token?: string | undefined;
  /** Told what went wrong, each thing once. */
  readonly notice?: (message: string) => void;
  /**
   * Milliseconds in which at least 20 kB/s must have moved, else a request has failed; 20 s by default. The store is left alone
   * once twice as long was waited for it in vain, over all requests.
   */
  readonly patience?: number;
  /** Failures in a row after which the store is left alone; 3 by default. */
  readonly failures?: number;
  /** Most bytes taken for one result; 50 GB by default, as the local cache's bound. */
  readonly maxBytes?: number;
}

/** Wrong files in a row after which a store is left alone. */
const mostLies = 3;

/** A failed request is tried once more after so many milliseconds. */
const pause = 300;

/** Texts are as long, or hardly longer: bytes that the time for one is reckoned by. */
const usualText = 1e6;

/** What a server sent is not what its name promises. */
class Lie extends Error {}

/** A remote store. */
export class Remote {
  /** Its address, for messages. */
  readonly url: string;
  /** Most bytes taken for one result. */
  readonly maxBytes: number;
  readonly #options: RemoteOptions;
  readonly #http: HttpFiles;
  readonly #patience: number;
  readonly #bad = new Set<string>();
  #failures = 0;
  #lies = 0;
  readonly #said = new Set<string>();
  #unanswered: string | undefined;
  #isAway = false;
  #takesUploads: boolean;

  /**
   * A remote store; nothing is asked of it yet.
   *
   * @throws {ConfigError} If the address or the token cannot be one.
   */
  constructor(options: RemoteOptions) {
    this.#options = options;
    this.url = checkUrl(options.url);
    checkToken(options.token, this.url);
    this.#patience = options.patience ?? 20_000;
    this.#http = new HttpFiles(this.url, options.token, this.#patience);
    this.#takesUploads = options.write ?? false;
    this.maxBytes = options.maxBytes ?? 50e9;
  }

  /** Whether it has been given up. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** The first request that failed twice, for whoever gives account of all of them; a failure or two is no reason to be loud. */
  get unanswered(): string | undefined {
    return this.#unanswered;
  }

  /** Whether results may be put there. */
  get takesUploads(): boolean {
    return this.#takesUploads && !this.#isAway;
  }

  /**
   * Says that a file there cannot be used; a right one will be put in its place, if that is allowed. A store with wrong files alone
   * is none, as one behind a login is, and is left.
   */
  distrust(path: string, why: string): void {
    this.pass(path, why);
    if (++this.#lies >= mostLies) this.#leave(`has nothing right (${this.#lies} wrong files in a row)`);
  }

  /** Says that a file there is of no use as things are, which is no fault of it; nothing where that follows from what was said. */
  pass(path: string, why?: string): void {
    if (why !== undefined && !this.#isAway && !this.#bad.has(path)) this.#say(`${why}. It is not used`);
    this.#bad.add(path);
  }

  /** Whether a file there was found of no use. */
  isOfNoUse(path: string): boolean {
    return this.#bad.has(path);
  }

  /** Says something, the first time. */
  sayOnce(message: string, kind = message): void {
    if (!this.#said.has(kind)) this.#say(message);
    this.#said.add(kind);
  }

  /** A text of at most `limit` bytes; undefined if there is none, or it cannot be had. */
  async text(path: string, limit: number, signal?: AbortSignal): Promise<string | undefined> {
    if (this.#bad.has(path)) return undefined;
    // One that grows: whoever sends single bytes would make a list of them cost a hundred times as much.
    let bytes = new Uint8Array(1 << 16), size = 0;
    const got = await this.#attempt(path, async () => {
      size = 0;
      return await this.#http.get(path, { limit, expected: usualText }, (chunk) => {
        if (size + chunk.length > bytes.length) {
          const more = new Uint8Array(2 * (size + chunk.length));
          more.set(bytes.subarray(0, size));
          bytes = more;
        }
        bytes.set(chunk, size);
        size += chunk.length;
      }, signal);
    }, signal);
    return got === true ? new TextDecoder().decode(bytes.subarray(0, size)) : undefined;
  }

  /**
   * Writes a file of known digest to disk, synced; its bytes are checked on the way.
   *
   * @returns Whether it is there, whole and right; nothing stays if not. Undefined if that cannot be told.
   * @throws {CacheError} If the disk refuses. The signal's reason if aborted.
   */
  async download(
    path: string,
    wanted: StoredFile,
    target: string,
    signal?: AbortSignal,
  ): Promise<boolean | undefined> {
    if (this.#bad.has(path)) return false;
    let isRight: boolean | undefined;
    try {
      isRight = await this.#attempt(path, async () => {
        using file = openNew(target);
        const hash = createHash("sha256");
        let size = 0;
        const isThere = await this.#http.get(path, { limit: wanted.size }, (chunk) => {
          hash.update(chunk);
          size += chunk.length;
          writeAll(file, chunk, target);
        }, signal);
        if (!isThere) return false;
        if (size !== wanted.size) throw new Lie(`has ${size} bytes under ${path}, not ${wanted.size}`);
        if (hash.digest("hex") !== wanted.digest) {
          throw new Lie(`has other bytes under ${path} than the name says`);
        }
        await file.sync();
        return true;
      }, signal);
      if (isRight === true) this.#lies = 0;
      return this.#bad.has(path) ? false : isRight;
    } finally {
      if (isRight !== true) await Deno.remove(target).catch(() => {});
    }
  }

  /** Whether a file is there, in this length and not found wrong before; undefined if that cannot be told. */
  async has(path: string, size?: number, signal?: AbortSignal): Promise<boolean | undefined> {
    if (this.#bad.has(path)) return false;
    const length = await this.#attempt(
      path,
      async () => await this.#http.length(path, signal) ?? false,
      signal,
    );
    return typeof length === "number" ? size === undefined || length === -1 || length === size : length;
  }

  /** Puts a file there; false if it could not be. */
  async upload(path: string, source: string, size: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.takesUploads) return false;
    const done = await this.#attempt(
      path,
      async () => {
        await this.#http.put(path, source, size, signal);
        return true;
      },
      signal,
      (status) => {
        // Whoever may read need not be allowed to write.
        this.putNoMore(`answers ${status} to an upload`);
      },
    );
    if (done === true) this.#bad.delete(path);
    return done === true;
  }

  /** Says why it takes no uploads any more; it is read on. */
  putNoMore(why: string): void {
    if (this.#takesUploads) this.#say(`The remote cache ${this.url} ${why}: no result is put there any more`);
    this.#takesUploads = false;
  }

  /** Does a request, once more if it fails; undefined if it fails again. `refused` is told of an answer that will not change. */
  async #attempt<T>(
    path: string,
    body: () => Promise<T>,
    signal?: AbortSignal,
    refused = (status: number) => {
      const way = status === 401 || status === 403 ? " (is the token missing, or a wrong one?)" : "";
      this.#leave(`answers ${status}${way}`);
    },
  ): Promise<T | undefined> {
    for (let again = false; !this.#isAway; again = true) {
      signal?.throwIfAborted();
      try {
        const result = await body();
        this.#failures = 0;
        if (this.#isSpent) {
          this.#leave(`is too slow (${Math.round(this.#http.waited / 1000)} s were waited for it in vain)`);
        }
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Lie || error instanceof TooLong) {
          return void this.distrust(path, `The remote cache ${this.url} ${error.message}`);
        }
        if (!(error instanceof HttpFailure)) throw error;
        const { status = 500, message } = error;
        if (status < 500 && status !== 408 && status !== 429) return void refused(status);
        if (again || this.#isSpent) {
          this.#unanswered ??= this.#withoutToken(`The remote cache ${this.url} ${message}`);
          if (++this.#failures >= (this.#options.failures ?? 3) || this.#isSpent) this.#leave(message);
          return undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return undefined;
  }

  /** Whether more was waited for it than a command may wait. */
  get #isSpent(): boolean {
    return this.#http.waited > 2 * this.#patience;
  }

  #leave(why: string): void {
    if (!this.#isAway) this.#say(`The remote cache ${this.url} ${why}: going on without it`);
    this.#isAway = true;
  }

  #say(message: string): void {
    this.#options.notice?.(this.#withoutToken(message));
  }

  #withoutToken(message: string): string {
    const { token } = this.#options;
    return token === undefined ? message : message.replaceAll(token, "…");
  }
}

function openNew(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw explainWrite(error, path);
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array, path: string): void {
  try {
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  } catch (error) {
    throw explainWrite(error, path);
  }
}
