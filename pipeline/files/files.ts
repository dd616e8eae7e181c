/** Files written so that a reader sees all or nothing, and bookkeeping that proves itself before it is believed. @module */
import { dirname, join } from "node:path";
import { createHash } from "node:crypto";
import { statfsSync } from "node:fs";
import { canonicalJson, sha256 } from "../plan/canonical_json.ts";
import { CacheError, messageOf, UserError } from "../errors.ts";
import { isDiskFault, isDiskFull, isMissing, isUnsupported, systemCode } from "./system_error.ts";

/** What tells that a file is the one seen before, without reading it, on a file system that keeps changes. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Last change, milliseconds since 1970. */
  readonly modified: number;
  /** Last change of content or attributes, which no program can set back; 0 where the system has none. */
  readonly changed: number;
  /** Number of the inode, 0 where the system has none. */
  readonly inode: number;
  /** Number of the device that the file system is mounted from, 0 where the system has none. */
  readonly device: number;
}

/** The stamp of a file, or undefined if there is no such file. */
export function stampOf(path: string): FileStamp | undefined {
  try {
    const info = Deno.statSync(path);
    if (!info.isFile) return undefined;
    return {
      size: info.size,
      modified: info.mtime?.getTime() ?? 0,
      changed: info.ctime?.getTime() ?? 0,
      inode: info.ino ?? 0,
      device: info.dev,
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether two stamps are of the same, unchanged file. */
export function sameStamp(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  return a !== undefined && b !== undefined && a.size === b.size && a.modified === b.modified &&
    a.changed === b.changed && a.inode === b.inode && a.device === b.device;
}

/**
 * Whether a stamp taken at `now` can be trusted later: a file changed again within the clock's grain keeps its stamp,
 * so one that changed in the last 20 ms is read again next time. Deno gives the last change of attributes in whole seconds.
 */
export function isSettled(stamp: FileStamp, now: number): boolean {
  return stamp.modified < now - 20 && stamp.changed < now - 1020;
}

/** Milliseconds that times of change may lag behind the clock: a tick of the system. */
const tick = 10;
/** Milliseconds that a server's clock may be off. */
const drift = 2000;

/**
 * Whether a file's content is what it was at a moment, and has been ever since: by the time of its last change, which Deno
 * gives in whole seconds; within the moment's own second, by the time of its last writing.
 *
 * @param since Milliseconds since 1970.
 * @param ownClock Whether the file system's times are of this machine's clock.
 */
export function isOlder(stamp: FileStamp, since: number, ownClock: boolean): boolean {
  const { modified, changed } = stamp;
  const moment = since - (ownClock ? tick : drift);
  if (changed === 0) return modified < moment;
  if (changed + 1000 <= moment) return true;
  return ownClock && changed <= moment && modified >= changed && modified < moment;
}

/** SHA-256 and size of a file, read as a stream. */
export async function digestFile(path: string): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const chunk = new Uint8Array(1 << 20);
  let size = 0;
  for (let count; (count = await file.read(chunk)) !== null;) {
    hash.update(chunk.subarray(0, count));
    size += count;
  }
  return { digest: hash.digest("hex"), size };
}

/**
 * Removes a file, even one that must not be written, as blobs are: Windows keeps those, other systems ask the folder alone.
 *
 * @param os The system's name.
 */
export async function removeReadOnly(path: string, os: string = Deno.build.os): Promise<void> {
  if (os === "windows") await Deno.chmod(path, 0o644);
  await Deno.remove(path);
}

/**
 * Writes a file aside, syncs it and renames it into place: after a crash there is the old file or the new one.
 *
 * @throws {CacheError} If the file system refuses; nothing half-written stays.
 */
export async function writeAtomically(path: string, data: Uint8Array): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    {
      using file = await Deno.open(aside, { write: true, createNew: true });
      for (let at = 0; at < data.length;) at += await file.write(data.subarray(at));
      await syncFile(file);
    }
    await Deno.rename(aside, path);
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw explainWrite(error, path, data.length);
  }
}

/** Syncs a file; a file system that has no such thing is left alone. */
export async function syncFile(file: Deno.FsFile): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  }
}

