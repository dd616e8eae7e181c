/** The project around a module: its import map and the locked versions of its packages. @module */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { sha256 } from "../plan/canonical_json.ts";
import { messageOf } from "../errors.ts";

/** What tells which modules names stand for: a `deno.json`, a `package.json`, or both. */
export interface Config {
  /** Directory that holds them. */
  readonly root: string;
  /** Path of the `deno.json` (or `deno.jsonc`), where there is one. */
  readonly path: string | undefined;
  /** Import map: alias → target; the project's own name leads to its exports. */
  readonly imports: Readonly<Record<string, string>>;
}

/** A configuration and its `deno.lock`. */
export interface Project extends Config {
  /** The lock file's content. */
  readonly lock: Lock;
}

interface Package {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
}

interface Lock {
  readonly specifiers?: Readonly<Record<string, string>>;
  readonly npm?: Readonly<Record<string, Package>>;
  readonly jsr?: Readonly<Record<string, Package>>;
}

/** Drops comments and trailing commas: `deno.json` may have both. */
function stripJsonComments(text: string): string {
  return text.replaceAll(
    /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*[}\]])/g,
    (_, string?: string) => string ?? "",
  );
}

function readJson(path: string, files: Record<string, string>): Record<string, unknown> | undefined {
  let text;
  try {
    const bytes = Deno.readFileSync(path);
    files[path] = sha256(bytes);
    text = new TextDecoder().decode(bytes);
  } catch {
    files[path] = "";
    return undefined;
  }
  try {
    return JSON.parse(stripJsonComments(text));
  } catch (error) {
    throw new SyntaxError(`Cannot read "${path}": ${messageOf(error)}`);
  }
}

/**
 * The project of a directory: the nearest `deno.json` (or `deno.jsonc`) or `package.json` at or above it, and its lock.
 *
 * @param files Is given what was looked for: path → SHA-256 of what was read, `""` where there was no file.
 */
export function findProject(directory: string, files: Record<string, string> = {}): Project | undefined {
  const config = nearestConfig(directory, files);
  if (config === undefined) return undefined;
  return { ...config, lock: (readJson(join(config.root, "deno.lock"), files) ?? {}) as Lock };
}

/** As {@linkcode findProject}, without the lock. */
export function nearestConfig(directory: string, files: Record<string, string> = {}): Config | undefined {
  for (let root = directory;; root = dirname(root)) {
    const path = ["deno.json", "deno.jsonc"].map((name) => join(root, name))
      .find((path) => readJson(path, files) !== undefined);
    const manifest = readJson(join(root, "package.json"), files);
    if (path !== undefined || manifest !== undefined) {
      const config = path === undefined ? {} : readJson(path, files)!;
      const imports = {
        ...dependenciesOf(manifest ?? {}),
        ...ownNames(config),
        ...config["imports"] as Record<string, string> | undefined,
      };
      return { root, path, imports };
    }
    if (dirname(root) === root) return undefined;
  }
}

/** The packages that a `package.json` names, as an import map would have them. */
function dependenciesOf({ dependencies = {} }: Record<string, unknown>): Record<string, string> {
  const named = Object.entries(dependencies as Record<string, string>);
  return Object.fromEntries(named.map(([name, range]) => [name, `npm:${name}@${range}`]));
}

/** A project may be imported by its own name, from itself and from files that it runs: that leads to its `exports`. */
function ownNames({ name, exports }: Record<string, unknown>): Record<string, string> {
  if (typeof name !== "string") return {};
  const entries = typeof exports === "string" ? [[".", exports]] : Object.entries(exports ?? {});
  return Object.fromEntries(entries.map(([entry, path]) => [name + entry.slice(1), path]));
}

/** What the import map makes of a specifier: itself where no alias fits; the longest alias wins. */
export function mapSpecifier(project: Project, specifier: string): string {
  const keys = Object.keys(project.imports).filter((key) =>
    specifier === key || specifier.startsWith(key.endsWith("/") ? key : `${key}/`)
  );
  const key = keys.sort((a, b) => b.length - a.length)[0];
  if (key === undefined) return specifier;
  const target = project.imports[key]! + specifier.slice(key.length);
  return /^\.{0,2}\//.test(target) ? new URL(target, pathToFileURL(`${project.root}/`)).href : target;
}

/** `npm:zod@4.6.7/v4` → its scheme, name and requested version. */
function parsePackage(specifier: string): { scheme: "npm" | "jsr"; request: string } | undefined {
  const match = /^(npm|jsr):\/?((?:@[^/]+\/)?[^/@]+(?:@[^/]+)?)/.exec(specifier);
  return match ? { scheme: match[1] as "npm" | "jsr", request: match[2]! } : undefined;
}

/**
 * The locked versions behind a specifier: the package and all it depends on.
 *
 * @returns Part name (`npm:zod`) → version and integrity; undefined if the lock file does not name it.
 */
export function lockedVersions(project: Project, specifier: string): Record<string, string> | undefined {
  const wanted = parsePackage(specifier);
  if (wanted === undefined) return undefined;
  const { scheme, request } = wanted;
  const specifiers = project.lock.specifiers ?? {};
  const asked = `${scheme}:${request}`;
  const name = request.replace(/(?<=.)@.*$/, "");
  const keys = Object.keys(specifiers);
  const hit = keys.find((key) => key === asked) ??
    keys.filter((key) => key.startsWith(`${asked}@`)).sort()[0];
  // Deno spells ranges its own way (^0.1.0 is 0.1): where none is spelled as asked, every version of the package counts.
  const hits = hit === undefined ? keys.filter((key) => key.startsWith(`${scheme}:${name}@`)) : [hit];
  const found: Record<string, string> = {};
  const all = hits.map((key) => collectPackage(project.lock, scheme, `${name}@${specifiers[key]}`, found));
  return all.length > 0 && all.every(Boolean) ? found : undefined;
}

function collectPackage(
  lock: Lock,
  scheme: "npm" | "jsr",
  id: string,
  found: Record<string, string>,
): boolean {
  const table = lock[scheme] ?? {};
  // A dependency is listed with its version only where the lock file holds more than one.
  const key = Object.hasOwn(table, id)
    ? id
    : Object.keys(table).find((candidate) => candidate.startsWith(`${id}@`));
  const entry = key === undefined ? undefined : table[key];
  if (key === undefined || entry === undefined) return false;
  const at = key.indexOf("@", 1);
  const part = `${scheme}:${key.slice(0, at)}`;
  const value = `${key.slice(at + 1)} ${entry.integrity ?? "no integrity"}`;
  if (found[part]?.split(", ").includes(value)) return true;
  found[part] = [...(found[part]?.split(", ") ?? []), value].sort().join(", ");
  for (const dependency of entry.dependencies ?? []) {
    const inner = parsePackage(dependency);
    collectPackage(lock, inner?.scheme ?? scheme, inner?.request ?? dependency, found);
  }
  return true;
}
