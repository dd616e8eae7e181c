/** Programs that this process starts itself. @module */

/** Runs a program and gives its output, or undefined if it is missing or fails. */
export async function runForOutput(
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  // Facts about the machine are not worth a question to the person.
  if (Deno.permissions.querySync({ name: "run", command: program }).state !== "granted") return undefined;
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}
