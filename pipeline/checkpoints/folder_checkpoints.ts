/** Checkpoints as files: each state carries the digest of its bytes in its name, and is there whole or not at all. @module */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { sha256 } from "../plan/canonical_json.ts";
import { isCheckpointFile } from "./checkpoint_folders.ts";
import type { Checkpoints, CheckpointTiming, LoadedState, StateSize } from "./checkpoints.ts";
import { CacheError, messageOf } from "../errors.ts";
import { digestFile, explainWrite, stampOf, syncDirectory, syncFile } from "../files/files.ts";
import { isDiskFull } from "../files/system_error.ts";

/** States kept. */
const KEPT = 2;
/** Least seconds between two states, unless told. */
const LEAST_SECONDS = 30;
/** Share of the time that saving may take, unless told. */
const SHARE = 0.01;
/** What a disk is taken to write, bytes a second, before the first state was timed. */
const ASSUMED_RATE = 250e6;
/** The list of parts at the start of a state takes no more than this. */
const MOST_HEADER = 1 << 16;

interface StateFile {
  readonly name: string;
  /** Counts the states of a key: the order they were saved in. */
  readonly number: number;
  readonly position: number;
  readonly digest: string;
}

/** Checkpoints in a directory, which is made at the first write. */
export class FolderCheckpoints implements Checkpoints {
  readonly #now: () => number;
  readonly #every: number | undefined;
  #interval: number;
  #since: number;
  /** Once it was there it is never made again: if it is missing, its disk is gone. */
  #isMade = false;
  /** Parts for the next state. */
  #fresh = new Set<string>();

  /**
   * The checkpoints of a directory.
   *
   * @param root Their directory.
   * @param timing When to save.
   * @param fence Comes before everything that is written or removed: throws if another has taken over.
   */
  constructor(
    readonly root: string,
    { every, now = () => performance.now() / 1000 }: CheckpointTiming = {},
    readonly fence: () => void = () => {},
  ) {
    this.#now = now;
    this.#every = every;
    this.#interval = every ?? LEAST_SECONDS;
    this.#since = now();
  }

  load<T>(size: StateSize, decode: (bytes: Uint8Array<ArrayBuffer>) => T): Promise<LoadedState<T>> {
    return this.#fenced(() => this.#load(size, decode));
  }

