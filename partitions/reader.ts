/** Reads a partition's lists from a folder, and holds them against what was published. */
import { createHash } from "node:crypto";
import { type PublishedList, publishedLists } from "./lists.ts";
import { type Partition, partitions } from "./manifest.ts";

/** A partition cannot be read, or is not the published one. The message is for the user. */
export class PartitionError extends Error {
  override readonly name = "PartitionError";
}

/** A list has other content than was published under its name. */
export class ListDifferenceError extends PartitionError {
  /**
   * @param list What was wanted.
   * @param text What is there, with LF line ends.
   * @param message For the user.
   */
  constructor(readonly list: PublishedList, readonly text: string, message: string) {
    super(message);
  }
}

/** The text of one verified list, and where it lies. */
export interface VerifiedList {
  readonly path: string;
  /** With LF line ends. */
  readonly text: string;
}

/** The verified lists of a partition. */
export interface VerifiedPartition {
  readonly partition: Partition;
  readonly labeled: VerifiedList;
  readonly unlabeled: VerifiedList;
  readonly validation: VerifiedList;
}

/** @throws {PartitionError} If there is no partition of that name. */
export function findPartition(name: string): Partition {
  const found = partitions.find((partition) => partition.name === name);
  if (found !== undefined) return found;
  throw new PartitionError(
    `Cannot find the partition "${name}". Known: ${
      partitions.map((partition) => partition.name).join(", ")
    }.`,
  );
}

/** Paths of a partition's three lists in a folder. */
export function partitionPaths(partition: Partition, folder: string) {
  const at = (list: PublishedList) => `${folder.replace(/\/+$/, "")}/${list.path}`;
  return {
    labeled: at(partition.labeled),
    unlabeled: at(partition.unlabeled),
    validation: at(partition.validation),
  };
}

/**
 * Reads and verifies the lists of a partition.
 *
 * @param name e.g. `"pascal/366"`.
 * @param folder The folder of lists, with `pascal/366/labeled.txt` and so on below it.
 * @throws {PartitionError} If the name is unknown, a list is missing, or a list differs from the published one; the
 *   message says in what.
 */
export async function readPartition(name: string, folder: string): Promise<VerifiedPartition> {
  const partition = findPartition(name);
  const paths = partitionPaths(partition, folder);
  const read = async (role: "labeled" | "unlabeled" | "validation"): Promise<VerifiedList> => {
    const path = paths[role];
    let bytes: Uint8Array | undefined;
    try {
      bytes = await readListFile(partition[role], path);
    } catch (cause) {
      if (!isMissing(cause)) {
        throw new PartitionError(`Cannot read "${path}": ${(cause as Error).message}. Get the lists again.`, {
          cause,
        });
      }
      throw new PartitionError(
        `Cannot read the partition "${name}": there is no file "${path}". Get the published lists: ` +
          `"partitions get ${name}"; or name their folder.`,
        { cause },
      );
    }
    if (bytes === undefined) {
      throw new PartitionError(
        `Cannot use "${path}" as the published list "${
          partition[role].path
        }": it is no file, or far longer than ` +
          `${partition[role].bytes} bytes. Get the list again.`,
      );
    }
    return { path, text: verifyList(partition[role], bytes, path) };
  };
  return {
    partition,
    labeled: await read("labeled"),
    unlabeled: await read("unlabeled"),
    validation: await read("validation"),
  };
}

/** Most bytes taken for a list: with CRLF it is longer than published, and one that is wrong is worth a look, but not any. */
export function mostBytes({ bytes, count }: PublishedList): number {
  return bytes + count + 65536;
}

/** The bytes at a list's path, or undefined if that is no file, or longer than {@linkcode mostBytes}. What the system throws is thrown. */
export async function readListFile(list: PublishedList, path: string): Promise<Uint8Array | undefined> {
  const { isFile, size } = await Deno.stat(path);
  return isFile && size <= mostBytes(list) ? await Deno.readFile(path) : undefined;
}

/**
 * Holds a list's bytes against the published ones. CRLF line ends, as git may make them, are read as LF.
 *
 * @returns The list's text.
 * @throws {ListDifferenceError} Saying what differs.
 */
export function verifyList(published: PublishedList, bytes: Uint8Array, path: string): string {
  const text = new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  const digest = (content: string) => createHash("sha256").update(content).digest("hex");
  const found = digest(text);
  if (found === published.sha256) return text;
  throw new ListDifferenceError(
    published,
    text,
    `Cannot use "${path}" as the published list "${published.path}": ${difference()}. Get the list again, or give your ` +
      `own lists through the config's lists instead of a partition's name.`,
  );

  function difference(): string {
    const other = publishedLists.find(({ sha256 }) => sha256 === found);
    if (other !== undefined) {
      return `it is the published list "${other.path}"; results on the two must not be mixed`;
    }
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    if (lines.length !== published.count) {
      return `it has ${lines.length} lines, ${published.count} were published`;
    }
    const trimmed = lines.map((line) => line.trim());
    const spelled = [trimmed.join("\n"), trimmed.join("\n") + "\n"];
    if (spelled.some((candidate) => digest(candidate) === published.sha256)) {
      return "it differs in white space only (blank lines, spaces at line ends, the last line end)";
    }
    const repeated = lines.length - new Set(lines).size;
    if (repeated > 0) return `it has the published number of lines, but ${repeated} of them are repeated`;
    return `it has the published ${published.count} lines, but other ids or another order (SHA-256 ` +
      `${found.slice(0, 12)}…, published ${published.sha256.slice(0, 12)}…)`;
  }
}

/** Whether there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
