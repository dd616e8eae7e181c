/** The `code` parts of a stage's key, remembered so that a warm plan starts no bundler. @module */
import { fileURLToPath } from "node:url";
import { bundleModule, libraryRoot, withBundler } from "./bundle.ts";
import type { AnyStage } from "./definition.ts";
import { CodeError } from "./errors.ts";
import { digestFile, type FileStamp, isSettled, type Notes, sameStamp, stampOf } from "./files.ts";
import { findProject, lockedVersions, mapSpecifier } from "./project.ts";

/** A stage's code. */
export interface Code {
  /** Key parts: `bundle`, `esbuild`, `npm:<package>`, `also:<file>`. */
  readonly parts: Readonly<Record<string, string>>;
  /** Recorded, not keyed: module → digest, so that a change can be named. */
  readonly modules: Readonly<Record<string, string>>;
}

interface Remembered extends Code {
  readonly bundler: string;
  readonly files: Readonly<Record<string, FileStamp>>;
}

/**
 * The code of stages, bundled in parallel where nothing is remembered or a file has changed since.
 *
 * @param stages Stages; one module is bundled once.
 * @param notes Where bundles are remembered.
 * @throws {CodeError} If a part of a stage's code would escape the hash.
 */
export async function codeOf(stages: readonly AnyStage[], notes: Notes): Promise<Map<AnyStage, Code>> {
  const bundler = bundlerVersion();
  const pending = new Map<string, Promise<Code>>();
  const found = await withBundler(async () => {
    const jobs = [...new Set(stages)].map(async (stage): Promise<[AnyStage, Code]> => {
      const name = ["code", stage.module, ...(stage.alsoHash ?? [])].join("\n");
      if (!pending.has(name)) {
        pending.set(name, recall(notes, name, bundler) ?? hashStage(stage, notes, name, bundler));
      }
      return [stage, await pending.get(name)!];
    });
    // All settle before the bundler is stopped.
    return await Promise.allSettled(jobs);
  });
  return new Map(found.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  }));
}

function recall(notes: Notes, name: string, bundler: string): Promise<Code> | undefined {
  const note = notes.read(name) as Remembered | undefined;
  if (note === undefined || note.bundler !== bundler) return undefined;
  const unchanged = Object.entries(note.files).every(([path, stamp]) => sameStamp(stamp, stampOf(path)));
  return unchanged ? Promise.resolve({ parts: note.parts, modules: note.modules }) : undefined;
}

async function hashStage(stage: AnyStage, notes: Notes, name: string, bundler: string): Promise<Code> {
  const also = stage.alsoHash ?? [];
  const path = toPath(stage, stage.module);
  const parts: Record<string, string> = { esbuild: bundler };
  const modules: Record<string, string> = {};
  const files: Record<string, FileStamp> = {};
  const started = Date.now();
  const bundle = await bundleModule(path, also);
  Object.assign(parts, { bundle: bundle.digest, ...bundle.packages });
  Object.assign(modules, bundle.modules);
  const all = new Set(bundle.files);
  for (const url of also) {
    const file = toPath(stage, url);
    const label = `also:${url.split("/").at(-1)}`;
    all.add(file);
    if (!/\.([mc]?[jt]s|[jt]sx)$/.test(file)) {
      const { digest } = await digestFile(file);
      parts[label] = modules[label] = digest;
      continue;
    }
    const other = await bundleModule(file, also);
    parts[label] = other.digest;
    Object.assign(parts, other.packages);
    Object.assign(modules, other.modules);
    for (const path of other.files) all.add(path);
  }
  const code = { parts, modules };
  for (const file of all) {
    const stamp = stampOf(file);
    // A file changed while or just before it was bundled may not be what the bundle holds.
    if (stamp === undefined || !isSettled(stamp, started)) return code;
    files[file] = stamp;
  }
  await notes.write(name, { bundler, files, ...code } satisfies Remembered);
  return code;
}

function toPath(stage: AnyStage, url: string): string {
  if (url.startsWith("file:")) return fileURLToPath(url);
  throw new CodeError(
    `Cannot fingerprint stage "${stage.name}": its module is "${url}"; only local files (file:) can be hashed`,
  );
}

/** The locked version of the bundler: its printer is part of what is hashed. */
function bundlerVersion(): string {
  const project = findProject(libraryRoot);
  const locked = project && lockedVersions(project, mapSpecifier(project, "esbuild"));
  const version = locked?.["npm:esbuild"]?.split(" ")[0];
  if (version !== undefined) return version;
  throw new CodeError(
    `Cannot fingerprint code: esbuild is not named in the deno.lock of ${libraryRoot}. Run \`deno install\` there`,
  );
}
