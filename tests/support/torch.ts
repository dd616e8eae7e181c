/** PyTorch, where a machine has it: Debian's `python3-torch`, or that of the Python which `PYTORCH_PYTHON` names. @module */
import { testUnless } from "./skip.ts";

const candidates = [Deno.env.get("PYTORCH_PYTHON"), "/usr/bin/python3", "python3"].filter((path) =>
  path !== undefined
);

/** The first Python that has PyTorch. */
export const pythonWithTorch = candidates.find((path) => {
  try {
    return new Deno.Command(path, { args: ["-c", "import torch, numpy"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
});

/** A test that needs PyTorch: skipped with a name that says so where there is none. */
export function torchTest(name: string, run: (python: string) => Promise<void>): void {
  const lacks = pythonWithTorch === undefined ? "no Python with PyTorch" : undefined;
  testUnless(lacks, name, () => run(pythonWithTorch!));
}

/**
 * Runs a script.
 * @returns What it printed.
 * @throws {Error} If it failed, with what it wrote to stderr.
 */
export async function runPython(path: string, script: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(path, {
    args: ["-W", "ignore", "-c", script, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`The script failed:\n${text(stderr)}`);
  return text(stdout);
}
