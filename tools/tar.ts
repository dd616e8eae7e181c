/** Archives as npm has them: files of a tar, without folders, links or names longer than 255 characters. @module */

const block = 512;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replace(/\0.*$/s, "");

/**
 * The files of an archive: name → content.
 *
 * @throws {SyntaxError} If an entry is no file: nothing else is in what `deno pack` writes.
 */
export function readTar(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + block <= bytes.length && bytes[at] !== 0;) {
    const header = bytes.subarray(at, at + block);
    const prefix = text(header.subarray(345, 500)), short = text(header.subarray(0, 100));
    const name = prefix === "" ? short : `${prefix}/${short}`;
    const type = String.fromCharCode(header[156]!);
    // A space is what deno pack writes for a file.
    if (!"0 \0".includes(type)) {
      throw new SyntaxError(`Cannot read the archive: "${name}" is of type "${type}", no file`);
    }
    const size = parseInt(text(header.subarray(124, 136)), 8);
    files.set(name, bytes.slice(at + block, at + block + size));
    at += block * (1 + Math.ceil(size / block));
  }
  return files;
}

/** An archive of files in the order of their names, without times or owners: the same files give the same bytes. */
export function writeTar(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const [name, content] of [...files].sort(([a], [b]) => a < b ? -1 : 1)) {
    parts.push(headerOf(name, content.length), content);
    parts.push(new Uint8Array((block - content.length % block) % block));
  }
  parts.push(new Uint8Array(2 * block));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A header of the format ustar. */
function headerOf(name: string, size: number): Uint8Array {
  const header = new Uint8Array(block);
  const put = (value: string, at: number) => header.set(new TextEncoder().encode(value), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0") + "\0";
  const cut = name.length <= 100 ? -1 : name.indexOf("/", name.length - 101);
  put(name.slice(cut + 1), 0);
  if (cut > 0) put(name.slice(0, cut), 345);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(0, 11), 136);
  put(" ".repeat(8), 148);
  put("0", 156);
  put("ustar\x0000", 257);
  put(octal(header.reduce((sum, byte) => sum + byte, 0), 6) + " ", 148);
  return header;
}
