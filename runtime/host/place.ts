/** Where the project's own files lie: in a clone, in an npm package that Deno installed, or at a registry's address. @module */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { isFile } from "./paths.ts";

const root = new URL("../../", import.meta.url);

/** Version of the project. */
export const version: string = config.version;
/** Name of the package. */
export const packageName: string = config.name;
/** How the project came here. */
export const origin: "clone" | "npm" | "jsr" = root.protocol !== "file:"
  ? "jsr"
  : isFile(join(fileURLToPath(root), "package.json"))
  ? "npm"
  : "clone";
/** The project's folder; where it has none, as the files of a registry, the present one. */
export const projectRoot: string = root.protocol === "file:" ? fileURLToPath(root) : Deno.cwd();

/**
 * Address of one of the project's modules. They are JavaScript in an npm package, so the ending is that of this one.
 *
 * @param path From the project's folder, without the ending, e.g. `"cli/program"`.
 */
export function moduleAddress(path: string): string {
  return new URL(path + /\.\w+$/.exec(import.meta.url)![0], root).href;
}

/** The folder around `node_modules` that an npm package lies in; undefined for one that lies in Deno's own cache. */
export function installedIn(path: string = projectRoot): string | undefined {
  const at = path.replaceAll("\\", "/").indexOf("/node_modules/");
  return origin === "npm" && at >= 0 ? dirname(join(path.slice(0, at), "node_modules")) : undefined;
}
