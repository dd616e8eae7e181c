/** Content digests of the external files that a stage reads; an unchanged file is not read again. @module */
import { basename, dirname, resolve } from "node:path";
import { canonicalJson, sha256 } from "./canonical_json.ts";
import type { SourceFile } from "./definition.ts";
import { messageOf, SourceError } from "./errors.ts";
import { digestFile, type FileStamp, isSettled, type Notes, sameStamp, stampOf } from "./files.ts";
import { inLanes } from "./lanes.ts";

/** The sources of a stage, digested. */
export interface SourcesDigest {
  /** SHA-256 of the manifest. */
  readonly digest: string;
  /** The manifest as canonical JSON: logical name → SHA-256 of the content. */
  readonly manifest: string;
  /** How many files had to be read, the others being known by size, time of change and inode. */
  readonly read: number;
}

type Index = Record<string, FileStamp & { readonly digest: string }>;

/**
 * Digests files by content.
 *
 * @param stage Instance id, for messages.
 * @param files What the stage's `sources` gave; logical names must differ.
 * @param notes Where stamps and digests are remembered, a note for each directory.
 * @throws {SourceError} If a file is missing or unreadable, or a name is given twice.
 */
export async function digestSources(
  stage: string,
  files: readonly SourceFile[],
  notes: Notes,
): Promise<SourcesDigest> {
  const directories = new Map<string, SourceFile[]>();
  const names = new Set<string>();
  for (const file of files) {
    if (names.has(file.name)) {
      throw new SourceError(`Cannot read the sources of stage "${stage}": "${file.name}" is named twice`);
    }
    names.add(file.name);
    const directory = dirname(resolve(file.path));
    const members = directories.get(directory);
    if (members === undefined) directories.set(directory, [file]);
    else members.push(file);
  }
  const digests: Record<string, string> = {};
  let read = 0;
  for (const [directory, members] of [...directories].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const note = `sources\n${directory}`;
    const index: Index = { ...notes.read(note) as Index | undefined };
    let changed = false;
    await inLanes(8, members, async (file) => {
      const name = basename(file.path);
      const started = Date.now();
      const stamp = stampFor(stage, file);
      const known = Object.hasOwn(index, name) ? index[name] : undefined;
      if (known !== undefined && sameStamp(known, stamp)) {
        digests[file.name] = known.digest;
        return;
      }
      read++;
      const { digest } = await readDigest(stage, file);
      digests[file.name] = digest;
      if (isSettled(stamp, started)) index[name] = { ...stamp, digest };
      else delete index[name];
      changed = true;
    });
    if (changed) await notes.write(note, index);
  }
  const manifest = canonicalJson(digests);
  return { digest: sha256(manifest), manifest, read };
}

function stampFor(stage: string, file: SourceFile): FileStamp {
  try {
    const stamp = stampOf(file.path);
    if (stamp !== undefined) return stamp;
  } catch (error) {
    throw unreadable(stage, file, messageOf(error));
  }
  throw unreadable(stage, file, "there is no such file");
}

async function readDigest(stage: string, file: SourceFile): Promise<{ digest: string }> {
  try {
    return await digestFile(file.path);
  } catch (error) {
    throw unreadable(stage, file, messageOf(error));
  }
}

function unreadable(stage: string, file: SourceFile, reason: string): SourceError {
  return new SourceError(
    `Cannot read "${file.path}" ("${file.name}", a source of stage "${stage}"): ${reason}`,
  );
}
