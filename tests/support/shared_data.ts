/** Finds the research data that lies beside the repository, where it does: never part of it, never required. */
import { fileURLToPath } from "node:url";

const repository = new URL("../../", import.meta.url);

/** Absolute path of `../shared/<path>` from the repository's root, or undefined where there is none. */
export function sharedPath(path: string): string | undefined {
  const url = new URL(`../shared/${path}`, repository);
  try {
    Deno.statSync(url);
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** A test over shared data: registered always, skipped with a name that says so where the data is absent. */
export function testWithShared(
  path: string,
  name: string,
  run: (path: string) => void | Promise<void>,
): void {
  const found = sharedPath(path);
  Deno.test({
    name: found === undefined ? `${name} [skipped: ../shared/${path} is absent]` : name,
    ignore: found === undefined,
    fn: () => run(found!),
  });
}
