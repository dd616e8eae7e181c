/**
 * Locks that hold between machines: a lease file that is made by one and kept fresh by a heartbeat. On one machine the
 * kernel's lock comes first, which it frees when its holder dies; a lease of this machine that is met with that lock in hand
 * belongs to the dead. @module
 */
import { join } from "node:path";
import { canonicalJson, sha256 } from "./canonical_json.ts";
import { deputy } from "./deputy.ts";
import { explainWrite, stampOf } from "./files.ts";
import { acquireLockIfAny, type Lock } from "./locks.ts";

/** How leases are kept, in milliseconds. */
export interface LeaseTiming {
  /** Between two heartbeats; 5 s by default. */
  readonly beat?: number;
  /** A lease of another machine whose heartbeat was not seen for so long is taken over; 2 min by default. */
  readonly stale?: number;
}

/** Options of {@linkcode acquireLease}. */
export interface LeaseOptions {
  /** Stops the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called once if the lease is taken. */
  readonly waiting?: () => void;
  readonly timing?: LeaseTiming | undefined;
  /** Tells this machine from others; found out by itself. */
  readonly machine?: string;
}

/** A lease as it was read. */
interface Seen {
  /** Its token; the digest of its text where that is no lease. */
  readonly token: string;
  /** Who holds it; undefined if the text is no lease. */
  readonly machine: string | undefined;
  /** Its last heartbeat, in the clock of whoever beats: only ever compared with itself. */
  readonly beat: number;
}

/**
 * Waits for a lease. Nothing depends on clocks of different machines being alike: a heartbeat is fresh when it moves.
 *
 * A holder that was stopped for longer than `stale` and wakes again may work beside its successor; that costs time, as
 * results are renamed into place whole and have their content's name.
 *
 * @param directory Where leases lie; made if need be.
 * @param name Name of the lease.
 * @throws {CacheError} If the directory is not writable. The signal's reason if aborted.
 */
export async function acquireLease(
  directory: string,
  name: string,
  options: LeaseOptions = {},
): Promise<Lock> {
  const { signal, timing: { beat = 5000, stale = 120_000 } = {} } = options;
  const machine = options.machine ?? await (identity ??= identify());
  let said = false;
  const waiting = () => {
    if (!said) options.waiting?.();
    said = true;
  };
  const local = await acquireLockIfAny(directory, `${name}@${machine}`, { signal, waiting });
  const path = join(directory, name);
  const watch = new Watch();
  try {
    for (let tries = 0;; tries++) {
      signal?.throwIfAborted();
      const seen = read(path);
      if (seen === undefined) {
        const made = await make(path, machine);
        if (made !== undefined) return hold(path, made, beat, local);
        continue;
      }
      const quiet = watch.quietFor(seen);
      const isDead = seen.machine === undefined
        ? quiet > Math.min(stale, 3 * beat) // Whoever holds it beats; what was half-written is written by then.
        : quiet > stale || (local !== undefined && seen.machine === machine);
      if (isDead) {
        const taken = await takeOver(path, seen, machine, stale);
        if (taken !== undefined) return hold(path, taken, beat, local);
      } else waiting();
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 + tries * 5, 250)));
    }
  } catch (error) {
    local?.[Symbol.dispose]();
    throw error;
  }
}

/** For how long a heartbeat has not moved, by this process's own clock. */
class Watch {
  #last: Seen | undefined;
  #since = 0;

  quietFor(seen: Seen): number {
    if (seen.token !== this.#last?.token || seen.beat !== this.#last.beat) this.#since = performance.now();
    this.#last = seen;
    return performance.now() - this.#since;
  }
}

interface Made {
  readonly token: string;
  readonly file: Deno.FsFile;
}

/** Makes the lease if there is none; a reader sees all of its text or none, where the file system has links. */
async function make(path: string, machine: string): Promise<Made | undefined> {
  const made = await writeAside(path, machine);
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
  machine: string,
): Promise<Made & { readonly aside: string; readonly text: Uint8Array }> {
  const token = crypto.randomUUID();
  const aside = `${path}.${token}.tmp`;
  const text = new TextEncoder().encode(canonicalJson({ machine, pid: Deno.pid, token }));
  try {
    const file = await Deno.open(aside, { write: true, createNew: true });
    await file.write(text);
    return { token, file, aside, text };
  } catch (error) {
    throw explainWrite(error, path);
  }
}

function read(path: string): Seen | undefined {
  let text, beat;
  try {
    // Opened anew each time: that is when a network file system looks at the server.
    using file = Deno.openSync(path);
    beat = file.statSync().mtime?.getTime() ?? 0;
    const bytes = new Uint8Array(4096);
    text = new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw explainWrite(error, path);
  }
  try {
    const { token, machine } = JSON.parse(text);
    if (typeof token === "string" && typeof machine === "string") return { token, machine, beat };
  } catch { /* told by what follows */ }
  return { token: sha256(text), machine: undefined, beat };
}

/**
 * Puts a lease in the place of a dead one. Of several that try, the one goes on who makes the file that is named after the
 * dead lease's token; whoever makes it later finds that the lease is another one by now.
 */
async function takeOver(
  path: string,
  dead: Seen,
  machine: string,
  stale: number,
): Promise<Made | undefined> {
  const claim = `${path}.${sha256(dead.token).slice(0, 16)}.taken`;
  try {
    (await Deno.open(claim, { write: true, createNew: true })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw explainWrite(error, claim);
    // Whoever claimed it may have died in the act.
    const made = stampOf(claim)?.modified; // None: who made it is through, and has removed it.
    if (made !== undefined && Math.abs(Date.now() - made) > stale) await Deno.remove(claim).catch(() => {});
    return undefined;
  }
  try {
    if (read(path)?.token !== dead.token) return undefined;
    const made = await writeAside(path, machine);
    await Deno.rename(made.aside, path);
    return made;
  } finally {
    await Deno.remove(claim).catch(() => {});
  }
}

function hold(path: string, { token, file }: Made, beat: number, local: Lock | undefined): Lock {
  const timer = setInterval(() => {
    try {
      // By its handle: if the lease was taken over meanwhile, this must not keep another's fresh.
      file.utimeSync(new Date(), new Date());
    } catch { /* the next beat may get through */ }
  }, beat);
  Deno.unrefTimer(timer);
  return {
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

let identity: Promise<string> | undefined;

/** Tells this machine, since it was started, from others. */
async function identify(): Promise<string> {
  const boot = "/proc/sys/kernel/random/boot_id";
  const name = await Deno.readTextFile(boot).catch(() => undefined) ?? await output("cat", boot) ??
    await output("hostname") ?? crypto.randomUUID();
  return sha256(name.trim()).slice(0, 16);
}

/** Deno guards /proc and the host's name more closely than programs that tell them. */
async function output(program: string, ...args: string[]): Promise<string | undefined> {
  const other = deputy();
  if (other !== undefined) return await other.output(program, args);
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}
