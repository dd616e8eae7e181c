/** One module as esbuild bundles it: tree-shaken, without comments, names of files or formatting. @module */
import type * as Esbuild from "esbuild";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256 } from "../plan/canonical_json.ts";
import { deputy } from "../run/deputy.ts";
import { CodeError, messageOf } from "../errors.ts";
import { assertLoaded, engineRoot, isIn, libraryRoot } from "./library.ts";
import { findProject, lockedVersions, mapSpecifier, type Project } from "./project.ts";

/** A hashed bundle. */
export interface Bundle {
  /** SHA-256 of the bundle's text. */
  readonly digest: string;
  /** Locked packages: part name → version and integrity. */
  readonly packages: Readonly<Record<string, string>>;
  /** Modules that contribute: name → SHA-256 of the module without comments and formatting. */
  readonly modules: Readonly<Record<string, string>>;
  /** Every file this was made of: modules, import maps, lock files; path → SHA-256 of what was read, `""` for no file. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether a module of it is loaded only when it is needed: by a dynamic import. */
  readonly lazy: boolean;
}

let loading: Promise<typeof Esbuild> | undefined;
let users = 0;

async function load(): Promise<typeof Esbuild> {
  // Asked first: esbuild itself fails obscurely, and leaves its parts behind.
  for (const name of ["run", "env"] as const) {
    const { state, partial } = Deno.permissions.querySync({ name });
    if (state === "granted" || partial) continue;
    throw new CodeError(
      `Cannot fingerprint code: esbuild needs the permission --allow-${name}, and it is not granted. Add --allow-${name} ` +
        `(a plan whose code is unchanged since the last one needs none of it)`,
    );
  }
  return await import("esbuild");
}

/** Runs `body` with esbuild at hand; its process is stopped when the last user leaves, so that nothing keeps Deno alive. */
export async function withBundler<T>(body: () => Promise<T>): Promise<T> {
  users++;
  try {
    return await body();
  } finally {
    if (--users === 0 && loading !== undefined) {
      const esbuild = await loading.catch(() => undefined);
      // Another user may have come while this one waited.
      if (users === 0) {
        loading = undefined;
        await esbuild?.stop();
      }
    }
  }
}

/** How code is bundled, whatever its module. */
const SETTINGS = {
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "neutral",
  target: "esnext",
  minifyWhitespace: true,
  minifySyntax: true,
  treeShaking: true,
  legalComments: "none",
  loader: { ".wgsl": "text" },
  tsconfigRaw: {}, // Deno reads none beside a module.
  logLevel: "silent",
  logOverride: { "unsupported-dynamic-import": "warning" },
} as const satisfies Esbuild.BuildOptions;

/**
 * Bundles and hashes a module. Call it inside {@linkcode withBundler}.
 *
 * @param path The module's file.
 * @param alsoHash Files the stage hashes apart, which it may therefore reach by `new URL(…, import.meta.url)`.
 * @throws {CodeError} If a part of the code would escape the hash.
 */
