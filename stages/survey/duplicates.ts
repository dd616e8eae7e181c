/** Finds images that are in two roles by what their files hold, whatever they are called. @module */
import { createHash } from "node:crypto";
import { FileReadError, fileSize, readFileWhole } from "../../pipeline/files/read_file.ts";
import { decodingBudget } from "../codecs/image.ts";
import type { DataRole } from "./role_survey.ts";

/** An image's file and its role. */
export interface RoleFile {
  readonly role: DataRole;
  readonly id: string;
  readonly path: string;
}

/** Files of the same bytes. */
export type Duplicates = readonly RoleFile[];

/**
 * Finds files of the same bytes in two roles. Only files that have a size in common are read.
 *
 * @param onFile Is told how many of those were read.
 */
export async function findDuplicates(
  files: readonly RoleFile[],
  onFile: (done: number, of: number) => void = () => {},
): Promise<Duplicates[]> {
  const bySize = Map.groupBy(files, ({ path }) => sizeOf(path));
  const candidates = [...bySize].filter(([size, group]) => size !== undefined && isAcross(group)).flatMap((
    [, group],
  ) => group);
  const byContent = new Map<string, RoleFile[]>();
  for (const [index, file] of candidates.entries()) {
    onFile(index + 1, candidates.length);
    const digest = await digestOf(file.path);
    if (digest === undefined) continue;
    byContent.set(digest, [...byContent.get(digest) ?? [], file]);
  }
  return [...byContent.values()].filter(isAcross);
}

function isAcross(group: readonly RoleFile[]): boolean {
  return new Set(group.map(({ role }) => role)).size > 1;
}

/** What cannot be read is said by whoever decodes it. */
function sizeOf(path: string): number | undefined {
  try {
    return fileSize(path, decodingBudget);
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    return undefined;
  }
}

async function digestOf(path: string): Promise<string | undefined> {
  try {
    return createHash("sha256").update(await readFileWhole(path, decodingBudget)).digest("hex");
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    return undefined;
  }
}