  async #load<T>(
    { about, most }: StateSize,
    decode: (bytes: Uint8Array<ArrayBuffer>) => T,
  ): Promise<LoadedState<T>> {
    this.#interval = this.#every ?? Math.max(LEAST_SECONDS, about / ASSUMED_RATE / SHARE);
    this.#since = this.#now();
    const damage: string[] = [];
    let state: { position: number; value: T } | undefined;
    for (const file of (await this.#states()).toReversed()) {
      if (state !== undefined) break;
      try {
        state = { position: file.position, value: decode(await this.#read(file, most + MOST_HEADER)) };
      } catch (error) {
        // What cannot be read now may be read later: it is not damaged, and nothing is given up for it.
        if (error instanceof CacheError) throw error;
        damage.push(`the checkpoint at ${file.position} is damaged (${messageOf(error)})`);
        await this.#remove(file.name);
      }
    }
    await this.#sweep();
    this.#isMade = state !== undefined;
    return { state, damage };
  }

  due(): boolean {
    return this.#now() - this.#since >= this.#interval;
  }

  save(
    position: number,
    make: () => Promise<readonly Uint8Array[] | undefined>,
    parts: readonly string[],
  ): Promise<{ bytes: number; seconds: number } | undefined> {
    return this.#fenced(() => this.#save(position, make, parts));
  }

  async #save(
    position: number,
    make: () => Promise<readonly Uint8Array[] | undefined>,
    parts: readonly string[],
  ): Promise<{ bytes: number; seconds: number } | undefined> {
    const started = this.#now();
    const made = await make();
    if (made === undefined) return undefined;
    const header = new TextEncoder().encode(JSON.stringify({ parts: [...new Set(parts)].sort() }) + "\n");
    const pieces = [header, ...made];
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    for (const digest of parts) await this.#syncPart(digest);
    const before = await this.#states();
    const name = `state-${String((before.at(-1)?.number ?? 0) + 1).padStart(8, "0")}-at-${position}`;
    try {
      await this.#write(name, pieces, size);
    } catch (error) {
      const [oldest, ...others] = before;
      if (!isDiskFull(error) || oldest === undefined || others.length === 0) throw error;
      // The newer of the two is enough to go on from, and its room may do.
      await this.#remove(oldest.name);
      await this.#sweep();
      await this.#write(name, pieces, size);
    }
    for (const { name } of (await this.#states()).slice(0, -KEPT)) await this.#remove(name);
    this.#fresh.clear();
    await this.#sweep();
    this.#since = this.#now();
    const seconds = this.#since - started;
    this.#interval = this.#every ?? Math.max(LEAST_SECONDS, seconds / SHARE);
    return { bytes: size, seconds };
  }

  addPart(bytes: Uint8Array, others: readonly string[]): Promise<string> {
    return this.#fenced(() => this.#addPart(bytes, others));
  }

  async #addPart(bytes: Uint8Array, others: readonly string[]): Promise<string> {
    const digest = sha256(bytes);
    this.#fresh = new Set([...others, digest]);
    await this.#sweep();
    const path = this.#partPath(digest);
    // Looked at anew, as a part may lie there that a process was killed on, or that is damaged.
    if (stampOf(path)?.size === bytes.length && (await digestFile(path)).digest === digest) return digest;
    const aside = `${path}.tmp`;
    try {
      await this.#make();
      await this.#remove(`part-${digest}.tmp`);
      await Deno.writeFile(aside, bytes, { createNew: true });
      this.fence();
      await Deno.rename(aside, path);
    } catch (error) {
      await Deno.remove(aside).catch(() => {});
      throw explainWrite(error, path, bytes.length);
    }
    return digest;
  }

  copyPart(digest: string, path: string): Promise<void> {
    return this.#fenced(async () => {
      try {
        await Deno.copyFile(this.#partPath(digest), path);
      } catch (error) {
        throw explainWrite(error, path, stampOf(this.#partPath(digest))?.size);
      }
    });
  }

  /** Does what needs the lock. Where it fails because another has taken over, and these files with it, that is what is said. */
  async #fenced<T>(work: () => Promise<T>): Promise<T> {
    this.fence();
    try {
      return await work();
    } catch (error) {
      this.fence();
      throw error;
    }
  }

  async #make(): Promise<void> {
    if (!this.#isMade) await Deno.mkdir(this.root, { recursive: true });
    this.#isMade = true;
  }

  #partPath(digest: string): string {
    return join(this.root, `part-${digest}`);
  }

  /** The states there are, oldest first. */
  async #states(): Promise<StateFile[]> {
    const found = (await this.#entries()).flatMap(({ name, isFile }) => {
      if (!isFile) return []; // A link may lead to what has no end, and nothing here makes one.
      const match = /^state-(\d{8,15})-at-(\d{1,15})-([0-9a-f]{64})$/.exec(name);
      if (match === null) return [];
      return [{ name, number: Number(match[1]), position: Number(match[2]), digest: match[3]! }];
    });
    return found.sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
  }

  async #entries(): Promise<Deno.DirEntry[]> {
    return await this.#reading(async () => {
      try {
        return await Array.fromAsync(Deno.readDir(this.root));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    });
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw new CacheError(`Cannot read the checkpoints in "${this.root}": ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** A state's bytes behind its header; throws what is wrong with them, or with a part. */
  async #read({ name, digest }: StateFile, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const path = join(this.root, name);
    const size = stampOf(path)?.size ?? 0;
    if (size > mostBytes) throw new Error(`it has ${size} bytes, and ${mostBytes} are the most`);
    const bytes = await this.#reading(() => Deno.readFile(path));
    if (sha256(bytes) !== digest) throw new Error("its bytes are not those its name says");
    for (const part of partsOf(bytes)) {
      const isThere = stampOf(this.#partPath(part)) !== undefined;
      const found = isThere ? await this.#reading(() => digestFile(this.#partPath(part))) : undefined;
      if (found?.digest !== part) {
        throw new Error(`the weights that belong to it are ${found ? "damaged" : "missing"}`);
      }
    }
    return bytes.subarray(bytes.indexOf(0x0a) + 1);
  }

  async #write(name: string, pieces: readonly Uint8Array[], size: number): Promise<void> {
    const aside = join(this.root, `${name}.tmp`);
    const hash = createHash("sha256");
    try {
      await this.#make();
      await this.#remove(`${name}.tmp`);
      {
        using file = await Deno.open(aside, { write: true, createNew: true });
        for (const piece of pieces) {
          hash.update(piece);
          for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
        }
        await syncFile(file);
      }
      this.fence();
      await Deno.rename(aside, join(this.root, `${name}-${hash.digest("hex")}`));
    } catch (error) {
      await Deno.remove(aside).catch(() => {});
      throw explainWrite(error, join(this.root, name), size);
    }
    await syncDirectory(this.root);
  }

  async #syncPart(digest: string): Promise<void> {
    if (!this.#fresh.has(digest)) return;
    try {
      using file = await Deno.open(this.#partPath(digest), { read: true, write: true });
      await syncFile(file);
    } catch (error) {
      throw explainWrite(error, this.#partPath(digest));
    }
  }

  /** Removes half-written files, and parts that no state needs. */
  async #sweep(): Promise<void> {
    const needed = new Set(this.#fresh);
    const names = (await this.#entries()).map(({ name }) => name).sort();
    for (const { name } of await this.#states()) {
      for (const digest of await this.#partsNamed(name)) needed.add(digest);
    }
    for (const name of names) {
      const part = /^part-([0-9a-f]{64})$/.exec(name)?.[1];
      const isHalf = isCheckpointFile(name) && name.endsWith(".tmp");
      if (isHalf || (part !== undefined && !needed.has(part))) await this.#remove(name);
    }
  }

  /** The parts that a state names, its bytes unchecked. */
  async #partsNamed(name: string): Promise<readonly string[]> {
    try {
      using file = await Deno.open(join(this.root, name));
      const start = new Uint8Array(MOST_HEADER);
      return partsOf(start.subarray(0, await file.read(start) ?? 0));
    } catch {
      return [];
    }
  }

  async #remove(name: string): Promise<void> {
    this.fence();
    await Deno.remove(join(this.root, name)).catch(() => {});
  }
}

/** @throws If the bytes do not start with a list of digests. */
function partsOf(bytes: Uint8Array): string[] {
  const end = bytes.indexOf(0x0a);
  if (end < 0) throw new Error("it has no header");
  const { parts } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  if (!Array.isArray(parts) || !parts.every((part) => /^[0-9a-f]{64}$/.test(part))) {
    throw new Error("its header lists no parts");
  }
  return parts;
}
