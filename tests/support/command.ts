const repository = new URL("../../", import.meta.url);

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Wall time. */
  readonly seconds: number;
}

/** Runs a task as a user types it, in the repository's root. */
export async function runTask(...args: string[]): Promise<CommandResult> {
  const started = performance.now();
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: repository,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    code: output.code,
    stdout: text(output.stdout),
    stderr: text(output.stderr),
    seconds: (performance.now() - started) / 1000,
  };
}

/** The JSON value on the last line of what a command printed. */
// deno-lint-ignore no-explicit-any -- a test looks at what it expects and fails where it is not
export function lastJson(result: CommandResult): any {
  const line = result.stdout.trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`No JSON on the last line; exit ${result.code}\n${result.stdout}\n${result.stderr}`);
  }
}
