/**
 * Locks that hold between machines: a lease file that is made by one and kept fresh by a heartbeat. On one machine the
 * kernel's lock comes first, which it frees when its holder dies: a lease whose holder is dead by that, too, is soon taken
 * over, any other after a long silence, and none without one. Who was taken for dead and is not finds out by the lease's
 * token before it writes again. @module
 */
import { dirname, join } from "node:path";
import { canonicalJson, sha256 } from "../plan/canonical_json.ts";
import { LeaseLostError } from "../errors.ts";
import { explainWrite, stampOf } from "../files/files.ts";
import { acquireLockIfAny, type FileLock, type Lock } from "./locks.ts";
import { machineIdentity } from "../run/machine.ts";
import { systemCode } from "../files/system_error.ts";
import { Watch } from "./watch.ts";

/** How leases are kept, in milliseconds. */
export interface LeaseTiming {
  /** Between two heartbeats; 1 s by default. */
  readonly beat?: number;
  /** A lease whose heartbeat was not seen for so long is taken over, whatever the kernel's lock says; 2 min by default. */
  readonly stale?: number;
}

/** Options of {@linkcode acquireLease}. */
export interface LeaseOptions {
  /** Stops the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called once if the lease is taken; once more if its holder seems dead, with the seconds after which it is taken over. */
  readonly waiting?: (takesOverIn?: number) => void;
  /** How it is kept. */
  readonly timing?: LeaseTiming | undefined;
  /** Tells this machine from others; found out by itself. */
  readonly machine?: string;
}

/** A held lease; disposing gives it back. */
export interface Lease extends Lock {
  /** Tells this holding from every other one. */
  readonly token: string;
  /**
   * Comes before everything that its holder writes or removes under it.
   *
   * @throws {LeaseLostError} If it is held no longer.
   * @throws {CacheError} If that cannot be told: its disk is gone.
   */
  check(): void;
}

/** A lease as it was read. */
interface Seen {
  /** Its token; the digest of its text where that is no lease. */
  readonly token: string;
  /** Who holds it; undefined if the text is no lease. */
  readonly machine: string | undefined;
  /** The file that its holder has locked in its kernel, if it has one. */
  readonly lock: unknown;
  /** Between two heartbeats as it says, milliseconds; 0 if it does not. */
  readonly every: number;
  /** Its last heartbeat, in the clock of whoever beats: only ever compared with itself. */
  readonly beat: number;
}

/** A lease that says that it beats less often than this is not believed. */
const rarestBeat = 60_000;
/** Between two looks at a lease, milliseconds. */
const longestPause = 250;
/** Beats that must have been missed before any lease is taken over. */
const missedBeats = 2.5;

/**
 * Waits for a lease. Nothing depends on clocks of different machines being alike: a heartbeat is fresh when it moves.
 *
 * @param directory Where leases lie; made if need be.
 * @param name Name of the lease.
 * @throws {CacheError} If the directory is not writable. The signal's reason if aborted.
 */
export async function acquireLease(
  directory: string,
  name: string,
  options: LeaseOptions = {},
): Promise<Lease> {
  const { signal, timing: { beat = 1000, stale = 120_000 } = {} } = options;
  const machine = options.machine ?? await machineIdentity();
  const said = new Set<boolean>();
  const tell = (takesOverIn?: number) => {
    const isSilent = takesOverIn !== undefined;
    if (!said.has(isSilent)) options.waiting?.(...isSilent ? [takesOverIn / 1000] : []);
    said.add(isSilent);
  };
  const local = await acquireLockIfAny(directory, `${name}@${machine}`, { signal, waiting: tell });
  const path = join(directory, name);
  const who = { machine, lock: local?.file, beat };
  const watch = new Watch(2 * longestPause), claims = new Watch(2 * longestPause);
  try {
    for (let tries = 0;; tries++) {
      signal?.throwIfAborted();
      const seen = read(path);
      if (seen === undefined) {
        const made = await make(path, who);
        if (made !== undefined) return hold(path, made, beat, local);
        continue;
      }
      const quiet = watch.quietFor(seen.token, seen.beat);
      const missed = missedBeats * Math.max(beat, seen.every);
      // Its holder's lock was met free. That it would have kept us out is sure only if it lies where ours does: a kernel may
      // have two mounts of one file system, and two containers one kernel.
      const isFreed = local !== undefined && seen.machine === machine && seen.lock === local.file;
      const patience = seen.machine === undefined
        ? Math.min(stale, 3 * beat) // Whoever holds it beats; what was half-written is written by then.
        : isFreed
        ? missed
        : Math.max(stale, missed);
      if (quiet > patience) {
        const taken = await takeOver(path, seen, who, stale, claims);
        if (taken !== undefined) return hold(path, taken, beat, local);
      } else if (quiet > missed || (isFreed && !watch.hasMoved)) tell(patience - quiet);
      else tell();
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 + tries * 5, longestPause)));
    }
  } catch (error) {
    local?.[Symbol.dispose]();
    throw error;
  }
}

