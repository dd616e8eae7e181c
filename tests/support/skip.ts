/** Tests that a machine lacks something for: none passes without a word. @module */

/** A name that says why its test is ignored. */
export function skippedName(name: string, lacks: string | undefined): string {
  return lacks === undefined ? name : `${name} [skipped: ${lacks}]`;
}

/**
 * A test that needs what not every machine has: registered always, ignored with a name that says why where it is lacking.
 *
 * @param lacks What is lacking here; undefined where nothing is.
 */
export function testUnless(lacks: string | undefined, name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: skippedName(name, lacks), ignore: lacks !== undefined, fn });
}

/**
 * Says that the rest of a test is left out, where only the test itself finds out.
 *
 * @param say Where it is said; the terminal unless told.
 */
export function skip(why: string, say: (line: string) => void = console.log): void {
  say(`SKIPPED: ${why}`);
}

/** What an operating system other than this lacks, or undefined on it. */
export function lacksSystem(...systems: readonly (typeof Deno.build.os)[]): string | undefined {
  return systems.includes(Deno.build.os) ? undefined : `needs ${systems.join(" or ")}`;
}

/** What Windows lacks, and undefined elsewhere. */
export const lacksSignals = Deno.build.os === "windows" ? "Windows has no signals" : undefined;
