/** Finds a Python with given modules, where there is one: never required. */
import { fileURLToPath } from "node:url";
import { testUnless } from "./skip.ts";

const found = new Map<string, string | undefined>();

/** The first Python that imports the modules, or undefined. */
export function pythonWith(...modules: readonly string[]): string | undefined {
  const key = modules.join();
  if (!found.has(key)) found.set(key, ["/usr/bin/python3", "python3"].find((path) => imports(path, modules)));
  return found.get(key);
}

function imports(path: string, modules: readonly string[]): boolean {
  try {
    return new Deno.Command(path, {
      args: [
        "-c",
        modules.map((name) => `import ${name}`).join("\n"),
      ],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Runs a script of the tests; gives the JSON that it prints. */
// deno-lint-ignore no-explicit-any -- a test looks at what it expects and fails where it is not
export async function runPython(python: string, script: URL, ...args: readonly string[]): Promise<any> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    // -B: no compiled files beside the scripts.
    args: ["-B", fileURLToPath(script), ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${script.pathname} failed:\n${text(stderr)}`);
  return JSON.parse(text(stdout));
}

/**
 * A test that needs Python's modules: registered always, skipped with a name that says so where they are absent.
 * @param alsoLacks What it needs besides and this machine has not.
 */
export function testWithPython(
  modules: readonly string[],
  name: string,
  run: (python: string) => void | Promise<void>,
  alsoLacks?: string,
): void {
  const python = pythonWith(...modules);
  const lacks = python === undefined ? `no Python with ${modules.join(" and ")}` : alsoLacks;
  testUnless(lacks, name, () => run(python!));
}