export async function bundleModule(path: string, alsoHash: readonly string[] = []): Promise<Bundle> {
  const other = deputy();
  if (other !== undefined) return await other.bundle(path, alsoHash) as Bundle;
  const esbuild = await (loading ??= load());
  const consulted: Record<string, string> = {};
  const library = libraryRoot === undefined ? undefined : findProject(libraryRoot, consulted);
  const projects = new Map<string, readonly Project[]>();
  const projectsOf = (directory: string): readonly Project[] => {
    if (!projects.has(directory)) {
      const own = findProject(directory, consulted);
      const both = [own, library].filter((project) => project !== undefined);
      projects.set(directory, own?.root === library?.root ? both.slice(0, 1) : both);
    }
    return projects.get(directory)!;
  };
  const externals = new Map<string, Set<string>>();
  const sources = new Map<string, Uint8Array>();
  const build = (pureLibrary: boolean) =>
    esbuild.build({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      ...SETTINGS,
      plugins: [resolver(projectsOf, externals, sources, pureLibrary)],
    });
  let result;
  try {
    result = await build(true);
    // A library module imported for its effects alone would have been dropped: keep all effects then.
    if (result.warnings.some((warning) => warning.id === "ignored-bare-import")) result = await build(false);
  } catch (error) {
    throw explainBuild(path, error);
  }
  const text = result.outputFiles[0]!.text;
  guard(path, text, result.warnings, alsoHash);
  const outside = Object.values(result.metafile.outputs).flatMap((output) => output.imports)
    .filter((target) => target.external === true).map((target) => target.path);
  const kept = new Map([...externals].filter(([specifier]) => outside.includes(specifier)));
  const packages = lockedParts(path, kept, projectsOf);
  const files = Object.fromEntries(
    Object.keys(result.metafile.inputs).filter(isOnDisk).map((name) => resolve(dirname(path), name))
      .map((file) => [file, sha256(sources.get(file)!)]),
  );
  const lazy = Object.values(result.metafile.inputs).flatMap(({ imports }) => imports)
    .some((target) => target.kind === "dynamic-import" && target.external !== true && isOnDisk(target.path));
  const contributing = Object.values(result.metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([name]) => name)
  );
  // A constant may be inlined from a module that leaves no byte of its own: what a contributing module imports counts, too.
  const imported = contributing.flatMap((name) => result.metafile.inputs[name]?.imports ?? [])
    .filter((target) => target.external !== true).map((target) => target.path);
  const used = [...new Set([...contributing, ...imported])].filter(isOnDisk);
  const modules = await Promise.all(
    used.sort().map(async (name) => {
      const file = resolve(dirname(path), name);
      return [
        moduleName(file, dirname(path)),
        await moduleDigest(esbuild, file, sources.get(file)!),
      ] as const;
    }),
  );
  return {
    digest: sha256(text),
    packages,
    modules: Object.fromEntries(modules),
    files: { ...consulted, ...files },
    lazy,
  };
}

const isOnDisk = (name: string) => !name.startsWith("engine:");

/** Resolves as Deno does: relative and absolute paths, `file:` URLs, aliases of the import map; the rest is external. */
function resolver(
  projectsOf: (directory: string) => readonly Project[],
  externals: Map<string, Set<string>>,
  sources: Map<string, Uint8Array>,
  pureLibrary: boolean,
): Esbuild.Plugin {
  const local = (url: string, kind: Record<string, string>) => {
    const path = fileURLToPath(url);
    if (isIn(engineRoot, path)) return { path, namespace: "engine", sideEffects: false };
    const pluginData = kind["type"];
    // The library's modules do nothing when imported; a user's may, so theirs are kept whole.
    return pureLibrary && isIn(libraryRoot, path)
      ? { path, sideEffects: false, pluginData }
      : { path, pluginData };
  };
  return {
    name: "deno-resolution",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (request) => {
        if (request.kind === "entry-point") return undefined;
        if (request.path.startsWith("crossview:")) {
          return { path: request.path, external: true, sideEffects: false };
        }
        if (request.path.startsWith("node:")) return { path: request.path, external: true };
        if (/^(\.{0,2}\/|file:)/.test(request.path)) {
          return local(new URL(request.path, pathToFileURL(request.importer)).href, request.with);
        }
        const directory = dirname(request.importer);
        for (const project of projectsOf(directory)) {
          const target = mapSpecifier(project, request.path);
          if (target.startsWith("file:")) return local(target, request.with);
        }
        const importers = externals.get(request.path) ?? new Set();
        externals.set(request.path, importers.add(directory));
        return { path: request.path, external: true };
      });
      // The engine's modules by their names alone: what a stage uses of them is in its bundle as an import, nothing else is.
      // An external `export *` would do, but for a barrel: behind one, nothing can be shaken off any more.
      build.onLoad({ filter: /.*/, namespace: "engine" }, async ({ path }) => {
        const names = Object.keys(await import(pathToFileURL(path).href));
        const name = `crossview:pipeline/${path.slice(engineRoot!.length).split(sep).join("/")}`;
        // A statement for each: a statement is what is shaken off.
        return {
          contents: names.map((each) => `export { ${each} } from ${JSON.stringify(name)};`).join("\n"),
          loader: "js",
        };
      });
      build.onLoad({ filter: /.*/ }, async ({ path, pluginData }) => {
        // Read once: what is bundled, what is hashed and what is remembered are the same bytes.
        const contents = sources.get(path) ?? await Deno.readFile(path);
        sources.set(path, contents);
        const loader = pluginData === "text" ? "text" : pluginData === "bytes" ? "binary" : "default";
        return { contents, loader, resolveDir: dirname(path) };
      });
    },
  };
}

