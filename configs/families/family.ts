/** Experiments that differ in little: one line each. @module */

/**
 * The experiments of a family, by name.
 *
 * @param experiment Makes one of them of its name and what sets it apart.
 * @param settings Name → what sets it apart. A name begins with the family's: `configs/experiments.ts` finds it by that.
 */
export function family<S, E>(
  experiment: (name: string, settings: S) => E,
  settings: Readonly<Record<string, S>>,
): Readonly<Record<string, E>> {
  return Object.fromEntries(Object.entries(settings).map(([name, own]) => [name, experiment(name, own)]));
}
