/** The code that this process runs: fingerprinted once, and only where its files are known to be what was loaded. @module */
import { isIn, libraryRoot } from "./library.ts";
import { canonicalJson } from "../plan/canonical_json.ts";
import { type Code, codeName, codeOf, isUnchanged } from "./code.ts";
import type { AnyStage } from "../language/definition.ts";
import { CodeError, UserError } from "../errors.ts";
import { type FileSystems, onePass, systemFileSystems } from "../files/file_systems.ts";
import { type FileStamp, isOlder, type Notes, stampOf } from "../files/files.ts";

/** Before this moment, milliseconds since 1970, no code outside the library had been loaded. */
let outsideSince = performance.timeOrigin;
/** Name of a stage's code → the code. */
const loaded = new Map<string, Code>();
/** File → SHA-256 of what was loaded of it. */
const contents = new Map<string, string>();

/** Whether no code outside the library has been loaded since it was said that it follows. */
let isFirst = false;
/** Milliseconds between two looks at a file that has just changed, and that they go on at most. */
const glance = 50, patience = 3500;

/**
 * Says that no code outside the library has been loaded yet, so that a file of an experiment may have changed until now.
 * Without it, none may have changed since the process started.
 */
export function outsideCodeFollows(): void {
  outsideSince = Date.now();
  isFirst = true;
}

/**
 * Comes before a module outside the library is loaded. If it is the first, and was put there a moment ago, it is waited until
 * the times of its change tell what came first: a copy keeps its old time of writing, and Deno gives the time of a file's
 * change in whole seconds.
 */
export async function outsideCodeComes(path: string): Promise<void> {
  const stamp = stampIfAny(path), began = performance.now();
  if (!isFirst || stamp === undefined) return;
  const { ownClock } = systemFileSystems(path, stamp.device);
  while (!isOlder(stamp, Date.now(), ownClock) && performance.now() - began < patience) {
    await new Promise((resolve) => setTimeout(resolve, glance));
  }
  outsideCodeFollows();
  isFirst = false;
}

/**
 * The code of stages as this process loaded it, whatever has become of the files since: asked again, it is the same.
 *
 * Deno loads a module before anything can ask for its hash. So a code is believed only if none of its files has changed
 * since the process started: what is hashed then is what was loaded.
 *
 * @throws {CodeError} If a file has changed since, or a part of a stage's code would escape the hash.
 */
export async function loadedCode(stages: readonly AnyStage[], notes: Notes): Promise<Map<AnyStage, Code>> {
  const found = await codeOf(stages.filter((stage) => !loaded.has(codeName(stage))), notes);
  const traits = onePass(systemFileSystems);
  for (const [stage, code] of found) {
    for (const [path, digest] of Object.entries(code.files)) {
      const before = contents.get(path);
      if (before === undefined ? !isUntouched(path, digest, traits) : before !== digest) {
        throw undecided(stage, path);
      }
    }
    for (const [path, digest] of Object.entries(code.files)) contents.set(path, digest);
    loaded.set(codeName(stage), code);
  }
  return new Map(stages.map((stage) => [stage, loaded.get(codeName(stage))!]));
}

/**
 * Whether the files still say what this process loaded of a stage's code; comments and formatting say nothing. Whatever keeps
 * them from being hashed, such as half an edit, means that they do not.
 */
export async function isStillLoaded(stage: AnyStage, code: Code, notes: Notes): Promise<boolean> {
  const unchanged = await isUnchanged(code);
  if (code.lazy) {
    // What is loaded late may have been loaded while a file was other than before and after.
    const traits = onePass(systemFileSystems);
    return unchanged &&
      Object.entries(code.files).every(([path, digest]) => isUntouched(path, digest, traits));
  }
  if (unchanged) return true;
  try {
    const now = (await codeOf([stage], notes)).get(stage)!;
    return canonicalJson(now.parts) === canonicalJson(code.parts);
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Whether nothing has happened to a file since it may have been loaded. */
function isUntouched(path: string, digest: string, traits: FileSystems): boolean {
  const stamp = stampIfAny(path);
  if (stamp === undefined) return digest === "";
  const since = isIn(libraryRoot, path) ? performance.timeOrigin : outsideSince;
  return isOlder(stamp, since, traits(path, stamp.device).ownClock);
}

function stampIfAny(path: string): FileStamp | undefined {
  try {
    return stampOf(path);
  } catch { // Deno may not look there: neither did it for a module.
    return undefined;
  }
}

function undecided(stage: AnyStage, path: string): CodeError {
  const time = (milliseconds: number) => new Date(milliseconds).toISOString();
  const stamp = stampIfAny(path), started = time(performance.timeOrigin);
  const [what, way] = stamp === undefined
    ? ["is gone since it was loaded", ""]
    : systemFileSystems(path, stamp.device).ownClock
    ? [`changed at ${time(Math.max(stamp.modified, stamp.changed))}`, ""]
    : [
      `changed at ${
        time(Math.max(stamp.modified, stamp.changed))
      } by the clock of its file system, which may be off`,
      " in a few seconds; if that clock is far ahead, keep the code on a disk of this machine",
    ];
  return new CodeError(
    `Cannot tell which code stage "${stage.name}" runs: "${path}" ${what}, and this process, which started at ${started}, ` +
      `may have loaded it before. Nothing was run with it: give the command again${way}`,
  );
}
