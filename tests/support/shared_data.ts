/** Finds the research data that lies beside the repository, where it does: never part of it, never required. */
import { fileURLToPath } from "node:url";
import { testUnless } from "./skip.ts";

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

/** What is lacking where the data is; undefined where it lies. */
export function lacksShared(path: string): string | undefined {
  return sharedPath(path) === undefined ? `../shared/${path} is absent` : undefined;
}

/** A test over shared data: registered always, skipped with a name that says so where the data is absent. */
export function testWithShared(
  path: string,
  name: string,
  run: (path: string) => void | Promise<void>,
): void {
  testUnless(lacksShared(path), name, () => run(sharedPath(path)!));
}
