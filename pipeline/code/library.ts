/** Where the library's own code lies: in a folder, or at a registry's address, where no file can be read or change. @module */
import { fileURLToPath } from "node:url";

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
