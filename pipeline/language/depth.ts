/** How deep what users give may be: what walks through it does so by recursion, which takes some thousand levels. @module */

/** Most levels of a config, and of what a pipeline returns: far more than either has. */
export const mostLevels = 100;

/**
 * Whether objects or arrays lie in one another on more than {@linkcode mostLevels} levels; a loop does.
 *
 * @param isLeaf What is not looked into.
 */
export function isTooDeep(value: unknown, isLeaf: (inner: unknown) => boolean = () => false): boolean {
  const left: [unknown, number][] = [[value, 0]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [object, level] = next;
    if (level > mostLevels) return true;
    if (typeof object !== "object" || object === null || isLeaf(object)) continue;
    for (const inner of Object.values(object)) {
      if (typeof inner === "object" && inner !== null) left.push([inner, level + 1]);
    }
  }
  return false;
}
