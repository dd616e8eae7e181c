/** Deno run as a child on the project's own files: tests and benches. @module */
import { driverVariables } from "../../runtime/host/driver.ts";
import { Gpu } from "../../runtime/gpu/gpu.ts";
import { projectRoot } from "../../runtime/host/place.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { permissionsOf, testPermissions } from "./permissions.ts";

const permissions = { test: testPermissions, run: permissionsOf() } as const;

/**
 * Runs `deno <subcommand>` in the project's folder once an adapter is there; the child sees the same driver variables.
 *
 * @param runs What stands behind the permissions, of one process after another.
 * @param variables What the child sees besides.
 * @returns The largest exit status.
 */
export async function denoWithGpu(
  subcommand: "test" | "run",
  runs: (isSoftware: boolean) => readonly (readonly string[])[],
  terminal: Terminal,
  variables: Readonly<Record<string, string>> = {},
): Promise<number> {
  const env = { ...variables, ...await driverVariables() };
  const gpu = new Gpu(terminal);
  const { software } = await gpu.announce();
  await gpu.close();
  let status = 0;
  for (const args of runs(software === "yes")) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [subcommand, ...permissions[subcommand], ...args],
      cwd: projectRoot,
      env,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    status = Math.max(status, (await child.status).code);
  }
  return status;
}
