/** Content digests of the external files that a stage reads; one that is known to be unchanged is not read again. @module */
import { basename, dirname, resolve } from "node:path";
import { canonicalJson, sha256 } from "./canonical_json.ts";
import type { SourceFile } from "../language/definition.ts";
import { messageOf, SourceError } from "../errors.ts";
import { digestFile, type FileStamp, isSettled, type Notes, sameStamp, stampOf } from "../files/files.ts";
import { type FileSystems, onePass, systemFileSystems } from "../files/file_systems.ts";
import { inLanes } from "../run/lanes.ts";

/** The sources of a stage, digested. */
export interface SourcesDigest {
  /** SHA-256 of the manifest. */
  readonly digest: string;
  /** The manifest as canonical JSON: logical name → SHA-256 of the content. */
  readonly manifest: string;
  /** The files: absolute path → logical name and SHA-256. */
  readonly files: ReadonlyMap<string, { readonly name: string; readonly digest: string }>;
  /** How many files had to be read, the others being known by device, inode, size and time of change. */
  readonly read: number;
}

type Index = Record<string, FileStamp & { readonly digest: string }>;

/**
 * Digests files by content. Stamps stand for it on file systems that keep changes alone: elsewhere every file is read.
 *
 * @param stage Instance id, for messages.
 * @param files What the stage's `sources` gave; logical names must differ.
 * @param notes Where stamps and digests are remembered, a note for each directory.
 * @param fileSystems What is asked of the file systems that hold the files.
 * @throws {SourceError} If a file is missing or unreadable, or a name is given twice.
 */
export async function digestSources(
  stage: string,
  files: readonly SourceFile[],
  notes: Notes,
  fileSystems: FileSystems = systemFileSystems,
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
  const found = new Map<string, { name: string; digest: string }>();
  const traits = onePass(fileSystems);
  let read = 0;
  for (const [directory, members] of [...directories].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const note = `sources\n${directory}`;
    const index: Index = { ...notes.read(note) as Index | undefined };
    let changed = false;
    await inLanes(8, members, async (file) => {
      const name = basename(file.path);
      const started = Date.now();
      const stamp = stampFor(stage, file);
      const { keepsChanges } = traits(file.path, stamp.device);
      const known = keepsChanges && Object.hasOwn(index, name) ? index[name] : undefined;
      const isKnown = known !== undefined && sameStamp(known, stamp);
      const { digest } = isKnown ? known : await readDigest(stage, file);
      digests[file.name] = digest;
      found.set(resolve(file.path), { name: file.name, digest });
      if (isKnown) return;
      read++;
      if (keepsChanges && isSettled(stamp, started)) index[name] = { ...stamp, digest };
      else if (!Object.hasOwn(index, name)) return;
      else delete index[name];
      changed = true;
    });
    if (changed) await notes.write(note, index);
  }
  const manifest = canonicalJson(digests);
  return { digest: sha256(manifest), manifest, files: found, read };
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
