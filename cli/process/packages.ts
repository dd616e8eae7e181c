/** Packages and modules that a process needs, on this machine before it is started, as it may fetch none. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { origin, projectRoot } from "../../runtime/host/place.ts";
import { isFile } from "../../runtime/host/paths.ts";

interface Lock {
  readonly npm: Readonly<Record<string, { readonly os?: unknown }>>;
}

/**
 * Fetches what is missing: of a clone the npm packages that `deno.lock` names, after a look at some folders.
 *
 * @returns Whether they are there; Deno has said why if they are not.
 */
export async function providePackages(): Promise<boolean> {
  // What npm installed came whole.
  if (origin === "npm") return true;
  if (origin === "jsr") {
    // Deno fetches a registry's modules as they are imported: all that the command's process may load, before it may not.
    await Promise.all([
      import("../program.ts"),
      import("../../methods.ts"),
      import("../../library.ts"),
      import("../../data.ts"),
    ]);
    return true;
  }
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