/** What a lease says of its holder. */
interface Holder {
  readonly machine: string;
  readonly lock: string | undefined;
  readonly beat: number;
}

interface Made {
  readonly token: string;
  readonly file: Deno.FsFile;
}

/** Makes the lease if there is none; a reader sees all of its text or none, where the file system has links. */
async function make(path: string, who: Holder): Promise<Made | undefined> {
  const made = await writeAside(path, who);
  try {
    await Deno.link(made.aside, path);
    return made;
  } catch (error) {
    made.file.close();
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    if (error instanceof Deno.errors.NotFound) return undefined; // Someone swept the directory.
    return createHere(path, made.text, made.token);
  } finally {
    await Deno.remove(made.aside).catch(() => {});
  }
}

/** As {@linkcode make}, on a file system without links. */
function createHere(path: string, text: Uint8Array, token: string): Made | undefined {
  try {
    const file = Deno.openSync(path, { write: true, createNew: true });
    file.writeSync(text);
    return { token, file };
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw explainWrite(error, path);
  }
}

async function writeAside(
  path: string,
  { machine, lock, beat }: Holder,
): Promise<Made & { readonly aside: string; readonly text: Uint8Array }> {
  const token = crypto.randomUUID();
  const aside = `${path}.${token}.tmp`;
  const text = new TextEncoder().encode(
    canonicalJson({ machine, pid: Deno.pid, token, beat, ...(lock === undefined ? {} : { lock }) }),
  );
  try {
    const file = await Deno.open(aside, { write: true, createNew: true });
    await file.write(text);
    return { token, file, aside, text };
  } catch (error) {
    throw explainWrite(error, path);
  }
}

function read(path: string, again = true): Seen | undefined {
  let text, beat;
  try {
    // Opened anew each time: that is when a network file system looks at the server.
    using file = Deno.openSync(path);
    beat = file.statSync().mtime?.getTime() ?? 0;
    const bytes = new Uint8Array(4096);
    text = new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    // Replaced on another machine between the opening and the reading.
    if (systemCode(error) === "ESTALE" && again) return read(path, false);
    throw explainWrite(error, path);
  }
  try {
    const { token, machine, lock, beat: given } = JSON.parse(text);
    const every = typeof given === "number" && given > 0 ? Math.min(given, rarestBeat) : 0;
    if (typeof token === "string" && typeof machine === "string") {
      return { token, machine, lock, every, beat };
    }
  } catch { /* told by what follows */ }
  return { token: sha256(text), machine: undefined, lock: undefined, every: 0, beat };
}

/**
 * Puts a lease in the place of a dead one. Of several that try, the one goes on who makes the file that is named after the
 * dead lease's token; whoever makes it later finds that the lease is another one by now.
 */
async function takeOver(
  path: string,
  dead: Seen,
  who: Holder,
  stale: number,
  claims: Watch,
): Promise<Made | undefined> {
  const claim = `${path}.${sha256(dead.token).slice(0, 16)}.taken`;
  try {
    (await Deno.open(claim, { write: true, createNew: true })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw explainWrite(error, claim);
    // Whoever claimed it may have died in the act.
    const made = stampOf(claim)?.modified; // None: who made it is through, and has removed it.
    if (made !== undefined && claims.quietFor(claim, made) > stale) await Deno.remove(claim).catch(() => {});
    return undefined;
  }
  try {
    if (read(path)?.token !== dead.token) return undefined;
    const made = await writeAside(path, who);
    await Deno.rename(made.aside, path);
    return made;
  } finally {
    await Deno.remove(claim).catch(() => {});
  }
}

/** @throws {CacheError} If a folder is not there: then a disk was taken away, and no lease. */
function lookFor(folder: string): void {
  try {
    Deno.statSync(folder);
  } catch (error) {
    throw explainWrite(error, folder);
  }
}

function hold(path: string, { token, file }: Made, beat: number, local: FileLock | undefined): Lease {
  // Its own file's time, which the file system gave, goes on by this process's clock: the host's may be wrong by days.
  const since = performance.now(), made = file.statSync().mtime?.getTime() ?? Date.now();
  const timer = setInterval(() => {
    try {
      const now = new Date(made + performance.now() - since);
      // By its handle: if the lease was taken over meanwhile, this must not keep another's fresh.
      file.utimeSync(now, now);
    } catch { /* the next beat may get through */ }
  }, beat);
  Deno.unrefTimer(timer);
  return {
    token,
    check() {
      const seen = read(path);
      if (seen?.token === token) return;
      if (seen === undefined) lookFor(dirname(path));
      throw new LeaseLostError(
        `Cannot go on: the lease "${path}" ${
          seen === undefined ? "is gone" : "is another process's by now"
        }, as this one was stopped, cut off from its disk or silent for too long. Nothing of the other's was touched; ` +
          "run again to take its result",
      );
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      try {
        if (read(path)?.token === token) Deno.removeSync(path);
      } catch { /* goes stale by itself */ }
      file.close();
      local?.[Symbol.dispose]();
    },
  };
}
