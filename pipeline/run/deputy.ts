/** Another process that starts programs for this one, where this one may start none. @module */

/** What it does. */
export interface Deputy {
  /** Runs a program that tells about the machine; undefined if it is missing or fails. */
  output(program: string, args: readonly string[]): Promise<string | undefined>;
  /** Bundles and hashes a module: gives what `bundleModule` gives, and throws what it throws. */
  bundle(path: string, alsoHash: readonly string[]): Promise<unknown>;
}

let appointed: Deputy | undefined;

/** Has all programs started by a deputy from now on. */
export function appointDeputy(deputy: Deputy): void {
  appointed = deputy;
}

/** The deputy, if one was appointed. */
export function deputy(): Deputy | undefined {
  return appointed;
}
