/** Deno run as a child on the project's own files: tests and benches. @module */
import { driverVariables } from "./environment.ts";
import { Gpu } from "./gpu.ts";
import { projectRoot } from "./isolation.ts";
import type { Terminal } from "./terminal.ts";
import { permissionsOf, testPermissions } from "./permissions.ts";

const permissions = { test: testPermissions, run: permissionsOf() } as const;

/**
 * Runs `deno <subcommand>` in the project's folder once an adapter is there; the child sees the same driver variables.
 *
 * @param args Behind the permissions.
 * @returns Its exit status.
 */
export async function denoWithGpu(
  subcommand: "test" | "run",
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const env = await driverVariables();
  const gpu = new Gpu(terminal);
  await gpu.announce();
  await gpu.close();
  const child = new Deno.Command(Deno.execPath(), {
    args: [subcommand, ...permissions[subcommand], ...args],
    cwd: projectRoot,
    env,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}
