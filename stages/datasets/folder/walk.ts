/** Looks through folders for pictures. @module */
import { messageOf } from "../../../pipeline/errors.ts";
import { isMissing } from "../../../pipeline/files/system_error.ts";
import { DataError, joinPath } from "../errors.ts";
import { codePointOrder } from "./order.ts";
import { isPictureName } from "./pattern.ts";

/** Files that lie together in what was written: of a run, of predictions. */
const written = [["run.json", "events.jsonl"], ["written.sha256"]];

/** What lies in folders. */
export interface FoundFiles {
  /** Pictures by their names: paths relative to the root, with `/`, by code points. */
  readonly pictures: readonly string[];
  /**
   * Other files, in the same order: hidden ones, those of the system, and what is called otherwise than pictures are; and folders
   * that were written by a run or by predictions, with a slash at their end.
   */
  readonly others: readonly string[];
}

/**
 * Finds all files below folders, links followed, but none that leads into a folder which it lies in.
 *
 * @param folders Relative to the root; `""` is the root. One within another is looked through once.
 * @throws {DataError} If a folder is missing or may not be read, or a name is no UTF-8.
 */
export function findFiles(root: string, folders: readonly string[]): FoundFiles {
  const pictures = new Set<string>(), others = new Set<string>();
  for (const folder of folders) visit(folder, []);
  const sorted = (paths: Set<string>) => [...paths].sort(codePointOrder);
  return { pictures: sorted(pictures), others: sorted(others) };

  function visit(folder: string, above: readonly string[]): void {
    const path = folder === "" ? root : joinPath(root, folder);
    const { real, entries } = listed(path);
    if (above.includes(real)) return;
    if (isWritten(entries)) return void others.add(`${folder}/`);
    for (const entry of entries) {
      const at = folder === "" ? entry.name : `${folder}/${entry.name}`;
      assertNamed(at, joinPath(root, at));
      const isHidden = entry.name.startsWith(".") || entry.name === "__MACOSX";
      if (isFolder(entry, joinPath(root, at))) {
        if (!isHidden) visit(at, [...above, real]);
      } else (isHidden || !isPictureName(entry.name) ? others : pictures).add(at);
    }
  }
}

function listed(path: string): { real: string; entries: Deno.DirEntry[] } {
  try {
    return { real: Deno.realPathSync(path), entries: [...Deno.readDirSync(path)] };
  } catch (cause) {
    const reason = isMissing(cause) ? "there is no such folder" : messageOf(cause);
    throw new DataError(
      `Cannot look through "${path}": ${reason}. Name the folders of images and masks by load.images and load.masks, ` +
        `relative to load.root.`,
      { cause },
    );
  }
}

/** Whether a folder is what a run or `predict` leaves behind, whose pictures are no data. */
function isWritten(entries: readonly Deno.DirEntry[]): boolean {
  const names = new Set(entries.map(({ name }) => name));
  return written.some((marks) => marks.every((mark) => names.has(mark)));
}

/** A name that is no UTF-8 is given with marks in the place of its bytes, and by these no file is found. */
function assertNamed(at: string, path: string): void {
  if (!at.includes("\ufffd")) return;
  try {
    Deno.lstatSync(path);
  } catch (cause) {
    throw new DataError(
      `Cannot read "${path}": its name is no UTF-8, and cannot be told. Rename it, or move it away.`,
      { cause },
    );
  }
}

/** A link that leads nowhere is no folder: as a file it is missed by name when it is read. */
function isFolder(entry: Deno.DirEntry, path: string): boolean {
  if (!entry.isSymlink) return entry.isDirectory;
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
