/** Programs of the system. @module */
import { strict as assert } from "node:assert";

/** Runs a program; gives what it complains about, or undefined. */
export async function system(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(program, { args, stdin: "null", stdout: "null" })
      .output();
    return success ? undefined : new TextDecoder().decode(stderr).trim() || "it failed";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Runs a program that must not fail. */
export async function must(program: string, ...args: string[]): Promise<void> {
  assert.equal(await system(program, ...args), undefined, `${program} ${args.join(" ")}`);
}
