/** The npm packages that `deno.lock` names, on this machine before a process is started that may fetch none. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { origin, projectRoot } from "../../runtime/host/place.ts";
import { isFile } from "../../runtime/host/paths.ts";

interface Lock {
  readonly npm: Readonly<Record<string, { readonly os?: unknown }>>;
}

/**
 * Fetches the packages where one is missing, as in a fresh clone; a look at some folders otherwise.
 *
 * @returns Whether they are there; Deno has said why if they are not.
 */
export async function providePackages(): Promise<boolean> {
  // What was installed came with its packages.
  if (origin !== "clone") return true;
  const { npm }: Lock = JSON.parse(Deno.readTextFileSync(join(projectRoot, "deno.lock")));
  // Deno tells where one of them lies, or will lie; the others lie beside it.
  const one = /^(.*)[/\\]commander[/\\]/.exec(fileURLToPath(import.meta.resolve("commander")))?.[1];
  const folders = Object.entries(npm).filter(([, { os }]) => os === undefined).map(([id]) => {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id)!;
    return join(one ?? "", name!, version!);
  });
  if (one !== undefined && folders.every((folder) => isFile(join(folder, "package.json")))) return true;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--frozen"],
    cwd: projectRoot,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return success;
}
