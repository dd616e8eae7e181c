/**
 * By which program and configuration a command's own process starts. A clone runs itself. A package runs the version that the
 * experiment's own project names, so that the experiment and the command have one library between them; else itself, and lends
 * its name to experiments whose folder has no configuration.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { nearestConfig } from "../../pipeline/mod.ts";
import {
  installedIn,
  moduleAddress,
  origin,
  packageName,
  projectRoot,
  version,
} from "../../runtime/host/place.ts";
import { isFile } from "../../runtime/host/paths.ts";

/** What follows `deno run`. */
export interface Startup {
  /** Flags: which configuration, which import map. */
  readonly options: readonly string[];
  /** The program: a path, an address, or a package's specifier. */
  readonly program: string;
}

/** The module that runs a command, below a package's name. */
const entry = "cli/program";
/** What experiments import of the package, and the packages that they write schemas with. */
const lent = ["", "/methods", "/library", "/data"], packages = ["zod"];

/**
 * The start of a command's process.
 *
 * @param args As typed, the command first.
 * @param folder Where it was typed.
 */
export function startupOf(args: readonly string[], folder: string): Startup {
  if (origin === "clone") return ofClone(projectRoot);
  const experiment = args.slice(1).find((arg) => /\.[mc]?[jt]s$/.test(arg));
  const config = nearestConfig(experiment === undefined ? folder : dirname(resolve(folder, experiment)));
  const named = config?.imports[packageName];
  if (config === undefined || named === undefined) return ofPackage(config?.imports ?? {}, config?.root);
  if (/^(npm|jsr):/.test(named)) {
    const options = config.path === undefined ? [] : ["--config", config.path];
    return { options, program: `${named}/${entry}` };
  }
  const main = new URL(named, pathToFileURL(`${config.root}/`));
  return ofClone(dirname(fileURLToPath(main)));
}

function ofClone(root: string): Startup {
  return { options: ["--config", join(root, "deno.json")], program: join(root, `${entry}.ts`) };
}

/** The package that runs already. Where it lies in Deno's cache, Deno knows its packages only by its name. */
function ofPackage(imports: Readonly<Record<string, string>>, root: string | undefined): Startup {
  const around = installedIn();
  const config = around === undefined ? undefined : join(around, "deno.json");
  const cached = origin === "npm" && around === undefined ? `npm:${packageName}@${version}` : undefined;
  const own = lent.map((part) => [
    packageName + part,
    cached === undefined ? moduleAddress(part === "" ? "mod" : part.slice(1)) : cached + part,
  ]);
  const others = packages.map((name) => [name, import.meta.resolve(name)]);
  const theirs = Object.entries(imports).map(([name, target]) => [
    name,
    /^\.{0,2}\//.test(target) && root !== undefined
      ? new URL(target, pathToFileURL(`${root}/`)).href
      : target,
  ]);
  const map = { imports: Object.fromEntries([...others, ...theirs, ...own]) };
  return {
    options: [
      ...(config !== undefined && isFile(config) ? ["--config", config] : []),
      `--import-map=data:application/json,${encodeURIComponent(JSON.stringify(map))}`,
    ],
    program: cached === undefined ? moduleAddress(entry) : `${cached}/${entry}`,
  };
}
