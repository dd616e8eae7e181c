/** What a stage reads of its sources, held against the manifest that its key was made of. @module */
import { resolve } from "node:path";
import { sha256 } from "./canonical_json.ts";
import { SourceError, StageError } from "../errors.ts";
import type { Prepared } from "./prepare.ts";
import { FileReadError, readFileWhole } from "../files/read_file.ts";

/**
 * The bytes of a source, if they are those that the key was made of, and its logical name.
 *
 * @param most Bytes that are read at most.
 * @throws {SourceError} If it has other bytes now, or is gone. {@linkcode FileReadError} If it is no file, larger or unreadable.
 *   {@linkcode StageError} If the stage does not name it.
 */
export async function readSource(
  { node, sources }: Prepared,
  path: string,
  most: number,
): Promise<{ readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const source = sources?.files.get(resolve(path));
  if (source === undefined) {
    throw new StageError(
      node.id,
      `Stage "${node.id}" reads "${path}" and does not name it in its \`sources\``,
    );
  }
  const bytes = await readFileWhole(path, most).catch((cause) => {
    if (!(cause instanceof FileReadError) || !cause.missing) throw cause;
    throw new SourceError(
      `Cannot read "${path}" ("${source.name}", a source of stage "${node.id}"), which was there as the run began: ` +
        cause.reason,
      { cause },
    );
  });
  const digest = sha256(bytes);
  if (digest !== source.digest) {
    throw new SourceError(
      `Cannot use "${path}" ("${source.name}", a source of stage "${node.id}"): it has changed since the run began. The ` +
        `result's key names the content ${source.digest.slice(0, 12)}, and ${
          digest.slice(0, 12)
        } was read. ` +
        `Nothing of it is kept: run again`,
    );
  }
  return { name: source.name, bytes };
}
