/** A folder of results: what others wrote or changed in it is not overwritten. @module */
import { join } from "node:path";
import { digestFile, explainWrite, makeFolderOf, writeAtomically } from "../../pipeline/files/files.ts";
import { isMissing } from "../../pipeline/files/system_error.ts";
import { sha256 } from "../../pipeline/mod.ts";
import { UsageError } from "../terminal/errors.ts";

/** The list of what was written, as `sha256sum` writes it: a file that has another digest was changed by somebody since. */
const listName = "written.sha256";

/** Where a command puts its results. */
export class OutputFolder {
  readonly #written: Map<string, string>;

  private constructor(readonly path: string, written: Map<string, string>) {
    this.#written = written;
  }

  /**
   * Opens a folder, which need not be there yet.
   *
   * @param planned The files that will be written, relative to it, with `/`.
   * @param overwrite Whether any of them may be overwritten.
   * @throws {UsageError} If one of them is there, and was not written by an earlier call or was changed since.
   */
  static async open(path: string, planned: Iterable<string>, overwrite: boolean): Promise<OutputFolder> {
    const known = readList(path);
    const foreign: string[] = [];
    for (const name of overwrite ? [] : planned) {
      const digest = await digestOf(join(path, name));
      if (digest !== undefined && !known.get(name)?.includes(digest)) foreign.push(name);
    }
    if (foreign.length > 0) {
      const which = foreign.length > 1
        ? `"${foreign[0]}" and ${foreign.length - 1} more were`
        : `"${foreign[0]}" was`;
      throw new UsageError(
        `Cannot write to "${path}": ${which} not written by this command, or changed since. Name another folder by --out, ` +
          `or give --overwrite.`,
      );
    }
    return new OutputFolder(path, new Map([...known].map(([name, digests]) => [name, digests.at(-1)!])));
  }

  /** Writes a file, whole or not at all. */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const path = join(this.path, name), digest = sha256(bytes);
    makeFolderOf(path);
    // Listed first: a file that is there is listed, wherever the command was stopped.
    const list = join(this.path, listName), line = `${digest}  ${name}\n`;
    await Deno.writeTextFile(list, line, { append: true }).catch((error) => {
      throw explainWrite(error, list, line.length);
    });
    await writeAtomically(path, bytes);
    this.#written.set(name, digest);
  }

  /** Writes the list anew, each file once. */
  async finish(): Promise<void> {
    const lines = [...this.#written].map(([name, digest]) => `${digest}  ${name}\n`);
    await writeAtomically(join(this.path, listName), new TextEncoder().encode(lines.join("")));
  }
}

/** Digests by name; several where the command was stopped while it wrote. */
function readList(path: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let text: string;
  try {
    text = Deno.readTextFileSync(join(path, listName));
  } catch (error) {
    if (isMissing(error)) return found;
    throw error;
  }
  for (const [, digest, name] of text.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)) {
    found.set(name!, [...found.get(name!) ?? [], digest!]);
  }
  return found;
}

/** The digest of what is at a path; a text that is none for a folder; undefined for nothing. */
async function digestOf(path: string): Promise<string | undefined> {
  try {
    if ((await Deno.lstat(path)).isDirectory) return "a folder";
    return (await digestFile(path)).digest;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
