/** Which of the project's tests take longer than a suite may. @module */

/** Their folder. */
export const acceptance = "tests/acceptance";

/** Whether any of the paths leads to them. */
export function isLong(paths: readonly string[]): boolean {
  return paths.some((path) => path.startsWith(acceptance));
}

/** Whether a command compiles more than it computes, as tests do that are not long. */
export function isBrief([command, ...rest]: readonly string[]): boolean {
  return command === "test" && !isLong(rest);
}
