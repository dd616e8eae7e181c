/** Brings published lists into the folder of lists: read, verified, and only then written. @module */
import type { Download } from "./download.ts";
import { firstDifference } from "./line_checks.ts";
import type { PublishedList } from "./lists.ts";
import type { Partition } from "./manifest.ts";
import { isMissing, ListDifferenceError, PartitionError, readListFile, verifyList } from "./reader.ts";

/** Where lists are taken from. */
export interface ListSource {
  /** How messages call it. */
  readonly name: string;
  /** What there is under each list's path; never throws for a list that cannot be had. */
  read(lists: readonly PublishedList[]): Promise<ReadonlyMap<string, Download>>;
}

/** What became of one partition. */
export interface Installed {
  readonly name: string;
  /**
   * `present`: its lists were there already; `written`: they are there now; `absent`: the source does not have it;
   * `refused`: something is wrong with what the source has, and nothing of it was written.
   */
  readonly state: "present" | "written" | "absent" | "refused";
  /** Paths that were written. */
  readonly written: readonly string[];
  /** Paths among those where another file lay before. */
  readonly replaced: readonly string[];
  /** What is wrong, for the user. */
  readonly problems: readonly string[];
}

/**
 * Installs partitions.
 *
 * A partition's lists are written all or none. Files that are as published already are left alone.
 *
 * @param folder The folder of lists; nothing is written outside it, symbolic links included.
 * @param write Writes one file so that a reader sees all of it or nothing.
 * @throws {PartitionError} If a folder on the way is a link that leads outside.
 */
export async function installPartitions(
  partitions: readonly Partition[],
  source: ListSource,
  folder: string,
  write: (path: string, bytes: Uint8Array) => Promise<void>,
): Promise<Installed[]> {
  const root = folder.replace(/\/+$/, "");
  const lists = new Map(partitions.flatMap(listsOf).map((list) => [list.path, list]));
  const before = new Map<string, "published" | "other" | "none">();
  for (const list of lists.values()) before.set(list.path, await stateOf(list, `${root}/${list.path}`));
  const wanted = [...lists.values()].filter(({ path }) => before.get(path) !== "published");
  const found = wanted.length === 0 ? new Map<string, Download>() : await source.read(wanted);
  const results: Installed[] = [];
  for (const partition of partitions) results.push(await one(partition));
  return results;

  async function one(partition: Partition): Promise<Installed> {
    const { name } = partition;
    const missing = listsOf(partition).filter(({ path }) => before.get(path) !== "published");
    const result = (state: Installed["state"], more: Partial<Installed> = {}) => ({
      name,
      state,
      written: [],
      replaced: [],
      problems: [],
      ...more,
    });
    if (missing.length === 0) return result("present");
    const gone = (list: PublishedList) => {
      const got = found.get(list.path);
      return got !== undefined && "missing" in got && got.missing;
    };
    if ([partition.labeled, partition.unlabeled].every(gone)) return result("absent");
    const verified: { path: string; bytes: Uint8Array }[] = [], problems: string[] = [];
    for (const list of missing) {
      const got = checked(list, found.get(list.path)!, source.name);
      if (typeof got === "string") problems.push(got);
      else verified.push({ path: list.path, bytes: got });
    }
    if (problems.length > 0) return result("refused", { problems });
    const replaced = verified.map(({ path }) => path).filter((path) => before.get(path) === "other");
    for (const { path, bytes } of verified) {
      await assertInside(root, path);
      await write(`${root}/${path}`, bytes);
      before.set(path, "published");
    }
    return result("written", { written: verified.map(({ path }) => path), replaced });
  }
}

/** A list's bytes as published, or what is wrong with those that came. */
function checked(list: PublishedList, got: Download, source: string): Uint8Array | string {
  if ("problem" in got) return `Cannot get "${list.path}" from ${source}: ${got.problem}.`;
  try {
    // The message quotes list and source as one name.
    return new TextEncoder().encode(
      verifyList(list, got.bytes, `${list.path} of ${source.replaceAll('"', "")}`),
    );
  } catch (error) {
    return explain(error);
  }
}

/** What is wrong with a list, with the first line that differs where that can be told. */
export function explain(error: unknown): string {
  if (!(error instanceof PartitionError)) throw error;
  if (!(error instanceof ListDifferenceError)) return error.message;
  const at = firstDifference(error.list, error.text);
  if (at === undefined) return error.message;
  const found = at.found === undefined
    ? "the list ends before it"
    : `it is ${JSON.stringify(at.found.slice(0, 200))}`;
  return `${error.message} The first line that differs is line ${at.line}: ${found}.`;
}

function listsOf({ labeled, unlabeled, validation }: Partition): PublishedList[] {
  return [labeled, unlabeled, validation];
}

async function stateOf(list: PublishedList, path: string): Promise<"published" | "other" | "none"> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readListFile(list, path);
  } catch (error) {
    // What cannot be read is written anew, and writing says what is in the way.
    return isMissing(error) ? "none" : "other";
  }
  if (bytes === undefined) return "other";
  try {
    verifyList(list, bytes, path);
    return "published";
  } catch {
    return "other";
  }
}

/** Refuses to write through a link that leads out of the folder. */
async function assertInside(root: string, path: string): Promise<void> {
  await Deno.mkdir(root, { recursive: true }).catch((cause) => {
    throw new PartitionError(`Cannot make the folder of lists "${root}": ${cause.message}.`, { cause });
  });
  const real = await Deno.realPath(root);
  let at = root;
  for (const part of path.split("/").slice(0, -1)) {
    at = `${at}/${part}`;
    try {
      if (!(await Deno.realPath(at)).startsWith(`${real}/`)) {
        throw new PartitionError(
          `Cannot write "${root}/${path}": "${at}" is a link that leads out of the folder of lists. Remove the link.`,
        );
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
  }
}
