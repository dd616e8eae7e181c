/** Where the library's own code lies: in a folder, or at a registry's address, where no file can be read or change. @module */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodeError } from "../errors.ts";

const folder = (path: string) => {
  const url = new URL(path, import.meta.url);
  return url.protocol === "file:" ? fileURLToPath(url) : undefined;
};

/** The directory of this room: covered by the key's schema number, not by the stages' bundles. */
export const engineRoot: string | undefined = folder("../");
/** The directory of the library around it; undefined at a registry. */
export const libraryRoot: string | undefined = folder("../../");

/** Whether a file is in a directory. */
export function isIn(directory: string | undefined, file: string): boolean {
  return directory !== undefined && file.startsWith(directory);
}

/** A module of a release at a registry, as JSR has them: what it holds never changes. */
export interface ReleasedModule {
  /** Package and version, e.g. `"@crossview/crossview@0.1.0"`. */
  readonly release: string;
  /** Path within the package. */
  readonly path: string;
}

/** Where releases lie: at JSR, and wherever this library was loaded from, as JSR can be mirrored. */
const registries = [
  "https://jsr.io/",
  ...(libraryRoot === undefined ? [new URL("/", import.meta.url).href] : []),
];

/** The release that an address names; undefined if it is no registry's. */
export function releasedModule(address: string): ReleasedModule | undefined {
  const registry = registries.find((registry) => address.startsWith(registry));
  if (registry === undefined) return undefined;
  const match = /^(@[\w-]+\/[\w-]+)\/(\d[^/]*)\/(.+)$/.exec(address.slice(registry.length));
  return match === null ? undefined : { release: `${match[1]}@${match[2]}`, path: match[3]! };
}

/**
 * Holds the version of a package that the library runs with against its lock: where it is installed, its surroundings decide
 * which they give it.
 *
 * @param path The module that is fingerprinted, for the message.
 * @param specifier As the library imports it.
 * @param locked Part name → version and integrity, as the lock has them.
 * @param loaded Gives the version of a package that is loaded; undefined where Deno does not tell.
 * @throws {CodeError} If they differ.
 */
export function assertLoaded(
  path: string,
  specifier: string,
  locked: Readonly<Record<string, string>>,
  loaded: (name: string) => string | undefined = loadedVersion,
): void {
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const wanted = locked[`npm:${name}`]?.split(" ")[0], found = loaded(name);
  if (wanted === undefined || found === undefined || wanted === found) return;
  throw new CodeError(
    `Cannot fingerprint "${path}": ${name} ${found} is loaded, and this version of Crossview is made with ${wanted}. Take out ` +
      `what overrides it in the project's package.json or deno.json, and install again`,
  );
}

/** The version of a package that a module of the library gets. */
function loadedVersion(name: string): string | undefined {
  const address = import.meta.resolve(name);
  if (!address.startsWith("file:")) return undefined;
  for (let folder = dirname(fileURLToPath(address)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(Deno.readTextFileSync(join(folder, "package.json")));
      if (manifest.name === name) return manifest.version;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
