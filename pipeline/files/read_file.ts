/** Reads files whole after a look at what they are: a device has no end, and a pipe may never answer. @module */
import { messageOf, UserError } from "../errors.ts";
import { isMissing } from "./system_error.ts";

/** A file that cannot be read whole. */
export class FileReadError extends UserError {
  /** Class name, for logs. */
  override readonly name = "FileReadError";
  /**
   * An error about one file.
   *
   * @param path The file.
   * @param reason Why it cannot be read.
   * @param missing Whether there is nothing at the path.
   * @param options `cause`: what the system threw.
   */
  constructor(
    readonly path: string,
    readonly reason: string,
    readonly missing: boolean,
    options?: ErrorOptions,
  ) {
    super(`Cannot read "${path}": ${reason}`, options);
  }
}

/**
 * The size of a regular file, or of one that a link leads to.
 *
 * @param most Bytes that are read at most.
 * @throws {FileReadError} If there is nothing at the path, or a folder, pipe, device, socket or endless link, or it is
 *   larger, or may not be looked at.
 */
export function fileSize(path: string, most: number): number {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    throw explainRead(error, path);
  }
  if (!info.isFile) throw new FileReadError(path, `it is no file but ${kindOf(info)}`, false);
  if (info.size <= most) return info.size;
  throw new FileReadError(path, `it has ${info.size} bytes; ${most} are read`, false);
}

/**
 * Reads a file whole, and never more than it has: files that a kernel makes up have no size, and some have no end.
 *
 * @param most Bytes that are read at most.
 * @throws {FileReadError} As {@linkcode fileSize}, and if the system does not give the bytes.
 */
export async function readFileWhole(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(fileSize(path, most));
  try {
    using file = await Deno.open(path);
    for (let at = 0; at < bytes.length;) at += counted(await file.read(bytes.subarray(at)));
  } catch (error) {
    throw explainRead(error, path);
  }
  return bytes;
}

/** {@linkcode readFileWhole}, for short files: the text in UTF-8. */
export function readTextWholeSync(path: string, most: number): string {
  const bytes = new Uint8Array(fileSize(path, most));
  try {
    using file = Deno.openSync(path);
    for (let at = 0; at < bytes.length;) at += counted(file.readSync(bytes.subarray(at)));
  } catch (error) {
    throw explainRead(error, path);
  }
  return new TextDecoder().decode(bytes);
}

function counted(read: number | null): number {
  if (read === null) throw new Error("it became shorter while it was read");
  return read;
}

function kindOf(info: Deno.FileInfo): string {
  if (info.isDirectory) return "a folder";
  if (info.isFifo) return "a named pipe";
  if (info.isSocket) return "a socket";
  return info.isCharDevice || info.isBlockDevice ? "a device" : "something else";
}

function explainRead(error: unknown, path: string): FileReadError {
  const options = { cause: error };
  if (isMissing(error)) {
    return new FileReadError(path, "there is no such file", true, options);
  }
  const reason = error instanceof Deno.errors.FilesystemLoop
    ? "it is a symbolic link that leads back to itself"
    : error instanceof Deno.errors.PermissionDenied
    ? "its permissions, or those of a folder above it, do not allow to read it"
    : messageOf(error);
  return new FileReadError(path, reason, false, options);
}
