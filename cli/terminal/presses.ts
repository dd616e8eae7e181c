/** How often a process was asked to stop. @module */

/**
 * Milliseconds in which signals are one: the terminal sends Ctrl-C to all processes of a task, and those that started others
 * hand it on to them besides.
 */
const together = 300;

/** Hears signals that ask to stop, and calls `heard` with how often that was. @returns What ends it. */
export function onPresses(heard: (times: number) => void): () => void {
  let times = 0, last = -Infinity;
  const count = () => {
    const now = performance.now();
    if (now - last < together) return;
    last = now;
    heard(++times);
  };
  const signals = Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, count);
  return () => {
    for (const signal of signals) Deno.removeSignalListener(signal, count);
  };
}