/** Syncs a directory, so that a rename in it outlives a power cut. Systems that cannot are left alone. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    using directory = await Deno.open(path);
    await directory.sync();
  } catch { /* a system without directory handles keeps its own order */ }
}

/** Makes the folder that a file is to lie in. @throws {CacheError} If it cannot be made. */
export function makeFolderOf(path: string): void {
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw explainWrite(error, path);
  }
}

/**
 * Turns what a file system throws on a write into an error that names the path and the way out.
 *
 * @param needed Bytes that were to be written.
 */
export function explainWrite(error: unknown, path: string, needed?: number): Error {
  if (error instanceof UserError) return error;
  const code = systemCode(error);
  const makeRoom =
    "Make room there (or shrink the cache with gc), or choose another directory, and run again";
  const way = code === "EDQUOT"
    ? `there is no space left (your quota is used up)${room(undefined, needed)}. ${makeRoom}`
    : isDiskFull(error)
    ? `there is no space left${room(path, needed)}. ${makeRoom}`
    : error instanceof Deno.errors.NotCapable
    ? "Deno was not given write permission for it. Add it to --allow-write"
    : code === "EACCES" || code === "EPERM" || code === "EROFS"
    ? "it is not writable. Choose another directory, or change its permissions"
    : error instanceof Deno.errors.NotFound || isDiskFault(error)
    ? `${
      messageOf(error)
    }. Its directory or disk is gone or broken: bring it back, or choose another one, and run again`
    : messageOf(error);
  return new CacheError(`Cannot write "${path}": ${way}.`, { cause: error });
}

/**
 * Turns what a file system throws on a read of a cache into an error that names the cache and the way out.
 *
 * @param root Of the cache.
 */
export function explainRead(error: unknown, root: string): CacheError {
  const reason = error instanceof Deno.errors.NotCapable
    ? "Deno may not read it. Choose another directory, or add it to --allow-read"
    : isDiskFault(error)
    ? `${messageOf(error)}. Its disk is gone or broken: bring it back, or choose another one, and run again`
    : messageOf(error);
  return new CacheError(`Cannot read the cache "${root}": ${reason}`, { cause: error });
}

/** What is needed and, given a path, what is free there, as far as that can be told. */
function room(path: string | undefined, needed: number | undefined): string {
  const count = (bytes: number) => `${bytes.toLocaleString("en-US")} bytes`;
  const parts = needed === undefined ? [] : [`${count(needed)} are needed`];
  for (let at = path && dirname(path); at !== undefined && parts.length < 2; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      parts.push(`${count(bavail * bsize)} are free`);
    } catch {
      if (at === dirname(at)) break; // Neither directory nor permission: nothing can be told.
      continue;
    }
    break;
  }
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

/** A larger note is none: it holds stamps of files, or a bundle, and is read in one piece. */
const mostNoteBytes = 256 * 2 ** 20;

/** Bookkeeping that is only ever an accelerator: believed if its check digest holds, else forgotten. */
export class Notes {
  readonly #root: string;
  readonly #ready: () => Promise<void>;

  /**
   * Notes in a directory.
   *
   * @param root Directory; made at the first write.
   * @param ready What is to be done before a write.
   */
  constructor(root: string, ready: () => Promise<void>) {
    this.#root = root;
    this.#ready = ready;
  }

  /** The note of a name, or undefined if there is none or its bytes are damaged. */
  read(name: string): unknown {
    try {
      const path = this.#path(name);
      if ((stampOf(path)?.size ?? Infinity) > mostNoteBytes) return undefined;
      const text = Deno.readTextFileSync(path);
      const line = text.indexOf("\n");
      const body = text.slice(line + 1);
      return sha256(body) === text.slice(0, line) ? JSON.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps a note; a cache that cannot be written keeps none, which costs time only. */
  async write(name: string, value: unknown): Promise<void> {
    const body = canonicalJson(value);
    try {
      await this.#ready();
      await writeAtomically(this.#path(name), new TextEncoder().encode(`${sha256(body)}\n${body}`));
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
    }
  }

  #path(name: string): string {
    return join(this.#root, sha256(name));
  }
}
