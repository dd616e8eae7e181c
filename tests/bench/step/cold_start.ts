/** How long a user waits for the first step of all. */
import { permissionsOf } from "../../../cli/process/permissions.ts";
import { driverVariables } from "../../../runtime/host/driver.ts";
import { projectRoot } from "../../../runtime/host/place.ts";
import type { StepChoice } from "./captured_step.ts";

/**
 * Milliseconds from the start of a process to the end of its first step, where the driver has compiled nothing yet.
 *
 * @throws {Error} If the step failed.
 */
export async function coldStart(choice: StepChoice): Promise<number> {
  const empty = await Deno.makeTempDir({ prefix: "crossview-cold-" });
  try {
    const start = performance.now();
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...permissionsOf(), "tests/bench/step/first_step.ts", JSON.stringify(choice)],
      cwd: projectRoot,
      env: {
        ...await driverVariables(),
        // Mesa's cache and NVIDIA's.
        MESA_SHADER_CACHE_DIR: empty,
        __GL_SHADER_DISK_CACHE_PATH: empty,
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`The first step failed:\n${new TextDecoder().decode(stderr)}`);
    return performance.now() - start;
  } finally {
    await Deno.remove(empty, { recursive: true });
  }
}
