/** Lists in a copy on disk: a checkout of UniMatch or of CCVC, or a folder of lists. @module */
import type { Download } from "./download.ts";
import type { ListSource } from "./install.ts";
import { type PublishedList, publishedLists } from "./lists.ts";
import { listFolders } from "./publishers.ts";
import { isMissing, mostBytes, PartitionError } from "./reader.ts";

/**
 * Finds the lists in a folder.
 *
 * @throws {PartitionError} If there are none.
 */
export async function folderSource(folder: string): Promise<ListSource> {
  const root = folder.replace(/\/+$/, "");
  for (const prefix of listFolders) {
    for (const { path } of publishedLists) {
      if (!await isFile(`${root}/${prefix}${path}`)) continue;
      return { name: `"${root}"`, read: (lists) => readLists(`${root}/${prefix}`, lists) };
    }
  }
  const places = listFolders.map((prefix) => `${prefix}pascal/366/labeled.txt`).join(", ");
  throw new PartitionError(
    `Cannot find lists in "${root}": there is none of ${places} and the like. Name a checkout of UniMatch or of CCVC, or ` +
      `the folder that holds pascal/ and cityscapes/.`,
  );
}

async function readLists(
  root: string,
  lists: readonly PublishedList[],
): Promise<Map<string, Download>> {
  const found = new Map<string, Download>();
  for (const list of lists) found.set(list.path, await readList(`${root}${list.path}`, mostBytes(list)));
  return found;
}

async function readList(path: string, limit: number): Promise<Download> {
  try {
    const info = await Deno.stat(path);
    if (!info.isFile) return { problem: "it is no file", missing: false };
    if (info.size > limit) {
      return {
        problem: `it has ${info.size} bytes, more than the ${limit} that are allowed`,
        missing: false,
      };
    }
    return { bytes: await Deno.readFile(path) };
  } catch (error) {
    if (isMissing(error)) return { problem: `there is no file "${path}"`, missing: true };
    return { problem: error instanceof Error ? error.message : String(error), missing: false };
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new PartitionError(`Cannot read "${path}": ${error instanceof Error ? error.message : error}.`);
  }
}
