/** What the commands may do; the tasks in deno.json grant the same, and a test holds them to it. @module */

/**
 * Flags for `deno run`: data, cache and runs may lie anywhere; esbuild, apt-get and git are programs; the bundler and the
 * driver read the environment. No network, no foreign code.
 */
export const commandPermissions: readonly string[] = [
  "--no-prompt",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys=statfs,uid",
];