function lockedParts(
  path: string,
  externals: ReadonlyMap<string, ReadonlySet<string>>,
  projectsOf: (directory: string) => readonly Project[],
): Record<string, string> {
  const parts: Record<string, Set<string>> = {};
  for (const [specifier, directories] of externals) {
    for (const directory of directories) {
      const found = projectsOf(directory).map((project) =>
        lockedVersions(project, mapSpecifier(project, specifier))
      )
        .filter((versions) => versions !== undefined);
      if (found.length === 0) {
        throw new CodeError(
          `Cannot fingerprint "${path}": its import "${specifier}" (in ${directory}) is neither a local file, nor node:…, ` +
            `nor named in a deno.lock at or above it. Add it to deno.json's "imports" and run \`deno install\`, or import a local file`,
        );
      }
      if (isIn(libraryRoot, directory)) assertLoaded(path, specifier, found[0]!);
      for (const [name, value] of found.flatMap((versions) => Object.entries(versions))) {
        (parts[name] ??= new Set()).add(value);
      }
    }
  }
  return Object.fromEntries(
    Object.entries(parts).map(([name, values]) => [name, [...values].sort().join(" | ")]),
  );
}

/** Refuses code that reaches files behind the bundler's back. */
function guard(
  path: string,
  text: string,
  warnings: readonly Esbuild.Message[],
  alsoHash: readonly string[],
): void {
  const dynamic = warnings.find((warning) => warning.id === "unsupported-dynamic-import");
  if (dynamic !== undefined) {
    const at = dynamic.location ? `${dynamic.location.file}:${dynamic.location.line}` : path;
    throw new CodeError(
      `Cannot fingerprint "${path}": a dynamic import with a computed name (${at}) escapes the code's hash. ` +
        `Import by a literal name`,
    );
  }
  const listed = new Set(alsoHash.map((file) => file.split("/").at(-1)));
  const rest = text.replaceAll(/module:import\.meta\.url/g, "").replaceAll(
    /new URL\(["'`]([^"'`]*)["'`],import\.meta\.url\)/g,
    (whole, file: string) => listed.has(file.split("/").at(-1)) ? "" : whole,
  );
  const use = /new URL\([^)]*import\.meta\.\w+\)?|import\.meta\.(?:url|dirname|filename|resolve)/.exec(rest);
  if (use !== null) {
    throw new CodeError(
      `Cannot fingerprint "${path}": its code uses \`${
        use[0]
      }\`, and a file reached that way escapes the code's hash. ` +
        `Import the file (with { type: "text" } or { type: "bytes" }), declare it under the stage's sources, or list it ` +
        `under alsoHash as new URL("./file", import.meta.url).href; \`module: import.meta.url\` itself is allowed`,
    );
  }
}

function explainBuild(path: string, error: unknown): Error {
  if (error instanceof Deno.errors.NotCapable) {
    return new CodeError(
      `Cannot fingerprint "${path}": esbuild could not be started, as a permission is missing (${
        messageOf(error)
      }). ` +
        `It needs --allow-run, --allow-env and --allow-read`,
      { cause: error },
    );
  }
  const errors = (error as Partial<Esbuild.BuildFailure>).errors ?? [];
  const first = errors[0];
  if (first === undefined) return error instanceof Error ? error : new Error(messageOf(error));
  const at = first.location ? ` (${first.location.file}:${first.location.line})` : "";
  return new CodeError(`Cannot fingerprint "${path}": ${first.text}${at}`, { cause: error });
}

/** A name that is the same in every clone: relative to the library, else to the stage's directory. */
function moduleName(file: string, directory: string): string {
  const name = isIn(libraryRoot, file) ? file.slice(libraryRoot!.length) : relative(directory, file);
  return name.split(sep).join("/");
}

async function moduleDigest(esbuild: typeof Esbuild, file: string, source: Uint8Array): Promise<string> {
  const text = new TextDecoder().decode(source);
  const loader = /\.([mc]?[jt]s|[jt]sx)$/.exec(file)?.[1]?.replace(/^[mc]/, "");
  if (loader === undefined) return sha256(text);
  const options = {
    loader: loader as Esbuild.Loader,
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "silent",
  } as const;
  return sha256((await esbuild.transform(text, { ...options, legalComments: "none" })).code);
}
