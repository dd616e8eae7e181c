/** What tells a cache's folder from any other, and what in it is the cache's own: nothing else is ever removed. @module */
import { join } from "node:path";
import { CacheError } from "../errors.ts";
import { explainRead, stampOf, writeAtomically } from "../files/files.ts";
import { isMissing } from "../files/system_error.ts";

const hex64 = "[0-9a-f]{64}", hex16 = "[0-9a-f]{16}";
const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const whole = (...patterns: string[]) => new RegExp(`^(${patterns.join("|")})$`);

/** Names of the files in each folder of a cache; `aside`: what is being written or claimed there, or was by the dead. */
const fileNames = {
  ac: { own: whole(hex64), aside: whole(`${hex64}\\.${uuid}\\.tmp`) },
  cas: { own: whole(hex64), aside: whole(`${hex64}\\.${uuid}\\.tmp`) },
  notes: { own: whole(hex64), aside: whole(`${hex64}\\.${uuid}\\.tmp`) },
  pins: { own: whole(hex64), aside: whole(`${hex64}\\.${uuid}\\.tmp`) },
  tuning: { own: whole(`${hex16}\\.json`), aside: whole(`${hex16}\\.json\\.${uuid}\\.tmp`) },
  locks: {
    own: whole(`(${hex64}|${uuid})(@${hex16})?`, "collection"),
    aside: whole(`(${hex64}|${uuid})\\.(${uuid}\\.tmp|${hex16}\\.taken)`),
  },
} as const;

/** Names of the folders in each folder of a cache that holds folders. */
const folderNames = { scratch: whole(uuid), checkpoints: whole(hex64) } as const;

/** A folder of a cache that holds files. */
export type FileFolder = keyof typeof fileNames;
/** All of them. */
export const fileFolders = Object.keys(fileNames) as readonly FileFolder[];

/** Whether an entry of a cache's folder is a file that the cache keeps there, or a link in the place of one. */
export function isOwnFile(folder: FileFolder, { name, isDirectory }: Deno.DirEntry): boolean {
  return !isDirectory && fileNames[folder].own.test(name);
}

/** Whether an entry of a cache's folder is a file that a writer has aside, or had when it died. */
export function isAside(folder: FileFolder, { name, isFile }: Deno.DirEntry): boolean {
  return isFile && fileNames[folder].aside.test(name);
}

/** Whether an entry of `scratch` or `checkpoints` is a folder that the cache made. */
export function isOwnFolder(folder: keyof typeof folderNames, { name, isDirectory }: Deno.DirEntry): boolean {
  return isDirectory && folderNames[folder].test(name);
}

const tagName = "CACHEDIR.TAG", markName = "crossview-cache.json";
const version = 1;
/** Programs that back up or search know folders by this that they need not: https://bford.info/cachedir/ */
const tag = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of Crossview: what is in it can be made again.
`;
const rootNames = whole(
  ...["CACHEDIR\\.TAG", "crossview-cache\\.json"].map((name) => `${name}(\\.${uuid}\\.tmp)?`),
);
/** What systems put into folders by themselves. */
const systemNames =
  /^(lost\+found|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory|\.snapshots?|\.Trash.*|\.fuse_hidden.*|\.nfs.*|\.gitignore|\.gitkeep)$/;

/** What stood in the project's own cache before caches were marked, besides the cache: the server of the project's tests. */
const formerName = "test-server";

/** `former`: a cache that was made before caches were marked. */
export type CacheFolderState = "absent" | "empty" | "former" | "marked";

/**
 * Looks whether a folder is a cache, or may become one. Nothing is written.
 *
 * @throws {CacheError} If it holds other things and no mark, is marked by a version unknown here, or cannot be read.
 */
export function cacheFolderState(root: string): CacheFolderState {
  const marked = markedVersion(root);
  if (marked === version) return "marked";
  if (marked !== undefined) {
    throw new CacheError(
      `Cannot use "${root}" as a cache: it is one of version ${marked}, and version ${version} is known here. Name another ` +
        "folder, or update Crossview",
    );
  }
  const entries = list(root);
  if (entries === undefined && stampOf(root) !== undefined) {
    throw new CacheError(`Cannot use "${root}" as a cache: it is a file. Name a folder`);
  }
  if (entries === undefined) return "absent";
  const foreign = entries.flatMap((entry) => foreignIn(root, entry));
  if (foreign.length === 0) return entries.every(({ name }) => isSystem(name)) ? "empty" : "former";
  const some = foreign.sort().slice(0, 3).map((name) => `"${name}"`).join(", ");
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : "";
  throw new CacheError(
    `Cannot use "${root}" as a cache: it holds ${some}${more}, which no cache of Crossview has, and it is not marked as one. ` +
      "Nothing was changed. Name an empty or a new folder (--cache); if this is a cache after all, move those out of it",
  );
}

/** Makes a folder a cache, and marks it: what {@linkcode cacheFolderState} refuses is left as it is. */
export async function claimCacheFolder(root: string): Promise<void> {
  if (cacheFolderState(root) === "marked") return;
  const text = (content: string) => new TextEncoder().encode(content);
  await writeAtomically(join(root, tagName), text(tag));
  await writeAtomically(join(root, markName), text(`${JSON.stringify({ cache: "crossview", version })}\n`));
}

/** The version in a folder's mark; undefined if it has none that can be read as one. */
function markedVersion(root: string): unknown {
  try {
    const { cache, version } = JSON.parse(Deno.readTextFileSync(join(root, markName)));
    return cache === "crossview" && Number.isInteger(version) ? version : undefined;
  } catch {
    return undefined; // None, or one that a power cut emptied: what else the folder holds decides.
  }
}

/** What an entry of a folder is, or holds, that no cache has: paths within the folder. */
function foreignIn(root: string, { name, ...kind }: Deno.DirEntry): string[] {
  if (isSystem(name) || name === formerName) return [];
  const inner = list(join(root, name));
  if (inner === undefined) return kind.isFile && rootNames.test(name) ? [] : [name];
  const isOwn = (entry: Deno.DirEntry) => {
    if (Object.hasOwn(folderNames, name)) return isOwnFolder(name as keyof typeof folderNames, entry);
    const folder = name as FileFolder;
    return Object.hasOwn(fileNames, name) && (isOwnFile(folder, entry) || isAside(folder, entry));
  };
  if (!Object.hasOwn(folderNames, name) && !Object.hasOwn(fileNames, name)) return [name];
  return inner.filter((entry) => !isSystem(entry.name) && !isOwn(entry)).map((entry) =>
    `${name}/${entry.name}`
  );
}

function isSystem(name: string): boolean {
  return systemNames.test(name);
}

/** What a folder holds; undefined if there is no such folder. */
function list(path: string): Deno.DirEntry[] | undefined {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explainRead(error, path);
  }
}
