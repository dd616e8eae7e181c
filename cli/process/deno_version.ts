/** Which Deno runs this. Imported by what an older one starts, so written in what that can parse. @module */

/** The Deno that the project is tested with. */
export const testedDeno = [2, 9, 6] as const;
/** The oldest that can import texts, which the kernels are. */
const oldestDeno = [2, 8, 0] as const;

/** Whether a version is at least another one. */
export function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const found = version.split(/[.+-]/).map(Number);
  const at = wanted.findIndex((part, i) => found[i] !== part);
  return at < 0 || found[at]! > wanted[at]!;
}

/** What to say of a Deno that cannot run the project; nothing of one that can. */
export function tooOld(version: string): string | undefined {
  if (isAtLeast(version, oldestDeno)) return undefined;
  const tested = testedDeno.join(".");
  return `Cannot run with Deno ${version}: ${
    oldestDeno.slice(0, 2).join(".")
  } or later is needed, and ${tested} is what the ` +
    `project is tested with. Type: deno upgrade ${tested}`;
}
