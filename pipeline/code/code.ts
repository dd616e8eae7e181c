/** The `code` parts of a stage's key as its files are now, remembered so that a warm plan starts no bundler. @module */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { bundleModule, withBundler } from "./bundle.ts";
import { libraryRoot, releasedModule } from "./library.ts";
import { sha256 } from "../plan/canonical_json.ts";
import type { AnyStage } from "../language/definition.ts";
import { CodeError } from "../errors.ts";
import type { Notes } from "../files/files.ts";
import { inLanes } from "../run/lanes.ts";
import { findProject, lockedVersions, mapSpecifier } from "./project.ts";

/** A stage's code. */
export interface Code {
  /** Key parts: `bundle`, `esbuild`, `npm:<package>`, `also:<file>`. */
  readonly parts: Readonly<Record<string, string>>;
  /** Recorded, not keyed: module → digest, so that a change can be named. */
  readonly modules: Readonly<Record<string, string>>;
  /** Every file that it was made of: path → SHA-256 of what was read, `""` where a file was looked for and there was none. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether some of it is loaded only when a stage needs it: a worker, a dynamic import. */
  readonly lazy: boolean;
}

interface Remembered extends Code {
  readonly bundler: string;
}

/**
 * The code of stages, bundled in parallel where nothing is remembered or a file holds other bytes now.
 *
 * @param stages Stages; one module is bundled once.
 * @param notes Where bundles are remembered.
 * @throws {CodeError} If a part of a stage's code would escape the hash.
 */
export async function codeOf(stages: readonly AnyStage[], notes: Notes): Promise<Map<AnyStage, Code>> {
  const bundler = bundlerVersion();
  const pending = new Map<string, Promise<Code>>();
  const digest = digestsNow();
  const found = await withBundler(async () => {
    const jobs = [...new Set(stages)].map(async (stage): Promise<[AnyStage, Code]> => {
      const name = codeName(stage);
      if (!pending.has(name)) pending.set(name, recallOrHash(stage, notes, name, bundler, digest));
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

/** What names a stage's code: stages of one name have one code. */
export function codeName({ module, alsoHash = [] }: AnyStage): string {
  return ["code", module, ...alsoHash].join("\n");
}

/** Digests of small files, each read once; `""` for one that is not there or cannot be read. */
function digestsNow(): (path: string) => Promise<string> {
  const digests = new Map<string, Promise<string>>();
  return (path) => {
    const known = digests.get(path) ?? Deno.readFile(path).then(sha256, () => "");
    digests.set(path, known);
    return known;
  };
}

/** Whether all files of a code hold what they held when it was made. Their bytes tell: stamps would not everywhere. */
export async function isUnchanged(code: Code, digest = digestsNow()): Promise<boolean> {
  const files = Object.entries(code.files);
  return (await inLanes(16, files, async ([path, then]) => await digest(path) === then)).every(Boolean);
}

async function recallOrHash(
  stage: AnyStage,
  notes: Notes,
  name: string,
  bundler: string,
  digest: (path: string) => Promise<string>,
): Promise<Code> {
  const note = notes.read(name) as Remembered | undefined;
  if (note?.bundler === bundler && await isUnchanged(note, digest)) {
    const { parts, modules, files, lazy } = note;
    return { parts, modules, files, lazy };
  }
  const code = await hashStage(stage, bundler);
  await notes.write(name, { bundler, ...code } satisfies Remembered);
  return code;
}

async function hashStage(stage: AnyStage, bundler: string): Promise<Code> {
  const also = stage.alsoHash ?? [];
  const parts: Record<string, string> = { esbuild: bundler };
  const modules: Record<string, string> = {};
  const released = releasedModule(stage.module);
  const bundle = released === undefined ? await bundleModule(toPath(stage, stage.module), also) : undefined;
  Object.assign(
    parts,
    bundle === undefined ? { ...released } : { bundle: bundle.digest, ...bundle.packages },
  );
  Object.assign(modules, bundle?.modules);
  const files = { ...bundle?.files };
  for (const url of also) {
    const release = releasedModule(url);
    if (release !== undefined) {
      parts[`also:${release.path}`] = release.release;
      continue;
    }
    const file = toPath(stage, url);
    const label = `also:${url.split("/").at(-1)}`;
    if (!/\.([mc]?[jt]s|[jt]sx)$/.test(file)) {
      parts[label] = modules[label] = files[file] = sha256(await Deno.readFile(file));
      continue;
    }
    const other = await bundleModule(file, also);
    parts[label] = other.digest;
    Object.assign(parts, other.packages);
    Object.assign(modules, other.modules);
    Object.assign(files, other.files);
  }
  return { parts, modules, files, lazy: bundle?.lazy === true || also.length > 0 };
}

function toPath(stage: AnyStage, url: string): string {
  if (url.startsWith("file:")) return fileURLToPath(url);
  throw new CodeError(
    `Cannot fingerprint stage "${stage.name}": its module is "${url}"; only local files (file:) and releases of JSR can be hashed`,
  );
}

/** The locked version of the bundler: its printer is part of what is hashed. */
function bundlerVersion(): string {
  if (libraryRoot === undefined) return config.imports.esbuild.split("@").at(-1)!;
  const project = findProject(libraryRoot);
  const locked = project && lockedVersions(project, mapSpecifier(project, "esbuild"));
  const version = locked?.["npm:esbuild"]?.split(" ")[0];
  if (version !== undefined) return version;
  throw new CodeError(
    `Cannot fingerprint code: esbuild is not named in the deno.lock of ${libraryRoot}. Run \`deno install\` there`,
  );
}
